"""etcd as it is now: what each control plane says of it, and whoever else is a member."""

from collections.abc import Sequence

from talops.domain.cluster import Desired
from talops.domain.standing import Heard
from talops.domain.talos import Unknown
from talops.errors import ToolFailed, Unreachable
from talops.observe import Tools
from talops.observe.hearing import at_addresses, hear
from talops.plan.etcd import strangers


def look(desired: Desired, tools: Tools) -> tuple[Heard, ...]:
    """Members that the files do not know are asked at the address that the others know of them."""
    heard = hear(desired.control_planes, desired, tools)
    others = strangers(desired, heard)
    if not others or not desired.control_planes:
        return heard
    wider = at_addresses([address for _, address in others], desired)
    return (*heard, *hear(wider.nodes[len(desired.nodes) :], wider, tools))


def no_word(gap: Unknown, heard: Sequence[Heard]) -> Unreachable | ToolFailed:
    """No control plane tells who the members of etcd are."""
    if all(one.silent for one in heard):
        what = f"no control plane answers: {gap.reason}"
        hint = gap.hint or "is the network (VPN) up, and is this the right cluster? see `talosctl config info`"
        return Unreachable(what, hint=hint)
    what = f"no control plane tells who the members of etcd are: {gap.reason}"
    return ToolFailed(what, hint=gap.hint or "talops etcd recover   # what it is, and what to do")
