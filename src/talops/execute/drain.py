"""The drain, which is ours: databases first, then evictions with their causes, then volumes (law 5)."""

from collections.abc import Sequence
from dataclasses import dataclass

from talops.domain.cluster import BarePods
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import Pod, PostgresCluster
from talops.domain.talos import Absent, Unknown
from talops.domain.words import count, span
from talops.errors import Exit
from talops.execute.failure import NodeStopped
from talops.execute.session import Session
from talops.observe import observe_attachments, observe_databases, observe_pods
from talops.tools import kubernetes, requests

PROMOTE_AFTER = 75.0
"""Seconds that CloudNativePG gets to move a primary by itself; it has open bugs where it never does."""
RETRY_EVERY = 5.0
GONE_EVERY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainList:
    """The pods of a node: which are evicted, which stay, which forbid the drain."""

    evict: tuple[Pod, ...]
    bare: tuple[Pod, ...]
    left: int
    empty_dirs: int


def drain_list(pods: Sequence[Pod], bare: BarePods) -> DrainList:
    """DaemonSet, mirror and finished pods stay. A bare pod would not come back: it stays in `bare` unless allowed."""
    movable = [pod for pod in pods if not (pod.owner == "DaemonSet" or pod.mirror or pod.finished)]
    refused = [pod for pod in movable if not pod.owner and bare is BarePods.REFUSE and not pod.terminating]
    evict = [pod for pod in movable if pod not in refused]
    return DrainList(
        evict=tuple(evict),
        bare=tuple(refused),
        left=len(pods) - len(evict) - len(refused),
        empty_dirs=sum(1 for pod in evict if pod.empty_dirs),
    )


def move_databases(session: Session, hostname: str, node_name: str) -> None:
    """Wait until no Postgres primary is left on the cordoned node; promote one elsewhere when nobody does.

    Raises NodeStopped.
    """
    start = session.now()
    deadline = start + session.policy.switchover_timeout.total_seconds()
    promoted: set[str] = set()
    while True:
        databases = observe_databases(session.tools)
        primaries = _primaries_on(*databases, node_name)
        if isinstance(primaries, Unknown):
            reason = f"to know where the Postgres primaries are: {primaries.reason}"
        elif not primaries:
            return
        else:
            reason = "the primary of " + ", ".join(f"{c.namespace}/{c.name}" for c in primaries) + " to move elsewhere"
            if session.now() - start > PROMOTE_AFTER:
                _promote(session, databases[1], primaries, node_name, promoted)
        if session.now() >= deadline:
            raise NodeStopped(
                hostname,
                NodeState.GATE_SHUT,
                f"{hostname}: still waiting for {reason} after {span(session.policy.switchover_timeout)}",
                hint="see `kubectl get clusters.v1.postgresql.cnpg.io -A`; move the primary by hand, then run "
                f"`{session.again}` again",
                exit=Exit.GATE,
            )
        session.waits(hostname, Step.DATABASES, reason, deadline)
        session.look_again(start, at_most=GONE_EVERY)


def _primaries_on(
    clusters: tuple[PostgresCluster, ...] | Absent | Unknown, pods: tuple[Pod, ...] | Unknown, node_name: str
) -> tuple[PostgresCluster, ...] | Unknown:
    if isinstance(clusters, Unknown):
        return clusters
    if not isinstance(clusters, tuple):
        return ()
    if isinstance(pods, Unknown):
        return pods
    here = {
        (pod.namespace, pod.labels.get("cnpg.io/cluster", ""))
        for pod in pods
        if pod.node == node_name and pod.labels.get("cnpg.io/instanceRole") == "primary"
    }
    names = {(pod.namespace, pod.name) for pod in pods if pod.node == node_name}
    return tuple(c for c in clusters if (c.namespace, c.name) in here or (c.namespace, c.primary) in names)


def _promote(
    session: Session,
    seen: tuple[Pod, ...] | Unknown,
    clusters: Sequence[PostgresCluster],
    node_name: str,
    promoted: set[str],
) -> None:
    """Ask CloudNativePG for a switchover to a Ready instance elsewhere, once for each cluster."""
    pods = seen if isinstance(seen, tuple) else ()
    for cluster in clusters:
        name = f"{cluster.namespace}/{cluster.name}"
        others = sorted(
            pod.name
            for pod in pods
            if pod.namespace == cluster.namespace
            and pod.labels.get("cnpg.io/cluster") == cluster.name
            and pod.ready
            and not pod.terminating
            and pod.node != node_name
        )
        if name in promoted or not others or cluster.target_primary != cluster.primary:
            continue
        promoted.add(name)
        session.note(f"{name} did not move its primary by itself: promoting {others[0]}.", warning=True)
        session.tools.kube.gather([requests.promote(cluster, others[0], session.tools.clock.wall())])


def drain(session: Session, hostname: str, node_name: str) -> None:
    """Evict all that can move and wait until it is gone. Raises NodeStopped naming what holds it up."""
    start = session.now()
    deadline = start + session.policy.drain_timeout.total_seconds()
    said = False
    while True:
        pods = observe_pods(node_name, session.tools)
        if isinstance(pods, Unknown):
            blockers = [f"the list of pods on {node_name}: {pods.reason}"]
        else:
            listed = drain_list(pods, session.policy.bare_pods)
            _refuse_bare(hostname, listed)
            if not listed.evict:
                return
            if not said:
                said = True
                session.step(hostname, Step.DRAIN, _drain_words(listed))
            blockers = _evict(session, listed.evict)
        if session.now() >= deadline:
            raise NodeStopped(
                hostname,
                NodeState.GATE_SHUT,
                f"{hostname} could not be drained in {span(session.policy.drain_timeout)}: {'; '.join(blockers[:5])}",
                hint=f"mend what holds the pods (or scale it up), then run `{session.again}` again",
                exit=Exit.GATE,
            )
        session.waits(hostname, Step.DRAIN, "; ".join(blockers[:3]), deadline)
        blocked = any("budget" in blocker for blocker in blockers)
        session.look_again(start, at_most=RETRY_EVERY if blocked else GONE_EVERY)


def _drain_words(listed: DrainList) -> str:
    words = f"{count(len(listed.evict), 'pod')} to evict, {listed.left} stay (DaemonSets, mirror and finished pods)"
    return f"{words}; emptyDir data of {count(listed.empty_dirs, 'pod')} is lost" if listed.empty_dirs else words


def _refuse_bare(hostname: str, listed: DrainList) -> None:
    if listed.bare:
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod in listed.bare[:5])
        raise NodeStopped(
            hostname,
            NodeState.NOT_STARTED,
            f"{hostname} runs pods that nothing would bring back: {names}",
            hint="move or delete them yourself, or allow it with `drain: {barePods: delete}` in talops.yaml",
            exit=Exit.GATE,
        )


def _evict(session: Session, pods: Sequence[Pod]) -> list[str]:
    """One round: ask for the eviction of each pod that is not leaving yet. Returns what is waited for, in words."""
    asked = [pod for pod in pods if not pod.terminating]
    replies = session.tools.kube.gather([requests.evict(pod) for pod in asked])
    words: list[str] = []
    leaving = len(pods) - len(asked)
    for pod, reply in zip(asked, replies, strict=True):
        outcome = kubernetes.evict_outcome(reply)
        match outcome:
            case kubernetes.Evicted():
                leaving += 1
            case kubernetes.Gone():
                pass
            case kubernetes.Blocked():
                budgets = ", ".join(outcome.budgets) or "its disruption budget"
                words.append(f"{pod.namespace}/{pod.name} is held by the budget {budgets}")
            case kubernetes.Denied():
                words.append(f"{pod.namespace}/{pod.name} cannot be evicted: {outcome.reason}")
    if leaving:
        words.append(f"{count(leaving, 'pod')} to end")
    return words or ["evicted pods to end"]


def wait_detached(session: Session, hostname: str, node_name: str) -> None:
    """Wait until the volumes that the evicted pods used are detached; after the time is up, say so and go on.

    Going on is what Kubernetes itself does after six minutes; never detaching would hold the rollout for ever.
    """
    start = session.now()
    deadline = start + session.policy.detach_timeout.total_seconds()
    while True:
        attachments = observe_attachments(session.tools)
        if isinstance(attachments, Unknown):
            reason = f"the list of volume attachments: {attachments.reason}"
        else:
            here = [a for a in attachments if a.node == node_name and a.attached]
            if not here:
                return
            reason = f"{count(len(here), 'volume')} to detach ({here[0].volume}{'' if len(here) == 1 else ', …'})"
            if here[0].detach_error:
                reason += f": {here[0].detach_error}"
        if session.now() >= deadline:
            session.note(f"{hostname}: still waited for {reason}; going on without.", hostname=hostname, warning=True)
            return
        session.waits(hostname, Step.DETACH, reason, deadline)
        session.look_again(start, at_most=GONE_EVERY)
