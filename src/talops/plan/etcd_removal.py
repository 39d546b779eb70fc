"""Which member a person means, and whether etcd may do without it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.kubernetes import IN_FLIGHT, KubeNode
from talops.domain.plan import Refusal
from talops.domain.quorum import Membership
from talops.domain.standing import Condition, Seat, Standing
from talops.domain.words import count
from talops.errors import UsageError
from talops.plan.etcd import addresses_of, same
from talops.plan.names import did_you_mean

IN_FLIGHT_LAW, FAIL_CLOSED, QUORUM = 1, 2, 4
_ID = re.compile(r"(?:0x)?([0-9a-f]{1,16})", re.IGNORECASE)
_WHOLE_ID = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """Nothing that is called so is a member. `what` says it."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One member to be removed: what that means for quorum, and what forbids it."""

    seat: Seat
    before: Membership
    after: Membership
    refusals: tuple[Refusal, ...]

    @property
    def means(self) -> str:
        return (
            f"now {_healthy(self.before)}; without it {_healthy(self.after)}, "
            f"and then {_losses(self.after.losses_left)}"
        )


def member_meant(word: str, standing: Standing, desired: Desired) -> Seat | Gone:
    """By ID, by the hostname of its node or its own, or by address. Raises UsageError for no one, and for several."""
    meant = {seat.id: seat for seat in standing.seats if _is_called(seat, word)}
    if len(meant) == 1:
        return next(iter(meant.values()))
    if meant:
        lines = "\n".join(f"  {one_line(seat)}" for seat in meant.values())
        what = f"{word} may mean {count(len(meant), 'member')}:\n{lines}"
        raise UsageError(what, hint="name it by its ID")
    node = next((node for node in desired.nodes if _names(node, word)), None)
    if node is not None:
        return Gone(what=f"no member of etcd lives on {node.hostname}")
    if (found := _ID.fullmatch(word)) and len(found[1]) == _WHOLE_ID:
        return Gone(what=f"no member of etcd has the ID {found[1].lower()}")
    names = [name for seat in standing.seats for name in (seat.name, seat.member.hostname, seat.id) if name]
    close = did_you_mean(word, names)
    raise UsageError(
        f"{word or 'an empty name'} is no member of etcd, and no node of the files",
        hint=close if close.startswith("did") else "`talops etcd members` lists them",
    )


def in_flight(nodes: Sequence[KubeNode]) -> tuple[Refusal, ...]:
    """Control planes that a run of talops has taken down, or may still: nothing else goes away meanwhile."""
    return tuple(
        Refusal(
            law=IN_FLIGHT_LAW,
            hostname=node.name,
            what="it is in flight: a run of talops has taken it down, and it may be about to come back",
            hint="talops status   # whose run that is; let it settle first",
        )
        for node in nodes
        if node.control_plane and IN_FLIGHT in node.annotations
    )


def removal(seat: Seat, standing: Standing, kube: KubeNode | None) -> Removal:
    """`kube` is its Kubernetes node, as far as one is known."""
    before = standing.membership
    return Removal(
        seat=seat,
        before=before,
        after=before.removed(seat.id),
        refusals=tuple(_refusals(seat, standing, before, kube)),
    )


def one_line(seat: Seat) -> str:
    """Who that is, for a list of several."""
    where = ", ".join(seat.member.peer_urls) or "no address"
    condition = seat.condition.value + (f": {seat.why}" if seat.why else "")
    return f"{seat.id}  {seat.member.hostname or 'never started'}  {where}  {condition}"


def _is_called(seat: Seat, word: str) -> bool:
    found = _ID.fullmatch(word)
    if found and found[1].lower().rjust(_WHOLE_ID, "0") == seat.id:
        return True
    names = {same(name) for name in (seat.member.hostname, seat.address, *addresses_of(seat.member)) if name}
    return same(word) in names or (seat.node is not None and _names(seat.node, word))


def _names(node: DesiredNode, word: str) -> bool:
    return word == node.hostname or same(word) in map(same, node.addresses)


def _refusals(seat: Seat, standing: Standing, before: Membership, kube: KubeNode | None) -> list[Refusal]:
    found = [_doubted(doubt) for doubt in standing.doubts]
    found += _because_of_it(seat, kube)
    after = before.removed(seat.id)
    if len(standing.seats) == 1:
        found.append(_refusal(QUORUM, seat, "it is the only member of etcd", "talops etcd status"))
    elif not before.quorate:
        found.append(
            _refusal(
                QUORUM,
                seat,
                f"etcd has no quorum, so it can agree on nothing, not even on this: {_healthy(before)}",
                "talops etcd recover   # what brings it back",
            )
        )
    elif not after.quorate:
        what = f"without it etcd would have no quorum: {_healthy(after)}"
        found.append(_refusal(QUORUM, seat, what, "talops etcd recover   # bring the others back first"))
    elif refused := before.refuses_removal(seat.id):
        found.append(_refusal(QUORUM, seat, f"etcd itself would refuse it: {refused.value}", "talops etcd status"))
    return found


def _because_of_it(seat: Seat, kube: KubeNode | None) -> list[Refusal]:
    if seat.well:
        return [_healthy_member(seat)]
    if seat.condition is Condition.UNKNOWN:
        what = f"how {seat.name} is cannot be seen, and what is not known is not removed: {seat.why}"
        return [_refusal(FAIL_CLOSED, seat, what, f"talosctl -n {seat.address} etcd status")]
    if seat.condition is Condition.SILENT and kube is not None and kube.ready is True:
        what = (
            f"its Talos API does not answer us ({seat.why}), and Kubernetes calls its node Ready: it may be alive, and "
            "only out of our reach"
        )
        return [
            _refusal(FAIL_CLOSED, seat, what, "if it has just died, Kubernetes knows that in a minute: run it again")
        ]
    return []


def _healthy_member(seat: Seat) -> Refusal:
    what = "it is healthy" if seat.voter else "it is healthy, and a learner that is about to become a voter"
    leave = f"talosctl -n {seat.address} reset --graceful   # it leaves etcd by itself, and wipes the node"
    if not seat.voter:
        leave = (
            f"talosctl -n {seat.address} reset --graceful --reboot --system-labels-to-wipe=EPHEMERAL"
            "   # it leaves, and joins anew"
        )
    return _refusal(QUORUM, seat, f"{what}: a member that is alive is not taken away, it leaves", leave)


def _doubted(doubt: str) -> Refusal:
    return Refusal(law=FAIL_CLOSED, hostname="", what=doubt, hint="talops etcd status   # what each of them sees")


def _refusal(law: int, seat: Seat, what: str, hint: str) -> Refusal:
    return Refusal(law=law, hostname=seat.name, what=what, hint=hint)


def _healthy(membership: Membership) -> str:
    return f"{membership.healthy} of {count(membership.voters, 'voter')} healthy, quorum needs {membership.needs}"


def _losses(left: int) -> str:
    return "no further loss is borne" if left <= 0 else f"{count(left, 'more loss', 'more losses')} borne"


def refused(refusals: Sequence[Refusal]) -> str:
    """All reasons, for the last words."""
    lines = [f"{refusal.hostname}: {refusal.what}" if refusal.hostname else refusal.what for refusal in refusals]
    return (
        f"refused: {lines[0]}"
        if len(lines) == 1
        else "refused, for these reasons:\n" + "\n".join(f"  - {line}" for line in lines)
    )
