"""etcd and the services at the two doors of one cluster: both talosctls say the same, and leave the same behind.

In every state that etcd can be in. Where they differ, the real one is right.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, OpenDoor, open_door
from talops.domain.process import Call, Result
from talops.sim.world import World
from talops.tools.calls import Talosctl

CP1, CP2, CP3, W1, W3 = "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.6"
PLANES = (CP1, CP2, CP3)
MAKE = Talosctl(talosconfig="")
FILE = "snapshot.db"
_AGE = re.compile(r"\b(?:\d+h)?(?:\d+m)?\d+s ago\b +")
_PORT = re.compile(r"dial tcp 127\.0\.0\.1:\d+: connect: connection refused")

Prepare = Callable[[World], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    name: str
    faults: Sequence[str] = ()
    prepare: Prepare = lambda _world: None
    asked: Sequence[tuple[str, ...]] = (PLANES,)


def _led_by_the_first(world: World) -> None:
    etcd = world.truth.etcd
    etcd.lead(etcd.members[0])


def _removed(world: World) -> None:
    _led_by_the_first(world)
    tell(world, MAKE.etcd_remove_member(CP1, id_of(world, "cp-3")))


def _joined(world: World) -> None:
    """The dead member is out, and the replacement has just come in, as a learner."""
    tell(world, MAKE.etcd_remove_member(CP1, id_of(world, "cp-2-old")))
    world.advance(5)


def _never_started(world: World) -> None:
    tell(world, MAKE.etcd_remove_member(CP1, id_of(world, "cp-2-old")))
    world.advance(1.5)


STATES = (
    State(name="well", asked=(PLANES, (CP1,), (W1,), (CP1, W1))),
    State(name="one-down", faults=("etcd-member-lost@cp-2",), asked=(PLANES, (CP2,))),
    State(name="one-off", faults=("dead-node@cp-2",), asked=(PLANES, (CP2,))),
    State(name="all-off", faults=tuple(f"dead-node@cp-{number}" for number in (1, 2, 3)), asked=((CP1,),)),
    State(name="no-quorum", faults=("etcd-quorum-lost",)),
    State(name="learner", faults=("member-stays-learner@cp-2",), asked=(PLANES, (CP2,))),
    State(name="no-space", faults=("etcd-nospace@cp-2",)),
    State(name="replaced", faults=("control-plane-replaced@cp-2",)),
    State(name="never-started", faults=("control-plane-replaced@cp-2",), prepare=_never_started),
    State(name="joined", faults=("control-plane-replaced@cp-2",), prepare=_joined),
    State(name="removed-while-up", prepare=_removed),
)
READS: Mapping[str, Callable[[tuple[str, ...]], Call]] = {
    "members": MAKE.etcd_members,
    "status": MAKE.etcd_status,
    "alarms": MAKE.etcd_alarms,
    "services": MAKE.service_states,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`call` is made of the cluster: it names a member by its ID."""

    name: str
    call: Callable[[World], Call]
    faults: Sequence[str] = ()
    prepare: Prepare = _led_by_the_first


def _remove(name: str, node: str = CP1) -> Callable[[World], Call]:
    return lambda world: MAKE.etcd_remove_member(node, id_of(world, name))


CHANGES = (
    Change(name="remove", call=_remove("cp-3")),
    Change(name="remove-leader", call=_remove("cp-1", CP2)),
    Change(name="remove-dead", call=_remove("cp-2"), faults=("dead-node@cp-2",)),
    Change(name="remove-healthy-beside-a-dead-one", call=_remove("cp-3"), faults=("dead-node@cp-2",)),
    Change(name="remove-without-quorum", call=_remove("cp-2"), faults=("etcd-quorum-lost",), prepare=lambda _: None),
    Change(name="remove-nobody", call=lambda _: MAKE.etcd_remove_member(CP1, "100000000000000d")),
    Change(name="remove-no-id", call=lambda _: MAKE.etcd_remove_member(CP1, "cp-3")),
    Change(name="remove-too-long-an-id", call=lambda _: MAKE.etcd_remove_member(CP1, "1" * 17)),
    Change(name="remove-asked-of-a-worker", call=_remove("cp-3", W1)),
    Change(name="remove-asked-of-one-that-is-off", call=_remove("cp-3", CP2), faults=("dead-node@cp-2",)),
    Change(
        name="remove-the-dead-one-of-a-replacement",
        call=_remove("cp-2-old"),
        faults=("control-plane-replaced@cp-2",),
    ),
    Change(name="forfeit", call=lambda _: MAKE.etcd_forfeit_leadership(CP1)),
    Change(name="forfeit-by-another", call=lambda _: MAKE.etcd_forfeit_leadership(CP2)),
    Change(
        name="forfeit-without-quorum",
        call=lambda _: MAKE.etcd_forfeit_leadership(CP1),
        faults=("etcd-quorum-lost",),
        prepare=lambda _: None,
    ),
    Change(name="forfeit-worker", call=lambda _: MAKE.etcd_forfeit_leadership(W1)),
    Change(name="disarm", call=lambda _: MAKE.etcd_alarm_disarm(CP1), faults=("etcd-nospace@cp-2",)),
    Change(name="disarm-nothing", call=lambda _: MAKE.etcd_alarm_disarm(CP1)),
    Change(name="disarm-worker", call=lambda _: MAKE.etcd_alarm_disarm(W1)),
    Change(name="defrag", call=lambda _: MAKE.etcd_defrag(CP2), faults=("etcd-nospace@cp-2",)),
    Change(name="defrag-learner", call=lambda _: MAKE.etcd_defrag(CP2), faults=("member-stays-learner@cp-2",)),
    Change(name="defrag-down", call=lambda _: MAKE.etcd_defrag(CP2), faults=("etcd-member-lost@cp-2",)),
    Change(name="snapshot", call=lambda _: MAKE.etcd_snapshot(CP1, FILE)),
    Change(name="snapshot-worker", call=lambda _: MAKE.etcd_snapshot(W1, FILE)),
    Change(name="snapshot-off", call=lambda _: MAKE.etcd_snapshot(CP2, FILE), faults=("dead-node@cp-2",)),
    Change(name="snapshot-into-nowhere", call=lambda _: MAKE.etcd_snapshot(CP1, f"nowhere/{FILE}")),
    Change(
        name="snapshot-all-off",
        call=lambda _: MAKE.etcd_snapshot(CP1, FILE),
        faults=tuple(f"dead-node@cp-{number}" for number in (1, 2, 3)),
        prepare=lambda _: None,
    ),
)


OLDER = frozenset(
    {"remove", "remove-dead", "remove-without-quorum", "remove-nobody", "forfeit", "disarm", "defrag", "snapshot"}
)
"""Worth the older talosctl, too."""
RUNS = [
    (change, version) for change in CHANGES for version in (GENERATIONS if change.name in OLDER else GENERATIONS[-1:])
]


def id_of(world: World, name: str) -> str:
    return next(member.id for member in world.truth.etcd.members if member.machine.hostname == name)


def tell(world: World, call: Call) -> Result:
    """At the argv door, until it has ended."""
    running = world.runner.start(call)
    while (result := running.poll()) is None:
        world.advance(0.1)
    return result


def said(result: Result) -> tuple[int, str, str]:
    """Without ages, which nobody can foresee; an endpoint that is off refuses here, where it is a port of one."""
    off = f"dial tcp {CP1}:50000: connect: no route to host"
    stdout = _AGE.sub("AGE ", result.stdout.decode()).replace("LAST CHANGE    ", "LAST CHANGE ")
    return result.exit, re.sub(r"LAST CHANGE +", "LAST CHANGE ", stdout), _PORT.sub(off, result.stderr.decode())


def at_the_door(door: OpenDoor, call: Call, version: str) -> Result:
    _, *words = call.argv
    return door.talosctl(*words, version=version)


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[State, OpenDoor]]:
    state: State = request.param
    world = cluster(*state.faults, start="v1.13.0", target="v1.13.1").world
    state.prepare(world)
    with open_door(world, tmp_path_factory.mktemp("etcd"), still=True) as door:
        yield state, door


@pytest.mark.parametrize("version", GENERATIONS)
@pytest.mark.parametrize("opened", STATES, indirect=True, ids=lambda state: str(state.name), scope="module")
def test_a_read_is_printed_alike(opened: tuple[State, OpenDoor], version: str) -> None:
    state, door = opened
    for name, make in READS.items():
        for nodes in state.asked if version == GENERATIONS[-1] else state.asked[:1]:
            call = make(nodes)
            ours = door.do(partial(door.world.runner.gather, (call,)))[0]
            assert said(ours) == said(at_the_door(door, call, version)), name


def left_behind(world: World) -> object:
    """Of etcd, and who leads it only where that is nobody's choice."""
    etcd = world.truth.etcd
    members = [(one.name, one.up, one.learner, one.started, one.db_bytes) for one in etcd.listed]
    return members, etcd.leader, dict(etcd.alarms), [one.id for one in etcd.removed]


@pytest.mark.parametrize(("change", "version"), RUNS, ids=lambda value: getattr(value, "name", value))
def test_a_change_is_told_alike_and_leaves_the_same(
    change: Change, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worlds = [cluster(*change.faults, start="v1.13.0", target="v1.13.1").world for _ in range(2)]
    for world in worlds:
        change.prepare(world)
    mine, theirs = (tmp_path / name for name in ("mine", "theirs"))
    mine.mkdir()
    theirs.mkdir()
    monkeypatch.chdir(mine)
    ours = tell(worlds[0], change.call(worlds[0]))
    with open_door(worlds[1], theirs, still=True) as door:
        real = at_the_door(door, change.call(worlds[1]), version)
    assert said(ours) == said(real)
    assert left_behind(worlds[0]) == left_behind(worlds[1])
    assert written(mine) == written(theirs)


def written(folder: Path) -> Mapping[str, object]:
    """Of what was asked for, and of what should be gone."""
    found = [path for path in folder.iterdir() if path.name.startswith(FILE)]
    return {path.name: (path.stat().st_mode & 0o777, sha256(path.read_bytes()).hexdigest()) for path in found}
