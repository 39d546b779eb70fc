"""Waiting for the gates: judge fresh samples until all are open and stable, or a gate's time is up (laws 2, 3, 12)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from talops.domain.cluster import GatePolicy, Observed, Policy
from talops.domain.event import GatesJudged, NodeState, Step
from talops.domain.process import Instant
from talops.domain.verdict import Verdict
from talops.domain.words import span
from talops.errors import Exit
from talops.execute.failure import NodeStopped
from talops.execute.session import SOONEST, Session
from talops.execute.streak import Stability, Streak
from talops.gates import judge
from talops.observe import observe, observe_gates

SAMPLE_AGE = 10.0
"""Seconds after which a sample proves nothing any more (law 3)."""
TICK_SHUT = 2.0
TICK_OPEN = 5.0
CEPH_RECENT = timedelta(seconds=120)
"""Two of Rook's status intervals: a status younger than that needs no second look before the first node."""
CEPH_ASKS_FOR = timedelta(seconds=15)
"""How long Rook's question may be on its way: a status that is stamped so soon after a change may be from before it."""
MAX_WAIT_UNSTABLE = timedelta(minutes=10)
"""How much longer than its timeouts a wait may last while gates open and shut again."""


ONE_MORE_SAMPLE = Stability(samples=1, window=timedelta(0), news=0)
"""Enough where the gates were proven open and stable just before."""


def before_first(policy: Policy) -> Stability:
    return Stability(
        samples=min(2, policy.stable_samples), window=min(timedelta(seconds=5), policy.stable_window), news=1
    )


def after_node(policy: Policy) -> Stability:
    """Two news: the first status poll may have begun before the node was back (facts, gates.md 1.2)."""
    return Stability(samples=policy.stable_samples, window=policy.stable_window, news=2)


def after_live(policy: Policy) -> Stability:
    """The node itself has been watched for long; nothing was stopped on it, so no storage has to be heard of anew."""
    return replace(before_first(policy), news=0)


def live_policy(policy: Policy) -> Policy:
    """The gates of a node that keeps running: what it may break is itself, and etcd."""
    return replace(
        policy,
        ceph_gate=replace(policy.ceph_gate, enabled=False),
        postgres_gate=replace(policy.postgres_gate, enabled=False),
    )


def wait_for_gates(
    session: Session,
    last: Observed,
    *,
    hostname: str,
    step: Step,
    stability: Stability,
    state: NodeState,
    baseline: Observed | None,
    going: str = "",
    just_seen: bool = False,
    policy: Policy | None = None,
) -> Observed:
    """Sample and judge until every gate is open and stable. `going` is the node that is to go down next.

    `policy`: which gates, where that is not the session's.

    `just_seen`: nothing was done since `last`, so that it is the first sample, unless it is too old for one.
    Raises NodeStopped with `state` when a gate's time is up, or at once when waiting cannot help.
    """
    policy = policy or session.policy
    start = session.now()
    streak = Streak(wanted=stability)
    shown: tuple[Verdict, ...] = ()
    hopeless = 0
    unrest: datetime | None = None
    fresh = just_seen and start - last.at <= SAMPLE_AGE
    while True:
        last = last if fresh else _look(session, last, shown)
        fresh = False
        verdicts = judge(last, session.desired, policy, going=going, baseline=baseline)
        now, wall = session.now(), session.tools.clock.wall()
        unrest = wall if _shut(verdicts) else unrest
        streak.add(now, wall, _with_recent_ceph_settled(verdicts, stability, _settled_since(last, unrest), wall))
        if _words(verdicts) != _words(shown):
            shown = verdicts
            session.emit(GatesJudged(at=now, wall=wall, hostname=hostname, verdicts=verdicts))
        lacks = streak.lacks()
        if not lacks:
            return last
        hopeless = hopeless + 1 if any(v.hopeless and not v.passes for v in verdicts) else 0
        late = _late(verdicts, policy, now - start)
        if late or hopeless > 1:
            raise _stopped(session, hostname, state, late or _shut(verdicts), now - start, lacks)
        shut = _shut(verdicts)
        reason = str(shut[0]) if shut else lacks
        session.waits(hostname, step, reason, start + _deadline(verdicts, policy).total_seconds())
        if shut:
            session.look_again(start, at_most=TICK_SHUT)
        else:
            session.pause(_between_samples(streak))


def _between_samples(streak: Streak) -> float:
    """Seconds: a window that is short is not made longer by the looks that it takes, nor news late in it."""
    stability = streak.wanted
    spacing = stability.window.total_seconds() / max(1, stability.samples - 1)
    return min(TICK_OPEN, max(SOONEST, spacing / 2 if streak.stable else spacing))


def _look(session: Session, last: Observed, shown: Sequence[Verdict]) -> Observed:
    """What gates look at. While the nodes gate is shut that includes the Talos API, which may be why it is."""
    if any(verdict.gate == "nodes" and not verdict.passes for verdict in shown):
        return observe(session.desired, session.tools, boot_ids=True)
    return observe_gates(session.desired, session.tools, last)


def gate_policy(policy: Policy, gate: str) -> GatePolicy:
    return {
        "nodes": policy.nodes_gate,
        "etcd": policy.etcd_gate,
        "ceph": policy.ceph_gate,
        "postgres": policy.postgres_gate,
    }[gate]


def _with_recent_ceph_settled(
    verdicts: Sequence[Verdict], stability: Stability, settled: datetime | None, wall: datetime
) -> list[Verdict]:
    """Before the first node a recent status is news enough, if no node has come or gone, and no gate has been shut,
    since it was taken.

    An earlier run may have died right after a reboot: what Ceph said before that proves nothing.
    """
    if stability.news != 1:
        return list(verdicts)
    return [_without_recent(verdict, settled, wall) for verdict in verdicts]


def _settled_since(last: Observed, unrest: datetime | None) -> datetime | None:
    """Since when all nodes have been as they are, and no gate was seen shut. None when a node does not tell."""
    kubes = last.kube_nodes if isinstance(last.kube_nodes, tuple) else ()
    changes = [_time(kube.ready_since) for kube in kubes]
    known = [change for change in changes if change is not None]
    if not known or len(known) < len(changes):
        return None
    return max([*known, *([unrest] if unrest else [])])


def _without_recent(verdict: Verdict, settled: datetime | None, wall: datetime) -> Verdict:
    old = {source: stamp for source, stamp in verdict.freshness.items() if not _recent(_time(stamp), settled, wall)}
    return replace(verdict, freshness=old) if old != verdict.freshness else verdict


def _recent(checked: datetime | None, settled: datetime | None, wall: datetime) -> bool:
    if checked is None or settled is None:
        return False
    return abs(wall - checked) <= CEPH_RECENT and checked - settled >= CEPH_ASKS_FOR


def _time(stamp: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return time if time.tzinfo is not None else None


def _words(verdicts: Sequence[Verdict]) -> list[tuple[str, object, tuple[str, ...]]]:
    return [(verdict.gate, verdict.state, verdict.reasons) for verdict in verdicts]


def _shut(verdicts: Sequence[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if not verdict.passes]


def _deadline(verdicts: Sequence[Verdict], policy: Policy) -> timedelta:
    """How long this wait may last: the time of the shut gates, or of all with a margin while they flap."""
    shut = _shut(verdicts)
    if shut:
        return min(gate_policy(policy, verdict.gate).timeout for verdict in shut)
    return max(gate_policy(policy, verdict.gate).timeout for verdict in verdicts) + MAX_WAIT_UNSTABLE


def _late(verdicts: Sequence[Verdict], policy: Policy, waited: Instant) -> list[Verdict]:
    late = [v for v in _shut(verdicts) if waited >= gate_policy(policy, v.gate).timeout.total_seconds()]
    if late or waited < _deadline(verdicts, policy).total_seconds():
        return late
    return list(verdicts)


def _stopped(
    session: Session, hostname: str, state: NodeState, late: Sequence[Verdict], waited: Instant, lacks: str
) -> NodeStopped:
    reasons = "; ".join(str(verdict) for verdict in _shut(late))
    what = f"a gate is not open: {reasons}" if reasons else f"every gate says open, but that is not proven: {lacks}"
    hint = f"mend what the gate names, see it with `talops status`, then run `{session.again}` again"
    if not reasons:
        hint = f"see whether what reports it still runs, such as Rook's operator; then run `{session.again}` again"
    return NodeStopped(hostname, state, f"after {span(waited)} {what}", hint=hint, exit=Exit.GATE)
