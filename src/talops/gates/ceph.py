"""The Ceph gate: every CephCluster of Rook is whole, by health code, pods, monitors and budgets.

Its status is the operator's poll, up to a minute old and silent about mutes. So it is read by code, it is combined
with what Kubernetes says about the daemons' pods, and its age is handed on as `freshness`.
"""

from collections.abc import Mapping, Sequence

from talops.domain.cluster import Observed, Policy
from talops.domain.kubernetes import CephCheck, CephCluster
from talops.domain.talos import NOT_ASKED, Absent, Unknown
from talops.domain.verdict import Verdict
from talops.gates.ceph_codes import BASELINE, HARMLESS_FLAGS, Row, Weight, first_number, flags_of, row_of
from talops.gates.findings import Findings, disabled, few, not_applicable
from talops.gates.rook import look_at_rook

GATE = "ceph"
HEALTHS = frozenset({"HEALTH_OK", "HEALTH_WARN", "HEALTH_ERR"})


def judge_ceph(observed: Observed, policy: Policy, *, going: str = "", baseline: Observed | None = None) -> Verdict:
    """Open when every CephCluster is well, and the monitors keep their quorum without `going`.

    `baseline` is what was there before the run: which codes stood, how many crashes and OSDs there were.
    """
    if not policy.ceph_gate.enabled:
        return disabled(GATE)
    found = Findings()
    before = _by_name(baseline)
    match observed.ceph:
        case Unknown() as gap:
            found.do_not_know("CephClusters", gap)
            return found.verdict(GATE, "")
        case Absent():
            return _absent(observed, policy, before, found)
        case ():
            return _none(observed, policy, before, found)
        case clusters:
            pass
    for name in sorted(before.keys() - {name_of(cluster) for cluster in clusters}):
        found.unknown.append(f"{name} was there when the run began and is gone")
    for cluster in clusters:
        _look_at_status(cluster, found)
        # with one cluster there is no doubt whose check it is
        whose = f"{name_of(cluster)} " if len(clusters) > 1 else ""
        _look_at_checks(cluster, whose, before.get(name_of(cluster)), observed, policy, found)
    guarded = [cluster for cluster in clusters if not cluster.external]
    if guarded:
        look_at_rook(guarded, observed, found, going=going, baseline=baseline)
    freshness = {name_of(cluster): cluster.last_checked for cluster in guarded}
    return found.verdict(GATE, few(f"{name_of(c)} {c.health}" for c in clusters), freshness=freshness)


def name_of(cluster: CephCluster) -> str:
    return f"{cluster.namespace}/{cluster.name}"


def _by_name(baseline: Observed | None) -> Mapping[str, CephCluster]:
    if baseline is None or not isinstance(baseline.ceph, tuple):
        return {}
    return {name_of(cluster): cluster for cluster in baseline.ceph}


def _absent(observed: Observed, policy: Policy, before: Mapping[str, CephCluster], found: Findings) -> Verdict:
    if before:
        found.unknown.append("Rook was there when the run began and its API is gone")
    if isinstance(observed.rook_pods, Unknown) and observed.rook_pods != NOT_ASKED:
        found.do_not_know("pods of Rook", observed.rook_pods)
    elif isinstance(observed.rook_pods, tuple) and observed.rook_pods:
        found.unknown.append("pods of Rook run, but its API is not there")
    if found.unknown:
        return found.verdict(GATE, "")
    return not_applicable(GATE, "no Rook in this cluster", policy.ceph_gate)


def _none(observed: Observed, policy: Policy, before: Mapping[str, CephCluster], found: Findings) -> Verdict:
    if before:
        found.unknown.append(f"{few(sorted(before))} was there when the run began and is gone")
    if isinstance(observed.rook_pods, Unknown):
        found.do_not_know("pods of Rook", observed.rook_pods)
    elif any(pod.labels.get("app") in {"rook-ceph-osd", "rook-ceph-mon"} for pod in observed.rook_pods):
        found.unknown.append("OSDs or monitors run, but there is no CephCluster")
    if found.unknown:
        return found.verdict(GATE, "")
    return not_applicable(GATE, "Rook is installed, but there is no CephCluster", policy.ceph_gate)


def _look_at_status(cluster: CephCluster, found: Findings) -> None:
    """Phase and state are Rook's; health is Ceph's as Rook heard it last."""
    name = name_of(cluster)
    if cluster.deleting:
        found.shut.append(f"{name} is being deleted")
    settled = "Connected" if cluster.external else "Ready"
    if not cluster.phase:
        found.unknown.append(f"{name} has no phase: Rook has not looked at it yet")
    elif cluster.phase != settled:
        found.shut.append(f"{name} is {cluster.phase}, not {settled}{_said(cluster)}")
    elif cluster.state == "Error":
        found.shut.append(f"{name}: Rook could not reconcile it{_said(cluster)}")
    if cluster.health not in HEALTHS:
        found.unknown.append(f"{name}: health is {cluster.health or 'not known'}")
    if cluster.external:
        found.notes.append(f"{name} is an external cluster: its daemons do not run on these nodes")
        if cluster.health == "HEALTH_ERR":
            found.shut.append(f"{name} is HEALTH_ERR")
        return
    if cluster.checks_disabled:
        found.unknown.append(f"{name}: its health checks are switched off, so its status never changes")
    if not cluster.last_checked:
        found.unknown.append(f"{name}: when its health was checked is not known")
    if cluster.mixed_versions:
        found.shut.append(f"{name} runs daemons of several versions: Ceph is being upgraded")
    if cluster.migrating_osds:
        found.shut.append(f"{name}: Rook is migrating {cluster.migrating_osds} OSDs")


def _said(cluster: CephCluster) -> str:
    return f" ({cluster.message})" if cluster.message else ""


def _look_at_checks(
    cluster: CephCluster, whose: str, before: CephCluster | None, observed: Observed, policy: Policy, found: Findings
) -> None:
    """Every check counts, whatever the health says: a muted one is listed under HEALTH_OK, too."""
    if cluster.external:
        return
    if not cluster.checks and cluster.health not in {"HEALTH_OK", ""}:
        found.unknown.append(f"{name_of(cluster)} is {cluster.health} and does not say why")
    for check in cluster.checks:
        row = row_of(check.code)
        words = f"{whose}{check.code}: {check.message or row.why}"
        match _weigh(check, row, cluster, before, observed):
            case Weight.NOTED:
                found.notes.append(words)
            case Weight.UNANSWERED:
                found.unknown.append(words)
            case Weight.STANDING if _is_allowed(check, before, policy.ceph_gate.allow):
                found.notes.append(f"{words} (allowed by talops.yaml)")
            case _:
                found.shut.append(words + _advice(check, row, policy))


def _weigh(check: CephCheck, row: Row, cluster: CephCluster, before: CephCluster | None, observed: Observed) -> Weight:
    match row.weight:
        case Weight.OSD_MAP_FLAGS:
            flags = flags_of(check.message)
            return Weight.NOTED if flags and flags <= HARMLESS_FLAGS else Weight.BLOCKS
        case Weight.OSD_FLAGS:
            return Weight.BLOCKS if _rook_drains(cluster, observed) else Weight.STANDING
        case Weight.CRASHES:
            return Weight.BLOCKS if before is not None and _more_crashes(check, before) else Weight.NOTED
        case weight:
            return weight


def _rook_drains(cluster: CephCluster, observed: Observed) -> bool:
    """Whether Rook still guards the other failure domains against a drain. Not knowing is no proof that it does not."""
    if isinstance(observed.budgets, Unknown):
        return True
    return any(b.namespace == cluster.namespace and b.name.startswith("rook-ceph-osd-") for b in observed.budgets)


def _more_crashes(check: CephCheck, before: CephCluster) -> bool:
    """Ceph remembers a crash for two weeks: only new ones are the run's."""
    old = next((then for then in before.checks if then.code == check.code), None)
    if old is None:
        return True
    count, old_count = first_number(check.message), first_number(old.message)
    if count is None or old_count is None:
        return check.message != old.message
    return count > old_count


def _is_allowed(check: CephCheck, before: CephCluster | None, allow: Sequence[str]) -> bool:
    stood = before is not None and any(then.code == check.code for then in before.checks)
    return check.code in allow or (BASELINE in allow and stood)


def _advice(check: CephCheck, row: Row, policy: Policy) -> str:
    if row.weight is Weight.STANDING:
        return f" ({row.why}; the policy's ceph allow list may let it stand)"
    if check.code in policy.ceph_gate.allow:
        return f" ({row.why or 'it depends on what it says'}; this code cannot be allowed)"
    if row.weight is Weight.CRASHES:
        return " (more than when the run began; once looked at: ceph crash archive-all)"
    return f" ({row.why})" if row.why and check.message else ""
