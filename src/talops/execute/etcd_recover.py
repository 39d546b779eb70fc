"""`talops etcd recover`: looks, names the case, says what to type and why; and carries out what is safe to carry out.

That is one story: a control plane died, its replacement is stuck joining; the dead member is removed, and the new one
watched until it is a voter and well.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from talops.domain.cluster import DesiredNode
from talops.domain.event import Step
from talops.domain.standing import Standing, is_silent
from talops.domain.talos import EtcdView, ServiceState, Unknown
from talops.errors import Exit, Unreachable
from talops.execute.etcd import Confirm, EtcdRun
from talops.execute.etcd_look import look, no_word
from talops.execute.etcd_remove import how_it_is, take_out
from talops.execute.etcd_words import Said
from talops.execute.snapshotfile import SnapshotFile
from talops.observe.asking import answers
from talops.plan.etcd import standing, told
from talops.plan.etcd_recovery import Case, Kind, diagnose
from talops.tools.servicestates import service_states

JOINED_WITHIN = timedelta(minutes=15)
"""A learner copies the whole database before it becomes a voter; Talos tries to promote it every few seconds."""
NOBODY = "nobody is there to answer: add --yes to let it be done without asking"


def recover(run: EtcdRun, place: Callable[[], SnapshotFile], confirm: Confirm | None) -> Said:
    """`confirm` is None where nobody can answer: then what would be done is only said.

    `place` raises UsageError; it is asked for only when a snapshot is to be taken.
    """
    session = run.session
    views = look(session.desired, session.tools)
    found = standing(session.desired, views)
    if isinstance(found, Unknown) and all(is_silent(one) for one in views):
        raise no_word(found, views)
    cases = diagnose(session.desired, found, views)
    first = cases[0]
    if first.kind is Kind.WELL:
        return Said(what=f"Nothing is wrong: {first.what}.")
    for line in report(cases):
        session.note(line)
    if not first.carried_out or isinstance(found, Unknown):
        return Said(what=f"{_named(first)}. The commands are above; talops types none of them.", exit=Exit.GATE)
    if confirm is None:
        what = f"{_named(first)}. Nothing was done: {NOBODY}."
        return Said(what=what, hint=f"{session.again} --yes", exit=Exit.PENDING)
    return _carry_out(run, first, found, place, confirm)


def report(cases: Sequence[Case]) -> Iterator[str]:
    """Each case, then its commands with their reasons."""
    for case in cases:
        yield f"{case.kind.value}: {case.what}"
        for number, one in enumerate(case.advice, 1):
            yield f"  {number}. {one.why}"
            if one.command:
                yield f"       {one.command}"


def _named(case: Case) -> str:
    return f"{case.kind.value[0].upper()}{case.kind.value[1:]}"


def _carry_out(run: EtcdRun, case: Case, found: Standing, place: Callable[[], SnapshotFile], confirm: Confirm) -> Said:
    """Each step is asked for. What was done stays done, whatever the answer to the next."""
    done = ""
    if case.remove is not None:
        removed = take_out(run, case.remove, found, place(), confirm)
        if removed is None:
            what = f"Not confirmed; the dead member {case.remove.id} was left where it is."
            return Said(what=what, hint=run.session.again, exit=Exit.STOPPED)
        done = f"{how_it_is(removed)} {run.kept} "
    if case.watch is None:
        return Said(what=done.strip())
    if not run.ask(confirm, f"Watch {case.watch.hostname} until it is a voter of etcd, and well?"):
        what = f"{done}Not confirmed; {case.watch.hostname} joins by itself."
        return Said(what=what, hint="talops etcd status", exit=Exit.STOPPED)
    after = watch(run, case.watch)
    membership = after.membership
    return Said(
        what=f"{done}{case.watch.hostname} is a voter of etcd, and well: {membership.healthy} of "
        f"{membership.voters} voters are healthy."
    )


def watch(run: EtcdRun, node: DesiredNode) -> Standing:
    """Until its etcd is Running and well, it is a voter, and stays so. Raises ToolFailed when it does not get there."""
    session = run.session
    session.step(node.hostname, Step.JOIN, "it joins by itself, first as a learner")
    window = session.policy.stable_window.total_seconds()
    well_since: list[float] = []

    def missing(found: Standing, views: Sequence[EtcdView]) -> str:
        lacks = _lacks(node, found, views) or _lacks_health(run, node)
        if lacks:
            well_since.clear()
            return lacks
        well_since.append(session.now())
        return "" if session.now() - well_since[0] >= window else "it to stay well"

    hint = f"talosctl -n {node.addresses[0]} logs etcd | tail -50   # what it waits for; then {session.again} again"
    with run.on_node(node.hostname):
        return run.wait_until(missing, node.hostname, Step.JOIN, within=JOINED_WITHIN, hint=hint)


def _lacks(node: DesiredNode, found: Standing, views: Sequence[EtcdView]) -> str:
    own = next((one for one in views if one.hostname == node.hostname), None)
    seat = next((one for one in found.seats if one.node == node and one.status), None)
    if seat is None:
        if own is not None and isinstance(own.service, ServiceState):
            return f"it to become a member; of its etcd it says: {told(own.service)}"
        gap = own.status if own is not None else None
        return f"it to answer{f': {gap.reason}' if isinstance(gap, Unknown) else ''}"
    if not seat.voter:
        behind = found.furthest - seat.status.applied if seat.status else 0
        return f"it to become a voter: it is a learner, {behind} entries behind"
    if not seat.well:
        return f"it to be well: {seat.why or seat.condition.value}"
    return next(iter(found.doubts), "")


def _lacks_health(run: EtcdRun, node: DesiredNode) -> str:
    """By the word of Talos, which looks at it by itself."""
    address = node.addresses[0]
    try:
        call = run.way_to(node.hostname, address).service_states((address,))
    except Unreachable as silent:
        return f"an answer: {silent.what}"
    (result,) = run.session.tools.runner.gather([call])
    states = answers(result, service_states, (address,))[address]
    if isinstance(states, Unknown):
        return f"its services to be told: {states.reason}"
    etcd = next((state for state in states if state.id == "etcd"), None)
    if etcd is not None and (etcd.state, etcd.health) == ("Running", "OK"):
        return ""
    return f"its etcd to be Running and well: {told(etcd) if etcd else 'there is none'}"
