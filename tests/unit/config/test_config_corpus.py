"""Every real talconfig gives what the real talhelper made of it: no node lost, none invented."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from corpus import CORPUS, corpus
from talops.config import load_desired
from talops.domain.talos import Role
from talops.errors import Exit, FilesInvalid
from talops.tools.runner import ShRunner


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CORPUS / "talconfigs-expected" / f"{name}.json").read_text())
    return found


EXPECTED = sorted(path.stem for path in (CORPUS / "talconfigs-expected").glob("*.json"))


def repository(name: str, folder: Path) -> Path:
    """Its files in place, without those that need a key that nobody here has: their variables are in `env`."""
    for path in (corpus("talconfigs") / name).iterdir():
        if not (path.name.startswith("talenv") and "\nsops:" in path.read_text()):
            (folder / path.name).symlink_to(path)
    return folder


def test_the_corpus_is_whole() -> None:
    corpus("talconfigs-expected")
    assert len(EXPECTED) == 57


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_talconfig_gives_what_talhelper_gave(name: str, tmp_path: Path) -> None:
    wanted = expected(name)
    repo = repository(name, tmp_path)
    environ: Mapping[str, str] = wanted["env"]
    if not wanted.get("nodes"):
        with pytest.raises(FilesInvalid) as refused:
            load_desired(repo, runner=ShRunner(), environ=environ)
        assert refused.value.exit is Exit.FILES
        assert "talconfig.yaml:" in refused.value.what
        return

    desired = load_desired(repo, runner=ShRunner(), environ=environ)

    assert [
        {
            "hostname": node.hostname,
            "ipAddresses": list(node.addresses),
            "controlPlane": node.role is Role.CONTROL_PLANE,
            "upgradeImage": str(node.installer),
        }
        for node in desired.nodes
    ] == [
        {key: node[key] for key in ("hostname", "ipAddresses", "controlPlane", "upgradeImage")}
        for node in wanted["nodes"]
    ]
    assert str(desired.talos_version) == wanted["talosVersion"]
    assert str(desired.kubernetes_version).lstrip("v") == wanted["kubernetesVersion"].lstrip("v")


@pytest.mark.parametrize("name", [name for name in EXPECTED if expected(name)["exit"] == 0])
def test_generated_files_have_the_names_that_talhelper_gives_them(name: str, tmp_path: Path) -> None:
    wanted = expected(name)
    assert wanted["exit"] == 0

    desired = load_desired(repository(name, tmp_path), runner=ShRunner(), environ=wanted["env"])

    assert desired.cluster_name == wanted["clusterName"]
    assert desired.endpoint == wanted["endpoint"]
    assert [Path(node.config_file).name for node in desired.nodes] == [n["configFile"] for n in wanted["nodes"]]
    images = {n["hostname"]: n["machineInstallImage"] for n in wanted["nodes"] if n["machineInstallImage"]}
    assert {n.hostname: n.patched_image or str(n.installer) for n in desired.nodes if n.hostname in images} == images
