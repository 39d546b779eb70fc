"""What one observation of a node after a disruptive call means."""

from dataclasses import replace

import pytest

from talops.domain.cluster import ObservedNode
from talops.domain.event import NodeState
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode, Unknown, Version
from talops.execute.watchboot import Wanted, see

OLD, NEW = Version.parse("v1.13.0"), Version.parse("v1.13.1")
WANTED = Wanted(boot_id="boot-1", version=NEW, schematic="aaaa", extensions=frozenset({"iscsi-tools"}))
TALOS = TalosNode(version=NEW, stage="running", ready=True, schematic="aaaa", extensions=("iscsi-tools",))
KUBE = KubeNode(name="w-1", addresses=("10.5.0.21",), ready=True, boot_id="boot-2")
UP = ObservedNode(hostname="w-1", talos=TALOS, boot_id="boot-2", kube=KUBE)


def test_a_new_boot_at_the_target_that_kubernetes_calls_ready_is_done() -> None:
    assert see(UP, WANTED).done


@pytest.mark.parametrize(
    ("node", "state"),
    [
        pytest.param(replace(UP, talos=Unknown("connection refused")), NodeState.UNREACHABLE, id="talos silent"),
        pytest.param(replace(UP, boot_id=Unknown("refused")), NodeState.UNREACHABLE, id="boot id unknown"),
        pytest.param(replace(UP, boot_id="boot-1"), NodeState.NOT_INSTALLED, id="old boot"),
        pytest.param(
            replace(UP, boot_id="boot-1", talos=replace(TALOS, stage="rebooting", ready=False)),
            NodeState.HUNG,
            id="old boot that is rebooting",
        ),
        pytest.param(replace(UP, talos=replace(TALOS, version=OLD)), NodeState.ROLLED_BACK, id="old version"),
        pytest.param(replace(UP, talos=replace(TALOS, schematic="bbbb")), NodeState.OTHER_IMAGE, id="other schematic"),
        pytest.param(replace(UP, talos=replace(TALOS, schematic=None)), NodeState.OTHER_IMAGE, id="no schematic"),
        pytest.param(replace(UP, talos=replace(TALOS, extensions=())), NodeState.OTHER_IMAGE, id="extension lost"),
        pytest.param(replace(UP, talos=replace(TALOS, stage="booting")), NodeState.NOT_READY, id="booting"),
        pytest.param(replace(UP, talos=replace(TALOS, ready=None)), NodeState.NOT_READY, id="talos not ready"),
        pytest.param(replace(UP, kube=replace(KUBE, ready=False)), NodeState.NOT_READY, id="not Ready"),
        pytest.param(replace(UP, kube=replace(KUBE, ready=None)), NodeState.NOT_READY, id="Ready unknown"),
        pytest.param(replace(UP, kube=replace(KUBE, boot_id="boot-1")), NodeState.NOT_READY, id="Ready of old boot"),
        pytest.param(replace(UP, kube=None), NodeState.NOT_READY, id="not registered"),
        pytest.param(replace(UP, kube=Unknown("refused")), NodeState.NOT_READY, id="kubernetes silent"),
    ],
)
def test_anything_less_is_not_done_and_has_a_name(node: ObservedNode, state: NodeState) -> None:
    seen = see(node, WANTED)

    assert (seen.done, seen.state) == (False, state)
    assert seen.words


def test_a_rollback_is_final_only_once_the_node_has_settled() -> None:
    booting = replace(UP, talos=replace(TALOS, version=OLD, stage="booting", ready=False))
    settled = replace(UP, talos=replace(TALOS, version=OLD))

    assert (see(booting, WANTED).wrong, see(settled, WANTED).wrong) == (False, True)


def test_back_in_its_old_schematic_a_node_has_rolled_back_though_the_release_is_the_same() -> None:
    wanted = replace(WANTED, left=NEW, left_schematic="bbbb")

    assert see(UP, wanted).done
    assert see(replace(UP, talos=replace(TALOS, schematic="bbbb")), wanted).state is NodeState.ROLLED_BACK
    assert see(replace(UP, talos=replace(TALOS, schematic="cccc")), wanted).state is NodeState.OTHER_IMAGE


def test_a_wanted_rollback_is_done_on_any_version_but_the_one_left() -> None:
    wanted = Wanted(boot_id="boot-1", version=None, schematic=None, extensions=frozenset(), left=NEW)

    assert not see(UP, wanted).done
    assert see(replace(UP, talos=replace(TALOS, version=OLD)), wanted).done


def test_a_schematic_that_is_not_told_just_now_is_no_rollback() -> None:
    seen = see(replace(UP, talos=replace(TALOS, schematic=Unknown("i/o timeout"), extensions=())), WANTED)

    assert (seen.done, seen.state, seen.wrong) == (False, NodeState.NOT_READY, False)


def test_an_extension_that_has_a_new_name_is_not_lost() -> None:
    wanted = replace(WANTED, extensions=frozenset({"i915-ucode"}))

    assert see(replace(UP, talos=replace(TALOS, extensions=("i915",))), wanted).done


def test_a_node_in_the_midst_of_its_legacy_upgrade_hangs_rather_than_having_done_nothing() -> None:
    seen = see(replace(UP, boot_id="boot-1", talos=replace(TALOS, stage="upgrading", ready=False)), WANTED)

    assert seen.state is NodeState.HUNG
