"""The installer image of a node. Rows: what the real `talhelper gencommand upgrade --offline-mode` printed."""

import pytest

from talops.config.compose import parse
from talops.config.images import Factory, installer
from talops.config.names import is_address, is_endpoint, is_hostname, is_image
from talops.config.schematic import EMPTY
from talops.config.tree import Mapping
from talops.domain.cluster import Installer
from talops.domain.talos import Version
from talops.errors import FilesInvalid

TOOLS = (
    "{customization: {systemExtensions: {officialExtensions: [siderolabs/iscsi-tools, siderolabs/util-linux-tools]}}}"
)
TOOLS_ID = "613e1592b2da41ae5e265e8789429f22e121aab91cb4deb6bc3c0b6262961245"
EMPTY_IMAGE = f"factory.talos.dev/metal-installer/{EMPTY}:v1.13.2"
TOOLS_IMAGE = f"factory.talos.dev/metal-installer/{TOOLS_ID}:v1.13.2"


def mapping(text: str) -> Mapping:
    tree = parse(text, "talconfig.yaml")
    assert isinstance(tree, Mapping)
    return tree


def image(node: str = "{}", role: str = "{}", factory: str = "{}") -> Installer:
    return installer(Factory.of(mapping(factory)), mapping(node), mapping(role), Version.parse("v1.13.2"))


@pytest.mark.parametrize(
    ("node", "role", "reference"),
    [
        ("{}", "{}", EMPTY_IMAGE),
        (f"{{schematic: {TOOLS}}}", "{}", TOOLS_IMAGE),
        ("{}", f"{{schematic: {TOOLS}}}", TOOLS_IMAGE),
        ("{schematic: {}}", f"{{schematic: {TOOLS}}}", EMPTY_IMAGE),
        ("{schematic: ~}", f"{{schematic: {TOOLS}}}", TOOLS_IMAGE),
        ("{talosImageURL: x.io/y}", "{}", "x.io/y:v1.13.2"),
        ("{}", "{talosImageURL: x.io/y}", "x.io/y:v1.13.2"),
        ("{talosImageURL: x.io/n}", "{talosImageURL: x.io/r}", "x.io/n:v1.13.2"),
        ("{talosImageURL: ''}", "{talosImageURL: x.io/r}", "x.io/r:v1.13.2"),
        (f"{{schematic: {TOOLS}}}", "{talosImageURL: x.io/r}", "x.io/r:v1.13.2"),
        ("{talosImageURL: 'localhost:5000/y'}", "{}", "localhost:5000/y:v1.13.2"),
        ("{machineSpec: {mode: nocloud}}", "{}", EMPTY_IMAGE.replace("metal", "nocloud")),
        ("{machineSpec: {secureboot: yes}}", "{}", EMPTY_IMAGE.replace("installer", "installer-secureboot")),
        ("{machineSpec: {mode: aws}}", "{machineSpec: {mode: nocloud}}", EMPTY_IMAGE.replace("metal", "aws")),
        # a struct of zeros is none: the role's setting stays
        (
            "{machineSpec: {secureboot: false}}",
            "{machineSpec: {secureboot: true}}",
            EMPTY_IMAGE.replace("installer", "installer-secureboot"),
        ),
        ("{machineSpec: {mode: ''}}", "{machineSpec: {mode: nocloud}}", EMPTY_IMAGE.replace("metal", "nocloud")),
        ("{machineSpec: {arch: arm64}}", "{machineSpec: {mode: nocloud}}", EMPTY_IMAGE),
    ],
)
def test_a_nodes_image_is_its_own_or_that_of_its_role(node: str, role: str, reference: str) -> None:
    assert str(image(node, role)) == reference


@pytest.mark.parametrize(
    ("factory", "reference"),
    [
        ("{registryURL: r.io}", f"r.io/metal-installer/{EMPTY}:v1.13.2"),
        ("{registryURL: ''}", EMPTY_IMAGE),
        ("{installerURLTmpl: ''}", EMPTY_IMAGE),
        ("{installerURLTmpl: 'x/{{.Mode}}/{{ .ID }}:{{.Version}}'}", f"x/metal/{EMPTY}:v1.13.2"),
        ("{installerURLTmpl: 'x/{{if .Secureboot}}s{{else}}n{{end}}:{{.Version}}'}", "x/n:v1.13.2"),
        ("{installerURLTmpl: 'x/{{- .ID -}} :{{.Version}}'}", f"x/{EMPTY}:v1.13.2"),
        ("{installerURLTmpl: 'x/ {{- .Mode -}} :{{.Version}}'}", "x/metal:v1.13.2"),
        ("{installerURLTmpl: 'x:5000/{{.ID}}:{{.Version}}'}", f"x:5000/{EMPTY}:v1.13.2"),
    ],
)
def test_the_factory_may_be_another_one(factory: str, reference: str) -> None:
    assert str(image(factory=factory)) == reference


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{.Nope}}:{{.Version}}", "the template has no field .Nope"),
        ("{{ .ID | upper }}:{{.Version}}", "talops does not understand the template"),
        ("{{.ID", "talops does not understand the template"),
        ("x/{{.ID}}", "`installerURLTmpl` must end in a version"),
    ],
)
def test_a_template_that_talops_does_not_understand_is_refused(template: str, told: str) -> None:
    with pytest.raises(FilesInvalid) as refused:
        image(factory=f"{{installerURLTmpl: '{template}'}}")
    assert refused.value.what.startswith(f"talconfig.yaml:1:1: {told}")


def test_it_is_known_whether_the_files_name_the_schematic() -> None:
    assert (image().from_files, image().schematic) == (False, EMPTY)
    assert (image(f"{{schematic: {TOOLS}}}").from_files, image(f"{{schematic: {TOOLS}}}").schematic) == (True, TOOLS_ID)
    assert image("{schematic: {}}").from_files
    assert image("{talosImageURL: x.io/y}").schematic is None
    assert image(f"{{talosImageURL: factory.talos.dev/metal-installer/{TOOLS_ID}}}").schematic == TOOLS_ID


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("x.io/y:v1", "must have no version and no digest"),
        (f"x.io/y@sha256:{'a' * 64}", "must have no version and no digest"),
        ("siderolabs/installer", "is no image"),
        ("x.io/Y", "is no image"),
        ("https://x.io/y", "is no image"),
    ],
)
def test_an_image_url_that_talhelper_refuses_is_refused(url: str, told: str) -> None:
    with pytest.raises(FilesInvalid) as refused:
        image(f"{{talosImageURL: '{url}'}}")
    assert refused.value.what.startswith("talconfig.yaml:1:17: `")
    assert told in refused.value.what


@pytest.mark.parametrize(
    ("reference", "good"),
    [
        ("ghcr.io/siderolabs/installer", True),
        ("localhost/y", True),
        ("10.0.0.1:5000/y", True),
        ("[fd00::1]:5000/y", True),
        ("x.io/y__z", True),
        ("docker.io/a/b", True),
        ("x_y.io/y", True),
        ("docker.io/b", False),
        ("installer", False),
        ("x.io/y___z", False),
        ("x.io//y", False),
        ("x.io/y/", False),
        ("x.io/" + "a" * 260, False),
        ("a" * 64, False),
        (" x.io/y", False),
    ],
)
def test_an_image_names_its_registry(reference: str, good: bool) -> None:
    assert is_image(reference) is good


@pytest.mark.parametrize(
    ("endpoint", "good"),
    [
        ("https://10.0.0.9:6443", True),
        ("https://x.example.com", True),
        ("https://[fd00::1]:6443", True),
        ("https://x:6443/path?a=b", True),
        ("10.0.0.9:6443", False),
        ("https://", False),
        ("https://a b:6443", False),
        ("https://fd00::1:6443", False),
        ("https://[10.0.0.1]:6443", False),
        ("https://x:99999", False),
        ("https://x:0", False),
        ("https://x:abc", False),
        (" https://x", False),
    ],
)
def test_an_endpoint_is_a_url_with_a_host(endpoint: str, good: bool) -> None:
    assert is_endpoint(endpoint) is good


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("10.0.0.1", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("node1.example.com", True),
        ("a_b.c", True),
        ("", False),
        ("10.0.0.1/24", False),
        ("[fd00::1]", False),
        ("fe80::1%eth0", False),
        ("10.0.0.1:50000", False),
        ("a..b", False),
    ],
)
def test_an_address_is_an_ip_or_a_domain(address: str, good: bool) -> None:
    assert is_address(address) is good


@pytest.mark.parametrize(
    ("hostname", "good"),
    [("a", True), ("A-1.b", True), ("x" * 63, True), ("x" * 64, False), ("a_b", False), ("-a", False), ("a.", False)],
)
def test_a_hostname_is_made_of_labels(hostname: str, good: bool) -> None:
    assert is_hostname(hostname) is good
