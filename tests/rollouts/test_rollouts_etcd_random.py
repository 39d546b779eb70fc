"""Whatever has happened to etcd, and whatever is typed: no member that is alive goes, and no quorum is given up."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from etcdplay import FILE, defrag, disarmed, hand_over, mend, remove, save, three
from play import Played, Rehearsed

from talops.errors import Exit

FAULTS = (
    "dead-node",
    "etcd-member-lost",
    "control-plane-replaced",
    "member-stays-learner",
    "etcd-nospace",
)
EVERYWHERE = ("etcd-quorum-lost", "api-flaps", "lease-held", "foreign-kured")
EXPECTED = {Exit.DONE, Exit.GATE, Exit.FAILED, Exit.LOCKED, Exit.REFUSED, Exit.USAGE}


def troubled(random: Random) -> tuple[Rehearsed, int]:
    planes = random.choice([1, 3, 3, 5])
    faults = [f"{random.choice(FAULTS)}@cp-{random.randint(1, planes)}" for _ in range(random.randint(0, 2))]
    faults += random.choices(EVERYWHERE, k=random.randint(0, 1))
    return three(*faults, control_planes=planes), planes


def commands(rehearsed: Rehearsed, folder: Path, random: Random, planes: int) -> list[Callable[[], Played]]:
    word = f"cp-{random.randint(1, planes)}"
    return [
        lambda: mend(rehearsed, folder),
        lambda: remove(rehearsed, word, folder),
        lambda: remove(rehearsed, random.choice(rehearsed.world.truth.etcd.members).id, folder),
        lambda: defrag(rehearsed),
        lambda: disarmed(rehearsed),
        lambda: hand_over(rehearsed, word),
        lambda: save(rehearsed, folder),
    ]


@pytest.mark.parametrize("seed", range(60))
def test_no_living_member_is_removed_and_no_quorum_given_up(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    rehearsed, planes = troubled(random)
    etcd = rehearsed.world.truth.etcd
    for _ in range(4):
        alive, quorate = {one.id for one in etcd.members if one.connected}, etcd.quorate

        played = random.choice(commands(rehearsed, tmp_path, random, planes))()

        assert played.exit in EXPECTED, played.said
        gone = alive - {one.id for one in etcd.members}
        assert gone == set(), played.said
        assert etcd.quorate or not quorate, played.said
        assert "tester" not in (rehearsed.world.truth.lease_holder or ""), played.said
        assert [path.name for path in tmp_path.iterdir()] in ([], [FILE])
        (tmp_path / FILE).unlink(missing_ok=True)
        rehearsed.watch = lambda _event: None
