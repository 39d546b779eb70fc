"""What a person types when etcd is not well, each command with its reason. Pure.

Source of the recovery from a snapshot: Talos' documentation of disaster recovery, and `talosctl bootstrap --help`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.standing import Condition, Seat, Standing, is_silent
from talops.domain.talos import EtcdView, MemberStatus, Unknown

SNAPSHOT = "etcd.snapshot.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One command and why it is typed; without a command something to do by hand, or to know."""

    why: str
    command: str = ""


LOOK = Advice(why="what each control plane sees, side by side", command="talops etcd status")


def stuck(seat: Seat, node: DesiredNode) -> Iterator[Advice]:
    yield Advice(
        why="a snapshot first, into a file that is kept; then the dead member is removed, so that etcd takes new ones",
        command=f"talops etcd remove-member {seat.id}",
    )
    yield Advice(
        why="the replacement joins by itself, first as a learner: watch it until it is a voter",
        command=f"talosctl -n {node.addresses[0]} service etcd",
    )


def lost(seat: Seat) -> Iterator[Advice]:
    name = seat.node.hostname if seat.node else seat.name
    yield Advice(why=f"bring {name} back, if it can be: its member then goes on where it was")
    yield Advice(why="whether it answers", command=f"talosctl -n {seat.address} version")
    if seat.node is not None:
        yield Advice(
            why=f"if its disk is gone: install it anew with the same config ({seat.node.config_file}), then let this "
            "command take its old member away",
            command="talops etcd recover",
        )
    yield Advice(
        why="if it never comes back: take its member away, since it still counts for quorum",
        command=f"talops etcd remove-member {seat.id}",
    )


def out_of_reach(seat: Seat) -> Iterator[Advice]:
    yield Advice(why="what it says, asked alone", command=f"talosctl -n {seat.address} etcd status")
    yield LOOK
    yield Advice(why="whether this talosconfig may ask", command="talosctl config info")


def down(seat: Seat) -> Iterator[Advice]:
    yield Advice(why="why it is down", command=f"talosctl -n {seat.address} logs etcd | tail -50")
    yield Advice(
        why="its data is there: a reboot is often enough (Talos starts etcd again in no other way)",
        command=f"talosctl -n {seat.address} reboot",
    )
    yield from wiped(seat)


def wiped(seat: Seat) -> Iterator[Advice]:
    """Its data goes, and comes back from the others."""
    yield Advice(
        why="only if its data is broken: wipe what it has (its pods' local volumes, too), so that it joins anew; the "
        "other members must be well",
        command=_wipe(seat.address),
    )
    yield Advice(why="then: the old member is taken away, and the new one watched", command="talops etcd recover")


def joining(address: str) -> Iterator[Advice]:
    yield Advice(why="how far it is", command=f"talosctl -n {address} service etcd")
    yield Advice(why="what it waits for, if it stays so", command=f"talosctl -n {address} logs etcd | tail -50")
    yield Advice(
        why="if it is a learner for more than 10 minutes: Talos asks for its vote no more. It leaves, and joins anew "
        "(its pods' local volumes are wiped)",
        command=f"talosctl -n {address} reset --graceful --reboot --system-labels-to-wipe=EPHEMERAL",
    )


def missing(node: DesiredNode) -> Iterator[Advice]:
    yield Advice(why="look at its console, or power it on", command=f"talosctl -n {node.addresses[0]} version")
    yield Advice(why=f"if it is to be installed anew: it joins by itself with its config, {node.config_file}")


def nospace() -> Iterator[Advice]:
    yield Advice(
        why="what fills it: mostly events, or an operator that writes without end. Deleting is still possible",
        command="kubectl get events -A --no-headers | wc -l",
    )
    yield Advice(
        why="the Kubernetes API compacts every 5 minutes by itself: wait until less is in use", command=LOOK.command
    )
    yield Advice(
        why="what is free within the database goes back to the disk, one member at a time, the leader last",
        command="talops etcd defrag",
    )
    yield Advice(why="then the alarm can go, and writes are taken again", command="talops etcd alarms --disarm")


def quorum_lost(desired: Desired, standing: Standing | Unknown, views: Sequence[EtcdView]) -> Iterator[Advice]:
    """First what loses nothing."""
    yield from _bring_back(standing, views)
    yield LOOK
    yield from _save(views)
    yield Advice(
        why="ONLY if so many members are gone for good that quorum cannot come back. EVERYTHING that was written after "
        "the snapshot is lost, and for a while there is no Kubernetes API"
    )
    for node in desired.control_planes:
        yield Advice(
            why=f"wipe what {node.hostname} has of etcd (and its pods' local volumes); it boots, and waits",
            command=_wipe(node.addresses[0]),
        )
    first = desired.control_planes[0] if desired.control_planes else None
    if first is not None:
        yield Advice(
            why="on every control plane, until it says Preparing",
            command=_service(first.addresses[0], "# each of them"),
        )
        yield Advice(
            why="ONCE, on ONE of them: it becomes the first member, and the others join it",
            command=f"talosctl -n {first.addresses[0]} bootstrap {_recover_from(views)}",
        )
        yield Advice(why="watch them join, one after the other", command="talops etcd status")


def _bring_back(standing: Standing | Unknown, views: Sequence[EtcdView]) -> Iterator[Advice]:
    """Quorum comes back by itself as soon as enough members run again."""
    yield Advice(why="bring members back: with enough of them quorum comes back by itself, and nothing is lost")
    for view in views:
        if isinstance(view.status, MemberStatus):
            continue
        if is_silent(view):
            yield Advice(
                why=f"{view.hostname} does not answer: look at its console, or power it on",
                command=f"talosctl -n {view.address} version",
            )
        else:
            yield Advice(
                why=f"{view.hostname} answers, and its etcd does not: why",
                command=f"talosctl -n {view.address} logs etcd | tail -50",
            )
            yield Advice(
                why=f"reboot {view.hostname}, which starts its etcd again", command=f"talosctl -n {view.address} reboot"
            )
    if isinstance(standing, Standing):
        for seat in standing.seats:
            if seat.node is None and seat.condition is not Condition.WELL:
                yield Advice(
                    why=f"{seat.name} at {seat.address} is a member that the files do not know: it counts, too"
                )


def _any_runs(views: Sequence[EtcdView]) -> bool:
    return any(isinstance(one.status, MemberStatus) for one in views)


def _recover_from(views: Sequence[EtcdView]) -> str:
    """What `_save` has made. A database that was copied from a disk has no hash behind it."""
    return f"--recover-from=./{SNAPSHOT}" if _any_runs(views) else "--recover-from=./db --recover-skip-hash-check"


def _save(views: Sequence[EtcdView]) -> Iterator[Advice]:
    if _any_runs(views):
        yield Advice(why="save what there is, before anything is wiped", command=f"talops etcd snapshot {SNAPSHOT}")
        return
    answering = [one for one in views if not is_silent(one)]
    address = answering[0].address if answering else "ADDRESS"
    yield Advice(
        why="save what there is, before anything is wiped: no etcd runs, so its database is copied from the disk",
        command=f"talosctl -n {address} cp /var/lib/etcd/member/snap/db .",
    )


def _service(address: str, comment: str) -> str:
    return f"talosctl -n {address} service etcd   {comment}"


def _wipe(address: str) -> str:
    return f"talosctl -n {address} reset --graceful=false --reboot --system-labels-to-wipe=EPHEMERAL"
