"""Whole rollouts with the real talosctl and kubectl, by each way to upgrade a node."""

from dataclasses import dataclass

import pytest
from live_talops import ran
from practice import practice

ALL = ("upgrade", "all", "--yes")
LONGEST = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """From one release to another, by one generation of talosctl."""

    name: str
    start: str
    target: str
    talosctl: str
    workers: int = 0
    only: tuple[str, ...] = ()
    """Some are enough where another talosctl, or Ceph and Postgres, are all that differs."""


PATHS = (
    Path(name="a 1.12 cluster to 1.13 by the old call", start="v1.12.0", target="v1.13.2", talosctl="1.13.0"),
    Path(
        name="1.13.0 to a later 1.13 by the new call",
        start="v1.13.0",
        target="v1.13.2",
        talosctl="1.13.0",
        workers=3,
        only=("cp-2", "w-1", "w-3"),
    ),
    Path(name="with the older talosctl", start="v1.12.0", target="v1.13.2", talosctl="1.12.0", only=("cp-2",)),
    Path(
        name="with a talosctl that is older than the nodes",
        start="v1.13.0",
        target="v1.13.2",
        talosctl="1.12.0",
        only=("cp-2",),
    ),
)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: str(path.name))
def test_every_node_reaches_the_target_and_nothing_is_left_behind(path: Path) -> None:
    with practice(start=path.start, target=path.target, talosctl=path.talosctl, workers=path.workers) as place:
        upgraded = path.only or tuple(place.nodes())
        run = (*ALL, *(("--only", *path.only) if path.only else ()))

        code, printed = ran(place, *run, patience=LONGEST)

        assert code == 0, printed
        nodes = {name: node for name, node in place.nodes().items() if name in upgraded}
        seen = {name: (node["version"], node["kubernetes"], node["cordoned"]) for name, node in nodes.items()}
        assert seen == dict.fromkeys(upgraded, (path.target, "Ready", False))
        assert {node["other"] for node in nodes.values()} == {path.start}
        assert place.traces() == []

        code, printed = ran(place, *run)

        assert code == 0, printed
        assert "Nothing to do" in printed
