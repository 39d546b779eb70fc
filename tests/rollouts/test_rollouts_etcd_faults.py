"""etcd is not well before anybody does anything: no node goes down, and the last words say what is wrong."""

import pytest
from play import cluster

from talops.errors import Exit


@pytest.mark.parametrize(
    ("fault", "exit", "words"),
    [
        ("member-stays-learner", Exit.GATE, ("cp-2 is still a learner", "entries behind")),
        ("control-plane-replaced", Exit.GATE, ("cp-2 is booting", "nobody answers for cp-2-old", "2 of 3 voters")),
        ("etcd-nospace", Exit.FAILED, ("etcdserver: mvcc: database space exceeded", "talops etcd recover")),
        ("etcd-quorum-lost", Exit.REFUSED, ("etcdserver: request timed out", "talops etcd status")),
        ("etcd-member-lost", Exit.GATE, ("2 of 3 voters are known to be healthy", "etcd on cp-2 does not answer")),
    ],
)
def test_what_is_wrong_with_etcd_is_said_and_nothing_is_touched(fault: str, exit: Exit, words: tuple[str, ...]) -> None:
    rehearsed = cluster(fault)

    played = rehearsed.play()

    assert played.exit is exit
    assert [word for word in words if word not in played.said] == []
    assert rehearsed.world.truth.went_down == []


@pytest.mark.parametrize("fault", ["member-stays-learner", "control-plane-replaced", "etcd-nospace"])
def test_once_somebody_has_mended_etcd_the_rollout_goes_through(fault: str) -> None:
    rehearsed = cluster(fault)
    rehearsed.world.mend()
    rehearsed.world.advance(120)

    assert rehearsed.play().exit is Exit.DONE
