"""A Rook-Ceph: one OSD a host, three monitors, and an operator that polls Ceph's status once a minute."""

import uuid
from collections.abc import Sequence

from talops.sim.cluster import Cluster
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.builtin import CEPH_CLUSTERS
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.workloads import Workloads

NAMESPACE = "rook-ceph"
POLL_SECONDS = 60.0
BUDGETS_FOLLOW = 15.0
TOOLBOX = "rook-ceph-tools"
CEPH_VERSION = "ceph version 19.2.3 (c92aebb279828e9c3c1f5d24613efca272649e62) squid (stable)"
_OSD = "rook-ceph-osd"


class Ceph:
    """`recovering` means that placement groups are degraded; the CephCluster shows it as late as Rook polls."""

    def __init__(self, cluster: Cluster, workloads: Workloads, hosts: Sequence[str]) -> None:
        self._cluster = cluster
        self._store = cluster.store
        self._workloads = workloads
        self.hosts = tuple(hosts)
        self.monitors = min(3, len(self.hosts))
        self.fsid = str(uuid.uuid5(uuid.NAMESPACE_DNS, cluster.desired.cluster_name))
        self.osds_down: set[str] = set()
        self.monitors_down: set[str] = set()
        self.recovering = False
        self.never_recovers = False
        self._blocked = False
        self._store.register(CEPH_CLUSTERS)
        self._build()
        workloads.on_pod.append(self._hear)
        cluster.on_ready.append(self._spoil)

    def _build(self) -> None:
        for number, host in enumerate(self.hosts):
            self._pod(
                f"{_OSD}-{number}", host, {"app": _OSD, "ceph-osd-id": str(number), "topology-location-host": host}
            )
        for number, host in enumerate(self.hosts[:3]):
            name = "abc"[number]
            self._pod(f"rook-ceph-mon-{name}", host, {"app": "rook-ceph-mon", "mon": name})
        for app, place in (("rook-ceph-mgr", 0), ("rook-ceph-operator", -1)):
            self._workloads.deployment(NAMESPACE, app, [self.hosts[place]])
        self._budget("rook-ceph-mon-pdb", {"maxUnavailable": 1}, {"app": "rook-ceph-mon"})
        self._budget(_OSD, {"maxUnavailable": 1}, {"app": _OSD})
        self._store.create(
            "cephclusters",
            {
                "apiVersion": "ceph.rook.io/v1",
                "kind": "CephCluster",
                "metadata": {"name": "rook-ceph", "namespace": NAMESPACE},
                "spec": {"dataDirHostPath": "/var/lib/rook", "mon": {"count": 3}},
                "status": self._status(),
            },
        )
        self._cluster.timeline.after(self._cluster.random.uniform(5, POLL_SECONDS), self._poll)

    def install_toolbox(self) -> None:
        """For whoever takes commands there; a rehearsal needs none."""
        self._workloads.deployment(NAMESPACE, TOOLBOX, [self.hosts[0]])

    def _pod(self, name: str, host: str, labels: dict[str, str]) -> None:
        self._workloads.pinned(NAMESPACE, name, host, labels, ("ReplicaSet", name))

    def _budget(self, name: str, spec: Object, labels: dict[str, str]) -> None:
        if self._store.get("poddisruptionbudgets", name, NAMESPACE) is None:
            metadata = {"name": name, "namespace": NAMESPACE}
            body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1", "metadata": metadata}
            self._store.create("poddisruptionbudgets", {**body, "spec": {**spec, "selector": {"matchLabels": labels}}})

    def _hear(self, pod: Object) -> None:
        metadata = pod["metadata"]
        if metadata["namespace"] != NAMESPACE:
            return
        app = (metadata.get("labels") or {}).get("app")
        if app not in {_OSD, "rook-ceph-mon"}:
            return
        current = self._store.get("pods", metadata["name"], NAMESPACE)
        up = current is not None and is_ready(current) and "deletionTimestamp" not in current["metadata"]
        down = self.osds_down if app == _OSD else self.monitors_down
        if up and metadata["name"] in down:
            down.discard(metadata["name"])
            if app == _OSD and not self.osds_down:
                self._cluster.timeline.after(self._cluster.random.uniform(15, 45), self._recovered)
        elif not up and metadata["name"] not in down:
            down.add(metadata["name"])
            if app == _OSD:
                self.recovering = True
                self._cluster.timeline.after(BUDGETS_FOLLOW, self._block_other_hosts)

    def _spoil(self, machine: Machine) -> None:
        if self._cluster.faulty("ceph-stays-degraded", machine.hostname):
            self.never_recovers = True
            self.recovering = True

    def _recovered(self) -> None:
        if self.osds_down or self.never_recovers:
            return
        self.recovering = False
        self._cluster.timeline.after(BUDGETS_FOLLOW, self._allow_again)

    def _block_other_hosts(self) -> None:
        """While a host drains, Rook lets no OSD of another host be evicted."""
        if not self.osds_down or self._blocked:
            return
        self._blocked = True
        draining = {self.host_of(osd) for osd in self.osds_down}
        for host in self.hosts:
            if host not in draining:
                labels = {"app": _OSD, "topology-location-host": host}
                self._budget(f"{_OSD}-host-{host}", {"maxUnavailable": 0}, labels)
        self._store.remove("poddisruptionbudgets", _OSD, NAMESPACE)

    def _allow_again(self) -> None:
        if self.recovering or not self._blocked:
            return
        self._blocked = False
        self._budget(_OSD, {"maxUnavailable": 1}, {"app": _OSD})
        for host in self.hosts:
            self._store.remove("poddisruptionbudgets", f"{_OSD}-host-{host}", NAMESPACE)

    def host_of(self, osd: str) -> str:
        return self.hosts[int(osd.rsplit("-", 1)[1])]

    def _poll(self) -> None:
        self._cluster.timeline.after(POLL_SECONDS, self._poll)
        if self._cluster.faulty("stale-ceph") or not self._operator_runs() or self._cluster.api_problem():
            return
        status = self._status()

        def change(found: Object) -> None:
            found["status"] = status

        self._store.update("cephclusters", "rook-ceph", NAMESPACE, change)

    def _operator_runs(self) -> bool:
        pods = self._store.all("pods")
        apps = (pod for pod in pods if (pod["metadata"].get("labels") or {}).get("app") == "rook-ceph-operator")
        return any(is_ready(pod) for pod in apps)

    def _status(self) -> Object:
        stamp = self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        details = self.details()
        health = "HEALTH_WARN" if details else "HEALTH_OK"
        message = "Cluster created successfully"
        ready = {"type": "Ready", "status": "True", "reason": "ClusterCreated", "message": message}
        ready.update(lastHeartbeatTime=stamp, lastTransitionTime=stamp)
        ceph = {"health": health, "lastChecked": stamp, "versions": {"overall": {CEPH_VERSION: 9}}, "fsid": self.fsid}
        if details:
            ceph["details"] = details
        return {
            "state": "Created",
            "phase": "Ready",
            "message": message,
            "observedGeneration": 1,
            "conditions": [ready],
            "ceph": ceph,
            "storage": {"deviceClasses": [{"name": "ssd"}], "osd": {"storeType": {"bluestore": len(self.hosts)}}},
            "version": {"image": "quay.io/ceph/ceph:v19.2.3", "version": "19.2.3-0"},
        }

    def details(self) -> Object:
        """Health checks that are not OK at this moment, by code."""
        found: Object = {}
        if self.osds_down:
            found["OSD_DOWN"] = {"severity": "HEALTH_WARN", "message": f"{len(self.osds_down)} osds down"}
        if self.monitors_down:
            out = f"{len(self.monitors_down)}/3 mons down, quorum held by the others"
            found["MON_DOWN"] = {"severity": "HEALTH_WARN", "message": out}
        if self.recovering:
            message = "Degraded data redundancy: 214/3816 objects degraded (5.608%), 31 pgs degraded"
            found["PG_DEGRADED"] = {"severity": "HEALTH_WARN", "message": message}
        return found

    def mend(self) -> None:
        """The fault is over: recovery goes on."""
        if self.never_recovers:
            self.never_recovers = False
            self._cluster.timeline.after(20, self._recovered)
