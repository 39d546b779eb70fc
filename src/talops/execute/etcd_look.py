"""etcd as it is now: what each control plane says of it, and whoever else is a member."""

from collections.abc import Sequence
from dataclasses import replace

from talops.domain.cluster import Desired
from talops.domain.standing import is_silent
from talops.domain.talos import EtcdView, MemberStatus, Unknown
from talops.errors import Refused, ToolFailed, Unreachable
from talops.observe import Tools, observe_etcd_directly
from talops.plan.etcd import strangers


def look(desired: Desired, tools: Tools) -> tuple[EtcdView, ...]:
    """Members that the files do not know are asked at the address that the others know of them."""
    views = observe_etcd_directly(desired, tools)
    pattern = next(iter(desired.control_planes), None)
    if pattern is None:
        return views
    others = [replace(pattern, hostname=address, addresses=(address,)) for _, address in strangers(desired, views)]
    return (*views, *observe_etcd_directly(replace(desired, nodes=tuple(others)), tools)) if others else views


def no_word(gap: Unknown, views: Sequence[EtcdView]) -> Unreachable | ToolFailed | Refused:
    """No control plane tells who the members of etcd are."""
    if all(is_silent(one) for one in views):
        what = f"no control plane answers: {gap.reason}"
        hint = gap.hint or "is the network (VPN) up, and is this the right cluster? see `talosctl config info`"
        return Unreachable(what, hint=hint)
    if any(isinstance(one.status, MemberStatus) and not one.status.leader.strip("0") for one in views):
        what = f"refused: etcd has no quorum, so it can agree on nothing: {gap.reason}"
        return Refused(what, hint="talops etcd recover   # what brings it back")
    what = f"no control plane tells who the members of etcd are: {gap.reason}"
    return ToolFailed(what, hint=gap.hint or "talops etcd recover   # what it is, and what to do")
