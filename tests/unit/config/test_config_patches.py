"""What patches say about machine.install.image. Rows: what the real `talhelper genconfig` wrote for the node."""

from pathlib import Path

import pytest

from talops.config.patches import Patched, Patches

SETS = "machine: {install: {image: x.io/p:v1}}"


def read(folder: Path, *patches: str, **variables: str) -> Patched:
    return Patches(folder, variables).read(patches)


@pytest.mark.parametrize(
    ("patches", "image"),
    [
        ((), None),
        ((SETS,), "x.io/p:v1"),
        (("machine:\n  install:\n    image: x.io/p:v1\n",), "x.io/p:v1"),
        ((SETS, "machine: {install: {image: x.io/q:v1}}"), "x.io/q:v1"),
        # a merge with nothing changes nothing
        ((SETS, "machine: {install: {image: ''}}"), "x.io/p:v1"),
        ((SETS, "machine: {install: ~}"), "x.io/p:v1"),
        (("---\nkind: X\n---\n" + SETS,), "x.io/p:v1"),
        (("machine: {install: {disk: /dev/image}}",), None),
        (("image: x\ninstall: y",), None),
        (("- op: add\n  path: /machine/install/image\n  value: x.io/j:v1",), "x.io/j:v1"),
        (('[{"op":"replace","path":"/machine/install/image","value":"x.io/j:v1"}]',), "x.io/j:v1"),
        (("- op: replace\n  path: /machine/install\n  value: {disk: a, image: x.io/j:v1}",), "x.io/j:v1"),
        (("- op: test\n  path: /machine/install/image\n  value: x.io/j:v1",), None),
        (("- op: copy\n  from: /machine/install/image\n  path: /machine/install/disk",), None),
        (("- machine\n- install: image",), None),
    ],
)
def test_the_last_patch_that_sets_the_image_counts(patches: tuple[str, ...], image: str | None, tmp_path: Path) -> None:
    assert read(tmp_path, *patches) == Patched(image)


@pytest.mark.parametrize("name", ["@p.yaml", "@./p.yaml", "@ p.yaml", "@p.yaml "])
def test_a_patch_may_be_a_file_beside_talconfig(name: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(SETS)
    assert read(tmp_path, name) == Patched("x.io/p:v1")


def test_variables_in_a_patch_file_are_replaced_and_comments_are_not_looked_at(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("# ${NOT}\nmachine: {install: {image: 'x.io/${V}:$$v1'}}")
    assert read(tmp_path, "@p.yaml", V="vv") == Patched("x.io/vv:$v1")


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (None, "the patch file p.yaml is not there: talhelper will refuse to generate"),
        (
            "machine:\n  install: {image: '${NOT}'}",
            "p.yaml:2:21: the variable ${NOT} is not set: talhelper will refuse to generate",
        ),
        (
            "machine: {install: {image: x, image: y}}",
            "p.yaml:1:31: the key `image` is already in line 1: talhelper will refuse to generate",
        ),
        (
            "{{ if true }}\nmachine: {install: {image: x}}\n{{ end }}",
            "p.yaml is a template: talops cannot tell whether it sets machine.install.image",
        ),
        (
            "machine: {install: {image: 'x:{{ .MachineConfig.MachineType }}'}}",
            "p.yaml sets a machine.install.image that only talhelper can read",
        ),
        (
            "machine: {install: {image: 'ENC[AES256_GCM,data:eA==]'}}",
            "p.yaml sets a machine.install.image that only talhelper can read",
        ),
    ],
)
def test_a_patch_that_cannot_be_judged_is_a_warning(text: str | None, warning: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "p.yaml").write_text(text)
    assert read(tmp_path, "@p.yaml") == Patched(None, (warning,))


def test_a_patch_that_is_shared_by_many_nodes_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(SETS)
    patches = Patches(tmp_path, {})
    first = patches.read(["@p.yaml"])
    (tmp_path / "p.yaml").unlink()
    assert patches.read(["@p.yaml"]) == first
