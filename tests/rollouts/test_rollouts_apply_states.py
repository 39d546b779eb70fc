"""The states in which a node can be left by its config: what the operator is told, and how the cluster is then."""

from dataclasses import dataclass

import pytest
from configs import Edit, configured, kubelet, live, rebooting, unlike
from play import cordoned, marked

from talops.domain.event import NodeState
from talops.domain.talos import Unknown, Version
from talops.errors import Exit
from talops.tools.calls import Talosctl

UNTIL_BACK = "nothing else is taken down until it is back"


@dataclass(frozen=True)
class Left:
    """`says`: state, meaning, next command. `marked` and `cordoned`: what stays on it, and the Lease with that."""

    edit: Edit
    state: NodeState
    says: tuple[str, ...]
    marked: bool = False
    cordoned: bool = False
    exit: Exit = Exit.FAILED
    config: bool = False
    """It runs with the new config."""


STATES = {
    "config-ignored@w-1": Left(
        live,
        NodeState.NOT_TAKEN,
        ("w-1 has not taken its config", "It goes on with the config that it had", "talops diff w-1", "`talops apply`"),
    ),
    "kubelet-fails-after-apply@w-1": Left(
        kubelet,
        NodeState.UNWELL,
        ("is not well with it", "Talos to be ready", "keeps the mark", "talops apply w-1"),
        marked=True,
        config=True,
    ),
    "kubelet-fails-after-apply@cp-2": Left(
        kubelet,
        NodeState.UNWELL,
        ("is not well with it", "etcd has 3 of 3 voters", "talops apply cp-2"),
        marked=True,
        config=True,
    ),
    "reboot-refused@w-1": Left(
        rebooting,
        NodeState.STAGED,
        ("has the new config on its disk but did not reboot", "It is up, and not cordoned", "run `talops apply` again"),
    ),
    "hangs-rebooting@w-1": Left(
        rebooting,
        NodeState.HUNG,
        ("began to reboot and hangs", UNTIL_BACK, "kubectl uncordon w-1", "reboot -m powercycle"),
        marked=True,
        cordoned=True,
    ),
    "never-returns@cp-2": Left(
        rebooting,
        NodeState.UNREACHABLE,
        ("does not answer", "etcd has 2 of 3 voters, which is just a quorum", "kubectl uncordon cp-2"),
        marked=True,
        cordoned=True,
    ),
    "pdb-blocks@w-1": Left(
        rebooting,
        NodeState.GATE_SHUT,
        (
            "could not be drained",
            "Its config was not touched, and the cordon that talops had put on w-1 was taken back",
        ),
        exit=Exit.GATE,
    ),
    "ceph-stays-degraded@w-1": Left(
        rebooting, NodeState.GATE_SHUT, ("a gate is not open: ceph shut", "PG_DEGRADED"), exit=Exit.GATE, config=True
    ),
}


@pytest.mark.parametrize("fault", STATES)
def test_what_the_operator_is_told_and_how_the_node_is_left(fault: str) -> None:
    hostname, expected = fault.partition("@")[2], STATES[fault]
    rehearsed = configured(expected.edit, fault)

    played = rehearsed.apply()

    assert (played.exit, played.left(hostname)) == (expected.exit, expected.state), played.said
    assert [words for words in expected.says if words not in played.said] == []
    assert (hostname in unlike(rehearsed)) is not expected.config
    assert marked(rehearsed) == ([hostname] if expected.marked else [])
    assert cordoned(rehearsed) == ([hostname] if expected.cordoned else [])
    assert (rehearsed.world.truth.lease_holder is not None) is expected.marked


@pytest.mark.parametrize("fault", STATES)
def test_once_it_is_mended_another_run_finishes(fault: str) -> None:
    rehearsed = configured(STATES[fault].edit, fault)
    rehearsed.apply()
    rehearsed.restart()
    rehearsed.world.mend()
    rehearsed.world.advance(900)

    again = rehearsed.apply()

    assert again.exit is Exit.DONE, again.said
    assert unlike(rehearsed) == []
    assert cordoned(rehearsed) == marked(rehearsed) == []


def test_a_node_that_refuses_its_config_stops_the_run_before_anything_is_done() -> None:
    rehearsed = configured(live, "config-refused@w-2")

    played = rehearsed.apply()

    assert played.exit is Exit.REFUSED
    assert "w-2: it does not take this config: v1alpha1.Config: no disks matched the expression" in played.said
    assert "talops diff w-2" in played.said
    assert len(unlike(rehearsed)) == 6


def test_an_upgrade_that_fails_after_its_config_was_staged_says_so() -> None:
    rehearsed = configured(rebooting, "install-fails@w-1", start="v1.13.0", nodes=("w-1",))

    played = rehearsed.play(only=("w-1",), with_config=True)

    assert (played.exit, played.left("w-1")) == (Exit.FAILED, NodeState.NOT_INSTALLED)
    assert "Its new config is on its disk: its next boot takes it" in played.said
    assert rehearsed.world.truth.nodes["w-1"].config.on_disk == rehearsed.wanted["w-1"]


def test_a_node_of_another_release_gets_its_config_from_the_talosctl_of_that() -> None:
    """As it does its upgrade: an older talosctl may lack what a newer node asks for, and the other way round."""
    rehearsed = configured(rebooting, nodes=("w-1",))
    asked: list[Version | Unknown] = []
    for_version = Talosctl.for_version

    def chosen(talosctl: Talosctl, version: Version | Unknown) -> Talosctl:
        asked.append(version)
        return for_version(talosctl, version)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Talosctl, "for_version", chosen)
        played = rehearsed.apply()

    assert played.exit is Exit.DONE
    assert len(asked) == 3, "the dry run, the staging and the reboot"
    assert set(asked) == {Version.parse("v1.13.1")}
