"""What etcd is told, and the table of services, are printed as the captures of the real talosctl have them."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
from play import cluster

from contract.transcripts import plain, sort_of, table, talosctl_capture
from talops.domain.process import Call, Result
from talops.sim.world import World
from talops.tools.calls import Talosctl

MAKE = Talosctl()
CP1, W1 = "10.1.0.1", "10.1.0.4"
NOBODY = "100000000000000d"
FILE = "f.db"


def _member(world: World) -> str:
    return world.truth.etcd.members[2].id


def _leader(world: World, *, number: int) -> Call:
    world.truth.etcd.lead(world.truth.etcd.members[number])
    return MAKE.etcd_forfeit_leadership(CP1)


def _full(world: World) -> Call:
    world.truth.etcd.fill(world.truth.etcd.members[0])
    return MAKE.etcd_alarm_disarm(CP1)


CAPTURES: Mapping[str, Callable[[World], Call]] = MappingProxyType(
    {
        "services": lambda _: MAKE.service_states((CP1,)),
        "etcd-remove-member": lambda world: MAKE.etcd_remove_member(CP1, _member(world)),
        "etcd-remove-member-unknown": lambda _: MAKE.etcd_remove_member(CP1, NOBODY),
        "etcd-remove-member-badid": lambda _: MAKE.etcd_remove_member(CP1, "cp3"),
        "etcd-forfeit-leadership": lambda world: _leader(world, number=0),
        "etcd-forfeit-leadership-not-leader": lambda world: _leader(world, number=1),
        "etcd-alarm-disarm": _full,
        "etcd-defrag": lambda _: MAKE.etcd_defrag(CP1),
        "etcd-snapshot": lambda _: MAKE.etcd_snapshot(CP1, FILE),
        "etcd-snapshot-worker": lambda _: MAKE.etcd_snapshot(W1, FILE),
    }
)
TABLES = frozenset({"services", "etcd-alarm-disarm"})
NEWER_ONLY = frozenset({"etcd-alarm-disarm", "etcd-defrag"})
"""Captured with 1.13 alone."""
RUNS = [
    (name, version)
    for name in CAPTURES
    for version in ("v1.12.0", "v1.13.0")
    if version == "v1.13.0" or name not in NEWER_ONLY
]


@pytest.mark.parametrize(("name", "version"), RUNS)
def test_the_embedded_talosctl_prints_what_was_captured(
    name: str, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    world, real = cluster().world, talosctl_capture(name, version).result
    running = world.runner.start(CAPTURES[name](world))
    world.advance(1)
    ours = running.poll()
    assert ours is not None
    assert (ours.exit, plain(ours.stderr)) == (real.exit, plain(real.stderr))
    assert printed(name, ours) == printed(name, real)


def printed(name: str, result: Result) -> object:
    """Of a table its heading and what its rows hold; of a line its words."""
    if name not in TABLES:
        return re.sub(r"\b[0-9a-f]{8}\b|\d+", "N", result.stdout.decode())
    heading, *rows = table(result.stdout)
    return heading, {tuple(map(sort_of, row)) for row in rows}
