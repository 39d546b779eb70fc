"""What can be done to an etcd, real or embedded, and the scenes that are played on both.

A step gives what was said, in words that are the same for both: names instead of IDs, which differ.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

OK = "ok"
FOUNDERS = ("m1", "m2", "m3")
OTHERS = ("m4", *"abcdefg", "probe")
"""They may come in. A member that was removed leaves its place free, but not within the same second."""


class Steps(Protocol):
    """`at` is the member that is asked. What cannot be done gives the error, as etcd says it."""

    def members(self, at: str) -> str: ...
    def status(self, at: str) -> str:
        """The leader, whether it is a learner, and what is wrong."""
        ...

    def add(self, at: str, new: str, *, learner: bool) -> str:
        """`new` is listed under its peer URL, and has not started."""
        ...

    def remove(self, at: str, name: str) -> str: ...
    def promote(self, at: str, name: str) -> str: ...
    def lead(self, name: str) -> str:
        """Whoever leads now, it is this one afterwards."""
        ...

    def move_leader(self, at: str, to: str) -> str: ...
    def start(self, name: str) -> str:
        """One that was added comes up for the first time."""
        ...

    def kill(self, name: str) -> str: ...
    def ended(self, name: str) -> str:
        """How its process ended that nobody killed."""
        ...

    def fill(self, name: str) -> str:
        """Write until there is no room left in its file."""
        ...

    def write(self, at: str) -> str: ...
    def alarms(self, at: str) -> str: ...
    def disarm(self, at: str) -> str: ...
    def defragment(self, name: str) -> str:
        """And what became of the file."""
        ...

    def snapshot(self, at: str) -> str:
        """How it is checked, not what is in it."""
        ...


Scene = Callable[[Steps], Sequence[str]]


def all_well(etcd: Steps) -> Sequence[str]:
    return (
        etcd.lead("m1"),
        etcd.move_leader("m2", "m3"),
        etcd.move_leader("m1", "m2"),
        etcd.move_leader("m2", "m1"),
        *(etcd.status(name) for name in ("m1", "m2", "m3")),
        etcd.members("m2"),
        etcd.write("m1"),
        etcd.alarms("m3"),
        etcd.snapshot("m2"),
    )


def no_space(etcd: Steps) -> Sequence[str]:
    return (
        etcd.lead("m1"),
        etcd.fill("m1"),
        etcd.write("m2"),
        etcd.alarms("m3"),
        etcd.status("m2"),
        etcd.members("m2"),
        etcd.snapshot("m3"),
        # with a file as large as before the alarm comes back
        etcd.disarm("m2"),
        etcd.write("m1"),
        etcd.alarms("m2"),
        etcd.defragment("m1"),
        etcd.disarm("m2"),
        etcd.write("m1"),
        etcd.alarms("m2"),
        etcd.status("m2"),
        etcd.disarm("m2"),
    )


def comings_and_goings(etcd: Steps) -> Sequence[str]:
    """With three members that have been connected for a while."""
    return (
        etcd.lead("m1"),
        etcd.add("m1", "a", learner=True),
        etcd.members("m1"),
        etcd.add("m2", "m3", learner=True),
        etcd.add("m2", "b", learner=True),
        etcd.promote("m3", "a"),
        etcd.promote("m1", "m2"),
        etcd.promote("m1", "nobody"),
        etcd.move_leader("m1", "a"),
        etcd.remove("m1", "nobody"),
        etcd.remove("m1", "a"),
        etcd.members("m1"),
        # voters that never start count as lost ones
        etcd.add("m1", "c", learner=False),
        etcd.add("m1", "d", learner=False),
        etcd.members("m3"),
        etcd.add("m1", "e", learner=False),
        etcd.add("m1", "f", learner=True),
        etcd.remove("m1", "m3"),
        etcd.remove("m1", "d"),
        etcd.remove("m1", "c"),
        etcd.members("m3"),
    )


def one_dead(etcd: Steps) -> Sequence[str]:
    """The story of a control plane that died: nobody comes in until its member is out."""
    return (
        etcd.lead("m1"),
        etcd.kill("m3"),
        etcd.status("m1"),
        etcd.status("m2"),
        etcd.members("m2"),
        etcd.alarms("m1"),
        etcd.write("m2"),
        etcd.add("m1", "g", learner=True),
        etcd.add("m1", "g", learner=False),
        etcd.add("m1", "m3", learner=True),
        etcd.remove("m1", "m2"),
        etcd.remove("m2", "m1"),
        etcd.remove("m2", "m3"),
        etcd.members("m1"),
        etcd.remove("m1", "m3"),
    )


def removed_while_up(etcd: Steps) -> Sequence[str]:
    return (etcd.lead("m1"), etcd.remove("m1", "m2"), etcd.ended("m2"), etcd.members("m1"), etcd.status("m1"))


def from_learner_to_voter(etcd: Steps) -> Sequence[str]:
    return (
        etcd.add("m1", "m4", learner=True),
        etcd.promote("m1", "m4"),
        etcd.start("m4"),
        etcd.status("m4"),
        etcd.members("m1"),
        etcd.members("m4"),
        etcd.alarms("m4"),
        etcd.write("m4"),
        etcd.snapshot("m4"),
        etcd.move_leader("m1", "m4"),
        etcd.promote("m1", "m4"),
        etcd.promote("m1", "m4"),
        etcd.members("m4"),
        etcd.status("m4"),
    )


def two_dead(etcd: Steps) -> Sequence[str]:
    """What needs no agreement goes on. Who writes waits: no member refuses that in words of etcd."""
    return (
        etcd.lead("m1"),
        etcd.kill("m2"),
        etcd.kill("m3"),
        etcd.status("m1"),
        etcd.members("m1"),
        etcd.remove("m1", "m2"),
        etcd.add("m1", "m4", learner=True),
        etcd.move_leader("m1", "m2"),
        etcd.snapshot("m1"),
        etcd.defragment("m1"),
    )


STORY: Mapping[str, Scene] = MappingProxyType(
    {
        "all well": all_well,
        "no space": no_space,
        "comings and goings": comings_and_goings,
        "one dead": one_dead,
        "removed while up": removed_while_up,
        "from learner to voter": from_learner_to_voter,
    }
)
"""Played on one cluster, one after the other."""
