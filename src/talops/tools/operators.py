"""What operators say in their custom resources: Rook, CloudNativePG, and those that take nodes down like we do."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from talops.domain.kubernetes import CephCheck, CephCluster, ForeignActor, PostgresCluster
from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.tools.kubernetes import condition
from talops.tools.reading import ParseError, count, flag, load, rows, strings, table, text, texts
from talops.tools.replies import list_reader

KURED_LOCK = "weave.works/kured-node-lock"
_HIBERNATION = "cnpg.io/hibernation"
_UNSETTLED = frozenset({"DeletingPods", "WaitingPodsDeletion", "WaitingForHealthy", "WrongAnnotationValue"})
_TUPPR_AT_REST = frozenset({"", "Completed", "Failed"})
_MONITORS_OF_ROOK = 3


@lru_cache(maxsize=64)
def _ceph(piece: bytes) -> CephCluster:
    found = load(piece)
    status, spec = table(found, "status"), table(found, "spec")
    details = table(status, "ceph", "details")
    return CephCluster(
        namespace=text(found, "metadata", "namespace"),
        name=text(found, "metadata", "name"),
        external=flag(spec, "external", "enable"),
        phase=text(status, "phase"),
        state=text(status, "state"),
        message=text(status, "message"),
        health=text(status, "ceph", "health"),
        checks=tuple(
            CephCheck(code=code, severity=text(check, "severity"), message=text(check, "message"))
            for code, check in sorted(details.items())
        ),
        last_checked=text(status, "ceph", "lastChecked"),
        monitors=count(spec, "mon", "count") or _MONITORS_OF_ROOK,
        checks_disabled=flag(spec, "healthCheck", "daemonHealth", "status", "disabled"),
        deleting=bool(text(found, "metadata", "deletionTimestamp")),
        mixed_versions=len(table(status, "ceph", "versions", "overall")) > 1,
        migrating_osds=count(status, "storage", "osd", "migrationStatus", "pending"),
    )


@lru_cache(maxsize=512)
def _postgres(piece: bytes) -> PostgresCluster:
    found = load(piece)
    status, spec = table(found, "status"), table(found, "spec")
    annotations = strings(found, "metadata", "annotations")
    reported = table(status, "instancesReportedState")
    hibernated, unsettled = _hibernation(found, annotations)
    name = text(found, "metadata", "name")
    return PostgresCluster(
        namespace=text(found, "metadata", "namespace"),
        name=name,
        wanted=count(spec, "instances"),
        instances=count(status, "instances"),
        ready=count(status, "readyInstances"),
        phase=text(status, "phase"),
        phase_reason=text(status, "phaseReason"),
        primary=text(status, "currentPrimary"),
        target_primary=text(status, "targetPrimary"),
        ready_condition=condition(found, "Ready")[0],
        reported_primaries=tuple(sorted(pod for pod, state in reported.items() if flag(state, "isPrimary"))),
        reported=len(reported),
        replica_cluster=_is_replica_cluster(table(spec, "replica"), name),
        hibernated=hibernated,
        hibernation_unsettled=unsettled,
        fenced=_is_fenced(annotations.get("cnpg.io/fencedInstances", "")),
        reconciliation_disabled=annotations.get("cnpg.io/reconciliationLoop") == "disabled",
        deleting=bool(text(found, "metadata", "deletionTimestamp")),
        troubled_volumes=tuple(
            volume for kind in ("danglingPVC", "initializingPVC", "unusablePVC") for volume in texts(status, kind)
        ),
        consistent_system_id=condition(found, "ConsistentSystemID")[0],
        switching_replica=flag(status, "switchReplicaClusterStatus", "inProgress"),
        resource_version=text(found, "metadata", "resourceVersion"),
    )


def _hibernation(found: object, annotations: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether it sleeps, and whether it is on its way there or back."""
    wish = annotations.get(_HIBERNATION, "off")
    state, reason, _ = condition(found, _HIBERNATION)
    hibernated = wish == "on" and state is True and reason == "Hibernated"
    return hibernated, not hibernated and (wish != "off" or reason in _UNSETTLED)


def _is_replica_cluster(replica: Mapping[str, object], name: str) -> bool:
    primary = text(replica, "primary")
    return flag(replica, "enabled") or (bool(primary) and primary != (text(replica, "self") or name))


def _is_fenced(annotation: str) -> bool:
    # what cannot be read may fence every instance
    return annotation.strip() not in {"", "[]"}


def _kured(piece: bytes) -> tuple[ForeignActor, ...]:
    if KURED_LOCK.encode() not in piece:
        return ()
    found = load(piece)
    lock = text(found, "metadata", "annotations", KURED_LOCK)
    holders = _kured_nodes(lock)
    where = f"{text(found, 'metadata', 'namespace')}/{text(found, 'metadata', 'name')}"
    return tuple(
        ForeignActor(tool="kured", what=f"{holder} holds the reboot lock of DaemonSet {where}") for holder in holders
    )


def _kured_nodes(lock: str) -> tuple[str, ...]:
    """The nodes of one lock, or of a lock for several. A lock that cannot be read is held by somebody."""
    if not lock.strip():
        return ()
    try:
        found = json.loads(lock)
        held = rows(found, "locks") if "locks" in table(found) else [found]
        return tuple(f"node {text(row, 'nodeID') or 'without a name'}" for row in held)
    except (ValueError, RecursionError, ParseError):
        return ("somebody",)


def _tuppr(piece: bytes) -> tuple[ForeignActor, ...]:
    found = load(piece)
    phase = text(found, "status", "phase")
    suspended = "tuppr.home-operations.com/suspend" in table(found, "metadata", "annotations")
    if phase in _TUPPR_AT_REST or (suspended and phase == "Pending"):
        return ()
    return (ForeignActor(tool="tuppr", what=f"TalosUpgrade {text(found, 'metadata', 'name')} is {phase}"),)


def _plan(piece: bytes) -> tuple[ForeignActor, ...]:
    found = load(piece)
    applying = texts(found, "status", "applying")
    if not applying:
        return ()
    name = f"{text(found, 'metadata', 'namespace')}/{text(found, 'metadata', 'name')}"
    return (ForeignActor(tool="system-upgrade-controller", what=f"plan {name} is applying to {', '.join(applying)}"),)


ceph_clusters = list_reader("CephClusterList", _ceph)
postgres_clusters = list_reader("ClusterList", _postgres)
_kured_locks = list_reader("DaemonSetList", lru_cache(maxsize=1024)(_kured))
_tuppr_upgrades = list_reader("TalosUpgradeList", _tuppr)
_upgrade_plans = list_reader("PlanList", _plan)


def kured_locks(reply: Response) -> tuple[ForeignActor, ...] | Unknown:
    """Held locks of kured, found on any DaemonSet."""
    return _flat(_kured_locks(reply))


def tuppr_upgrades(reply: Response) -> tuple[ForeignActor, ...] | Unknown:
    """TalosUpgrades that are neither finished nor failed: tuppr may act at any moment."""
    return _flat(_tuppr_upgrades(reply))


def upgrade_plans(reply: Response) -> tuple[ForeignActor, ...] | Unknown:
    """Plans of Rancher's system-upgrade-controller that are being applied to nodes."""
    return _flat(_upgrade_plans(reply))


def _flat(found: Iterable[tuple[ForeignActor, ...]] | Unknown) -> tuple[ForeignActor, ...] | Unknown:
    return found if isinstance(found, Unknown) else tuple(actor for actors in found for actor in actors)
