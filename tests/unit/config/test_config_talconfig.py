"""talconfig.yaml into Desired. What is expected is what the real talhelper 3.1.16 made of the same files."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from talops.config import load_desired
from talops.domain.cluster import Desired
from talops.domain.talos import Role
from talops.errors import Exit, FilesInvalid
from talops.tools.runner import ShRunner

HEAD = """\
clusterName: c
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
endpoint: https://10.0.0.9:6443
"""
NODES = """\
nodes:
  - hostname: a
    ipAddress: 10.0.0.1
    controlPlane: true
    installDisk: /dev/sda
  - hostname: b
    ipAddress: 10.0.0.2
    installDisk: /dev/sdb
"""


def load(folder: Path, talconfig: str | bytes, environ: Mapping[str, str] | None = None, **talenv: str) -> Desired:
    (folder / "talconfig.yaml").write_bytes(talconfig if isinstance(talconfig, bytes) else talconfig.encode())
    for name, text in talenv.items():
        (folder / f"{name}.yaml").write_bytes(text.encode())
    return load_desired(folder, runner=ShRunner(), environ=environ or {})


def refusal(folder: Path, talconfig: str | bytes, environ: Mapping[str, str] | None = None, **talenv: str) -> str:
    with pytest.raises(FilesInvalid) as refused:
        load(folder, talconfig, environ, **talenv)
    assert refused.value.exit is Exit.FILES
    return f"{refused.value.what} | {refused.value.hint}"


def test_a_talconfig_becomes_what_a_rollout_wants_to_know(tmp_path: Path) -> None:
    desired = load(tmp_path, HEAD + NODES)

    assert (desired.cluster_name, desired.endpoint) == ("c", "https://10.0.0.9:6443")
    assert (str(desired.talos_version), str(desired.kubernetes_version)) == ("v1.13.2", "v1.35.4")
    assert [(node.hostname, node.role, node.addresses, node.config_file, node.where) for node in desired.nodes] == [
        ("a", Role.CONTROL_PLANE, ("10.0.0.1",), "clusterconfig/c-a.yaml", "talconfig.yaml:6"),
        ("b", Role.WORKER, ("10.0.0.2",), "clusterconfig/c-b.yaml", "talconfig.yaml:10"),
    ]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v1.13.2", "v1.13.2"),
        ("1.13.2", "v1.13.2"),
        ("v1.14.0-rc.1", "v1.14.0-rc.1"),
        ("''", "v1.13.8"),
        ("~", "v1.13.8"),
        ("v1.13.2+x", "v1.13.2+x"),
    ],
)
def test_talos_versions_that_talhelper_takes(text: str, version: str, tmp_path: Path) -> None:
    assert str(load(tmp_path, HEAD.replace("v1.13.2", text) + NODES).talos_version) == version


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1.13", "is no version"),
        ("banana", "is no version"),
        ("vv1.13.2", "is no version"),
        ("v1.1.0", "is no supported Talos version"),
        ("v1.15.0", "is no supported Talos version"),
        ("v2.0.0", "is no supported Talos version"),
    ],
)
def test_talos_versions_that_talhelper_refuses(text: str, told: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, HEAD.replace("v1.13.2", text) + NODES).startswith("talconfig.yaml:2:15: ")
    assert told in refusal(tmp_path, HEAD.replace("v1.13.2", text) + NODES)


@pytest.mark.parametrize(
    ("talos", "kubernetes", "judged"),
    [
        ("1.13.0", "1.31.0", ""),
        ("1.13.0", "1.36.9", ""),
        ("1.13.0", "1.30.9", "is too old for Talos"),
        ("1.13.0", "1.37.0", "is too new for Talos"),
        ("1.14.0", "1.37.0", ""),
        ("1.8.0", "1.25.0", "is too old for Talos"),
        ("1.8.0", "1.26.0", ""),
        ("1.13.0-alpha.1", "1.31.0-rc.1", ""),
    ],
)
def test_kubernetes_must_suit_talos(talos: str, kubernetes: str, judged: str, tmp_path: Path) -> None:
    talconfig = HEAD.replace("v1.13.2", talos).replace("v1.35.4", kubernetes) + NODES
    if judged:
        assert judged in refusal(tmp_path, talconfig)
    else:
        assert str(load(tmp_path, talconfig).kubernetes_version) == f"v{kubernetes}"


@pytest.mark.parametrize(
    ("node", "hostname", "addresses"),
    [
        ("hostname: 007\n    ipAddress: 10.0.0.1", "7", ("10.0.0.1",)),
        ("hostname: yes\n    ipAddress: 10.0.0.1, 10.0.0.3", "yes", ("10.0.0.1", "10.0.0.3")),
        ("hostname: 'on'\n    ipAddress: ' fd00::1,h.example.com '", "on", ("fd00::1", "h.example.com")),
        ("hostname: |-\n      x\n    ipAddress: 10.0.0.1", "x", ("10.0.0.1",)),
        ("Hostname: y\n    hostname: x # y\n    ipAddress: 10.0.0.1", "x", ("10.0.0.1",)),
    ],
)
def test_names_and_addresses_are_read_as_go_reads_them(
    node: str, hostname: str, addresses: tuple[str, ...], tmp_path: Path
) -> None:
    first = load(tmp_path, f"{HEAD}nodes:\n  - {node}\n    installDisk: /dev/sda\n").nodes[0]
    assert (first.hostname, first.addresses) == (hostname, addresses)


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("'{{.Role}}-{{ .IPAddress }}.yml'", "controlplane-10.0.0.1.yml"),
        ("''", "c-a.yaml"),
        ("x", "x"),
        ("'{{if .Hostname}}y{{else}}n{{end}}'", "y"),
    ],
)
def test_a_file_name_may_be_a_template(template: str, name: str, tmp_path: Path) -> None:
    talconfig = f"{HEAD}controlPlane:\n  filenameTmpl: {template}\n{NODES}"
    assert load(tmp_path, talconfig).nodes[0].config_file == f"clusterconfig/{name}"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("clusterName: c\n", "", "talconfig.yaml:1:1: `clusterName` is required and must not be empty | "),
        ("https://10.0.0.9:6443", "10.0.0.9:6443", "talconfig.yaml:4:11: `10.0.0.9:6443` is no endpoint"),
        ("v1.35.4", "~", "talconfig.yaml:3:20: `kubernetesVersion` is required"),
        ("hostname: a", "hostname: a_b", "talconfig.yaml:6:15: `a_b` is no valid hostname"),
        ("hostname: a\n", "hostname:\n", "talconfig.yaml:6:14: `hostname` is required"),
        ("    ipAddress: 10.0.0.1\n", "", "talconfig.yaml:6:5: `ipAddress` is required"),
        ("10.0.0.1", "10.0.0.1,", "talconfig.yaml:7:16: `` is no IP address and no domain name"),
        ("10.0.0.1", "10.0.0.1/24", "talconfig.yaml:7:16: `10.0.0.1/24` is no IP address"),
        ("    installDisk: /dev/sdb\n", "", "talconfig.yaml:10:5: `installDisk` or `installDiskSelector` is required"),
        ("controlPlane: true", "controlPlane: 'true'", "talconfig.yaml:8:19: controlPlane must be true or false"),
        ("hostname: b", "hostname: a", "talconfig.yaml:10: the hostname a is already that of the node in line 6"),
        ("10.0.0.2", "10.0.0.1", "talconfig.yaml:10: the address 10.0.0.1 is already that of the node in line 6"),
        ("    controlPlane: true", "    hostname: x", "talconfig.yaml:8:5: the key `hostname` is already in line 6"),
        ("clusterName: c", "clusterName: ENC[AES256_GCM,data:x]", "talconfig.yaml:1:14: `clusterName` is encrypted"),
        ("hostname: a", "hostname: ${NOT}", "talconfig.yaml:6:15: the variable ${NOT} is not set"),
    ],
)
def test_a_mistake_is_refused_with_its_place(old: str, new: str, told: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, (HEAD + NODES).replace(old, new, 1)).startswith(told)


@pytest.mark.parametrize(
    ("talconfig", "told"),
    [
        ("", "talconfig.yaml:1:1: this is no talconfig"),
        ("- a\n", "talconfig.yaml:1:1: this is no talconfig"),
        (HEAD, "talconfig.yaml:1:1: `nodes` is required"),
        (HEAD + "nodes: []\n", "talconfig.yaml:5:1: `nodes` is required"),
        (HEAD + "nodes: {}\n", "talconfig.yaml:5:8: nodes must be a list, not a mapping"),
        (HEAD + NODES + "  - x\n", "talconfig.yaml:13:5: nodes[2] must be a mapping, not a text"),
        (HEAD + NODES + "  - ~\n", "talconfig.yaml:13:5: a node must not be empty | talhelper skips it"),
        (HEAD + NODES + "---\na: [\n", "talconfig.yaml:15:1: this is no YAML"),
        (b"a: b\nc: \xe9\n", "talconfig.yaml:2:4: it is not UTF-8 text | save it as UTF-8"),
    ],
)
def test_no_node_is_lost_or_invented_by_a_broken_file(talconfig: str | bytes, told: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, talconfig).startswith(told)


def test_a_missing_talconfig_is_said_with_the_folder(tmp_path: Path) -> None:
    with pytest.raises(FilesInvalid, match=r"there is no talconfig\.yaml in ") as refused:
        load_desired(tmp_path, runner=ShRunner(), environ={})
    assert "talops -C DIR" in refused.value.hint


def test_a_talconfig_that_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "talconfig.yaml").mkdir()
    with pytest.raises(FilesInvalid, match=r"^talconfig\.yaml: it cannot be read: Is a directory$"):
        load_desired(tmp_path, runner=ShRunner(), environ={})


@pytest.mark.parametrize(
    "change", [("\n", "\r\n"), ("clusterName", "\ufeffclusterName"), ("nodes:", "# ${NOT}\nnodes:")]
)
def test_line_ends_a_bom_and_comments_change_nothing(change: tuple[str, str], tmp_path: Path) -> None:
    (tmp_path / "as-is").mkdir()
    plain = load(tmp_path / "as-is", HEAD + NODES)
    changed = load(tmp_path, (HEAD + NODES).replace(*change))
    assert [(n.hostname, n.role, n.addresses) for n in changed.nodes] == [
        (n.hostname, n.role, n.addresses) for n in plain.nodes
    ]


def test_a_node_may_be_made_of_merged_and_aliased_parts(tmp_path: Path) -> None:
    talconfig = f"""{HEAD}
x: &disk {{installDisk: /dev/sda, controlPlane: yes}}
nodes:
  - <<: *disk
    hostname: a
    ipAddress: 10.0.0.1
  - <<: *disk
    hostname: b
    ipAddress: 10.0.0.2
    controlPlane: no
"""
    assert [node.role for node in load(tmp_path, talconfig).nodes] == [Role.CONTROL_PLANE, Role.WORKER]


def test_later_talenv_files_win_over_earlier_ones_and_over_the_environment(tmp_path: Path) -> None:
    (tmp_path / "talenv.sops.yaml").write_text("X: from-sops-name\n")
    talconfig = (HEAD + NODES).replace("hostname: a", "hostname: ${X}").replace("hostname: b", "hostname: ${Y}")
    desired = load(tmp_path, talconfig, {"X": "from-env", "Y": "from-env"}, talenv="X: from-plain\n")
    assert [node.hostname for node in desired.nodes] == ["from-sops-name", "from-env"]


@pytest.mark.parametrize(
    ("talenv", "told"),
    [
        ("X=foo\n", "talenv.yaml:1:1: this is no YAML mapping of variables | write one `NAME: value` a line"),
        ("X: [\n", "talenv.yaml:2:1: this is no YAML"),
        ("sops: x\n", "talenv.yaml:1:7: `sops` is the key that sops keeps for itself"),
        ("A:\n - b\nX: y\n", "talconfig.yaml:6:15: the variable ${X} is not set | talenv.yaml:2: no `KEY: value`"),
        ("\ufeffX: y\n", "talconfig.yaml:6:15: the variable ${X} is not set | talenv.yaml:1: no `KEY: value`"),
    ],
)
def test_a_talenv_that_talhelper_cannot_use_is_named(talenv: str, told: str, tmp_path: Path) -> None:
    talconfig = (HEAD + NODES).replace("hostname: a", "hostname: ${X}")
    assert refusal(tmp_path, talconfig, talenv=talenv).startswith(told)


def test_virtual_ips_are_those_of_control_planes(tmp_path: Path) -> None:
    vip = "    networkInterfaces: [{{interface: eth0, vip: {{ip: {}}}, vlans: [{{vip: {{ip: {}}}}}]}}]\n"
    talconfig = HEAD + NODES.replace(
        "    controlPlane: true\n", "    controlPlane: true\n" + vip.format("1.1.1.1", "2.2.2.2")
    )
    assert load(tmp_path, talconfig + vip.format("3.3.3.3", "4.4.4.4")).virtual_ips == ("1.1.1.1", "2.2.2.2")


@pytest.mark.parametrize(
    ("top", "role", "node", "image"),
    [
        ("g", "r", "n", "g"),
        ("", "r", "n", "n"),
        ("", "r", "", "r"),
        ("", "", "", None),
    ],
)
def test_global_patches_have_the_last_word_and_then_the_nodes_own(
    top: str, role: str, node: str, image: str | None, tmp_path: Path
) -> None:
    def patches(image: str, indent: str) -> str:
        row = f'{indent}patches: ["machine: {{install: {{image: {image}}}}}"]\n'
        return row if image else ""

    first = NODES.replace("    controlPlane: true\n", "    controlPlane: true\n" + patches(node, "    "))
    talconfig = HEAD + patches(top, "") + "controlPlane:\n  nameservers: []\n" + patches(role, "  ") + first
    assert load(tmp_path, talconfig).nodes[0].patched_image == image


def test_patches_of_the_role_may_be_overridden(tmp_path: Path) -> None:
    role = 'controlPlane:\n  patches: ["machine: {install: {image: r}}"]\n'
    own = "    controlPlane: true\n    overridePatches: true\n"
    bare = NODES.replace("    controlPlane: true\n", own)
    assert load(tmp_path, HEAD + role + bare).nodes[0].patched_image == "r"

    other = bare.replace(own, own + '    patches: ["machine: {time: {disabled: true}}"]\n')
    assert load(tmp_path, HEAD + role + other).nodes[0].patched_image is None
