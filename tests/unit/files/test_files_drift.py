"""A node three ways: what the files want, what its config says, and what it runs."""

from dataclasses import replace

import pytest

from builders import SCHEMATIC, desired_cluster, healthy_observed
from talops.domain.machineconfig import Aspect, NodeDrift, Staged
from talops.domain.talos import TalosNode, Unknown, Version
from talops.errors import FilesInvalid
from talops.files.drift import drift
from talops.files.redact import Secrets
from talops.observe import Running
from talops.tools.nodeconfig import NodeConfigs, StoredConfig

DESIRED = desired_cluster()
NODE = DESIRED.node("w-1")


def healthy() -> TalosNode:
    talos = healthy_observed(DESIRED).nodes["w-1"].talos
    assert isinstance(talos, TalosNode)
    return talos


TALOS = healthy()
IMAGE = f"factory.talos.dev/metal-installer/{SCHEMATIC}:v1.13.1"
WANTED = f"""\
version: v1alpha1
machine:
  type: worker
  kubelet: {{image: "ghcr.io/siderolabs/kubelet:v1.35.4"}}
  install: {{image: {IMAGE}}}
"""
OTHER = WANTED.replace("type: worker", "type: worker\n  sysctls: {a: b}")


def running(active: str | None = WANTED, persistent: str | None = None, talos: TalosNode | Unknown = TALOS) -> Running:
    texts = (active, active if persistent is None else persistent)
    configs = [None if text is None else StoredConfig(text=text, version=1) for text in texts]
    return Running(configs=NodeConfigs(active=configs[0], persistent=configs[1]), talos=talos, kubelet="v1.35.4")


def found(held: Running, wanted: str = WANTED) -> NodeDrift:
    return drift(NODE, wanted, held, Secrets())


def aspect(held: Running, name: str) -> Aspect:
    return next(aspect for aspect in found(held).aspects if aspect.name == name)


def test_a_node_that_is_as_the_files_want_it_does_not_drift() -> None:
    same = found(running())
    assert not same.drifts
    assert same.changes == ()
    assert all(aspect.agrees for aspect in same.aspects)
    assert [aspect.name for aspect in same.aspects] == ["Talos", "schematic", "extensions", "Kubernetes"]


def test_what_its_config_lacks_is_a_change() -> None:
    other = found(running(), OTHER)
    assert other.drifts
    assert not isinstance(other.changes, Unknown)
    assert [change.path for change in other.changes] == ["machine.sysctls"]


def test_a_node_that_runs_something_else_than_its_config_says_drifts() -> None:
    held = running(talos=replace(TALOS, version=Version.parse("v1.13.0")))
    assert found(held).changes == ()
    assert found(held).drifts
    assert aspect(held, "Talos") == Aspect(name="Talos", files="v1.13.1", config="v1.13.1", running="v1.13.0")


def test_extensions_are_compared_by_what_they_are() -> None:
    assert aspect(running(), "extensions").agrees
    held = running(talos=replace(TALOS, extensions=("iscsi-tools",)))
    assert aspect(held, "extensions").running == "iscsi-tools"
    assert not aspect(held, "extensions").agrees


def test_a_node_without_a_schematic_runs_none() -> None:
    assert aspect(running(talos=replace(TALOS, schematic=None)), "schematic").running == "none"


STAGED = [
    (WANTED, WANTED, Staged.NOTHING),
    (WANTED, WANTED + "# a comment\n", Staged.NOTHING),
    (OTHER, WANTED, Staged.FILES),
    (WANTED, OTHER, Staged.OTHER),
]


@pytest.mark.parametrize(("active", "persistent", "staged"), STAGED)
def test_what_waits_for_the_next_boot_is_told(active: str, persistent: str, staged: Staged) -> None:
    assert found(running(active, persistent)).staged is staged


def test_another_staged_config_is_drift_although_the_node_is_as_the_files_want_it() -> None:
    assert found(running(WANTED, OTHER)).changes == ()
    assert found(running(WANTED, OTHER)).drifts


UNKNOWN = [
    (Unknown("no route to host"), "no route to host"),
    (NodeConfigs(active=None, persistent=None), "it names no config that it runs with"),
    (NodeConfigs(active=StoredConfig(text="a: [", version=1), persistent=None), "its config cannot be read: "),
]


@pytest.mark.parametrize(("configs", "why"), UNKNOWN)
def test_a_node_whose_config_nobody_knows_is_unknown_and_not_without_drift(
    configs: NodeConfigs | Unknown, why: str
) -> None:
    gap = found(replace(running(), configs=configs)).changes
    assert isinstance(gap, Unknown)
    assert gap.reason.startswith(why)


def test_what_nobody_knows_is_no_difference() -> None:
    held = replace(running(talos=Unknown("off")), kubelet=Unknown("no kubeconfig"))
    assert not found(held).drifts
    assert all(not aspect.agrees for aspect in found(held).aspects)


def test_a_generated_config_that_is_none_is_an_error_of_the_files() -> None:
    with pytest.raises(FilesInvalid):
        found(running(), "a: [")
