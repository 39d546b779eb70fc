"""`talops status` as plain text: one line a node, what is unusual about it beneath."""

from collections.abc import Iterator, Sequence

from talops.domain.status import Status, StatusRow
from talops.domain.verdict import GateState, Verdict
from talops.ui.words import count, folded, names


def show_status(status: Status, *, width: int = 80) -> str:
    """Nodes, gates, who else is at work; the last lines say healthy or not, and what to type next."""
    lines = [f"cluster {status.cluster}", ""]
    wide = max((len(row.hostname) for row in status.rows), default=0)
    for row in status.rows:
        lines += _row(row, wide, width)
    lines.append("")
    for verdict in status.verdicts:
        lines += _gate(verdict, width)
    lines += _others(status, width)
    return "\n".join([*lines, "", *folded(_health(status), width, rest="  "), f"next: {_next(status)}"])


def _row(row: StatusRow, wide: int, width: int) -> Iterator[str]:
    wanted = "" if row.version_now == row.version_wanted else f" (wants {row.version_wanted})"
    version = f"{row.version_now}{wanted}"
    start = f"{row.hostname:<{wide}}  {row.role.value:<12}  {version}  {_kubernetes(row)}"
    extra = ", ".join(_extras(row))
    if extra and len(start) + 2 + len(extra) <= width:
        yield f"{start}  {extra}"
    else:
        yield start
        yield from folded(extra, width, first="    ", rest="    ")
    if row.in_flight:
        yield from folded(f"IN FLIGHT: {row.in_flight}", width, first="    ", rest="      ")
    if row.note:
        yield from folded(row.note, width, first="    ", rest="      ")


def _kubernetes(row: StatusRow) -> str:
    if row.unreachable:
        return "UNREACHABLE"
    return {True: "Ready", False: "NOT READY", None: "Ready unknown"}[row.kube_ready]


def _extras(row: StatusRow) -> Iterator[str]:
    if row.cordoned:
        yield "CORDONED"
    if row.etcd:
        yield f"etcd {row.etcd}"
    if row.holds_vip:
        yield "has the VIP"


def _gate(verdict: Verdict, width: int) -> Iterator[str]:
    state = verdict.state.value if verdict.passes else verdict.state.value.upper()
    yield f"gate {verdict.gate}: {state}"
    for reason in (*verdict.reasons, *verdict.notes):
        yield from folded(reason, width, first="    ", rest="      ")


def _others(status: Status, width: int) -> Iterator[str]:
    if status.lease:
        yield from folded(f"rollout Lease: held by {status.lease}", width, rest="    ")
    elif status.lease == "":
        yield "rollout Lease: held by nobody"
    for stranger in status.strangers:
        yield from folded(f"not in the files, never touched: {stranger}", width, rest="    ")
    for actor in status.foreign or ():
        yield from folded(f"AT WORK besides talops: {actor}", width, rest="    ")
    for reason in status.unseen:
        yield from folded(f"NOT KNOWN, {reason}", width, rest="    ")


def _health(status: Status) -> str:
    if status.healthy:
        behind = _behind(status)
        return (
            f"Healthy; {count(len(behind), 'node')} not at the wanted version." if behind else "Healthy, all at target."
        )
    causes = [f"{gate} {state}" for gate, state in _shut(status)]
    unreachable = [row.hostname for row in status.rows if row.unreachable]
    flying = [row.hostname for row in status.rows if row.in_flight]
    causes += [f"unreachable: {names(unreachable)}"] if unreachable else []
    causes += [f"in flight: {names(flying)}"] if flying else []
    causes += ["another tool is at work"] if status.foreign else []
    causes += ["other tools not known"] if status.foreign is None else []
    return f"NOT HEALTHY: {'; '.join(causes)}."


def _shut(status: Status) -> list[tuple[str, str]]:
    return [(verdict.gate, verdict.state.value) for verdict in status.verdicts if not verdict.passes]


def _behind(status: Status) -> Sequence[StatusRow]:
    return [row for row in status.rows if row.version_now != row.version_wanted]


def _next(status: Status) -> str:
    """While somebody holds the Lease it is theirs to go on; what is in flight the next run settles by itself."""
    unreachable = next((row for row in status.rows if row.unreachable), None)
    if status.lease:
        return "wait for that run; when it is gone for good: talops unlock"
    if all(row.unreachable for row in status.rows):
        return status.hint or "talosctl config info   # is this the right talosconfig, and is the network up?"
    if unreachable is not None:
        return f"talosctl -n {unreachable.address} version"
    if all(row.kube_ready is None for row in status.rows):
        return status.hint or "kubectl get nodes   # is this the right kubeconfig, and are its credentials still good?"
    if any(row.in_flight for row in status.rows):
        return "talops upgrade all   # settles what is in flight first"
    if not status.healthy:
        unknown = all(verdict.state is GateState.UNKNOWN for verdict in status.verdicts if not verdict.passes)
        return "look again: talops status" if unknown else "mend what is named above, then: talops status"
    return "talops plan" if _behind(status) else "nothing; the cluster runs what the files want"
