"""Builds the embedded cluster from the operator's own files, healthy and settled, with the faults of today."""

from collections.abc import Sequence
from functools import partial
from random import Random

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import Version
from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.etcd import Etcd
from talops.sim.faults import Fault
from talops.sim.kube.objects import Object
from talops.sim.kube.store import ObjectStore
from talops.sim.kubelet import Kubelet
from talops.sim.machine import Machine, System
from talops.sim.postgres import Postgres
from talops.sim.timeline import Timeline
from talops.sim.workloads import Workloads

EMPTY_SCHEMATIC = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
STORAGE_HOSTS = 5
LONG_AGO = "2026-02-01T06:00:00Z"
ELSEWHERE = "somebody@elsewhere"
_BUDGETED = ("ingress", "web")


def earlier(version: Version) -> Version:
    """Where a rehearsal starts unless told: one patch before the target, or the first release of the minor before."""
    if version.patch > 0:
        return Version.parse(f"v{version.major}.{version.minor}.{version.patch - 1}")
    return Version.parse(f"v{version.major}.{max(version.minor - 1, 0)}.0")


def build(
    desired: Desired, *, start: Version | None, faults: Sequence[Fault], seed: int, timeline: Timeline | None = None
) -> tuple[Cluster, "Parts"]:
    random = Random(seed)
    timeline = timeline or Timeline()
    store = ObjectStore(timeline.wall, seed=seed)
    machines = {
        node.hostname: _machine(node, start or earlier(desired.talos_version), random) for node in desired.nodes
    }
    etcd = Etcd.of([machine for machine in machines.values() if machine.control_plane], timeline, random)
    kubelet = Kubelet(store, str(desired.kubernetes_version))
    cluster = Cluster(desired, timeline, random, store, machines, etcd, set(faults), kubelet, _catalog(desired))
    if cluster.faulty("two-clusters"):
        kubelet.boot_id = lambda machine: f"another-{machine.hostname}"
    for name in ("kube-system", "default"):
        store.create("namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    for machine in machines.values():
        kubelet.register(machine, ready_since=LONG_AGO)
    return cluster, Parts(cluster)


def _machine(node: DesiredNode, version: Version, random: Random) -> Machine:
    schematic = node.installer.schematic if node.installer.from_files else EMPTY_SCHEMATIC
    system = System(version=version, schematic=schematic, extensions=_names(node))
    return Machine(
        hostname=node.hostname,
        role=node.role,
        addresses=node.addresses,
        slots={"A": system, "B": None},
        random=Random(random.getrandbits(64)),
    )


def _names(node: DesiredNode) -> tuple[str, ...]:
    """Extensions as the node reports them: without the publisher that the files put before the name."""
    return tuple(name.rpartition("/")[2] for name in node.extensions or ())


def _catalog(desired: Desired) -> dict[str | None, tuple[str, ...]]:
    """What each schematic of the files contains."""
    return {node.installer.schematic: _names(node) for node in desired.nodes}


class Parts:
    """What runs on the cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.workloads = Workloads(cluster)
        self.ceph: Ceph | None = None
        self.postgres: Postgres | None = None
        for machine in cluster.machines.values():
            self.workloads.system_pods(machine)
        workers = [m.hostname for m in cluster.machines.values() if not m.control_plane] or list(cluster.machines)
        self._apps(workers)
        hosts = workers if len(workers) > 2 else list(cluster.machines)
        if len(hosts) > 2:
            self.ceph = Ceph(cluster, self.workloads, hosts[:STORAGE_HOSTS])
            self.postgres = Postgres(cluster, self.workloads, hosts[:3])
        self._faults(workers)
        cluster.place_virtual_ip()
        cluster.timeline.run_until(cluster.timeline.now + 2)

    def _apps(self, workers: list[str]) -> None:
        """CoreDNS, two budgeted services, and one pod on each worker; every third keeps data in an emptyDir."""
        hosts = [workers[number % len(workers)] for number in range(2)]
        self.workloads.deployment("kube-system", "coredns", hosts)
        for name in _BUDGETED:
            self.workloads.deployment(name, name, hosts)
            if len(workers) > 1:
                self.budget(name, name, {"maxUnavailable": 1})
        for number, host in enumerate(workers):
            self.workloads.deployment("jobs", f"runner-{number}", [host], empty_dir=number % 3 == 0)

    def budget(self, namespace: str, name: str, spec: Object) -> None:
        body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1"}
        metadata = {"name": name, "namespace": namespace}
        selector = {"matchLabels": {"app": name}}
        self.cluster.store.create(
            "poddisruptionbudgets", {**body, "metadata": metadata, "spec": {**spec, "selector": selector}}
        )

    def _faults(self, workers: list[str]) -> None:
        cluster = self.cluster
        for fault in sorted(cluster.faults, key=str):
            match fault.name:
                case "dead-node":
                    machine = cluster.machines[fault.hostname]
                    machine.set_stage("running", ready=False, up=False)
                    cluster.etcd.set_up(machine, False)
                    cluster.kubelet.lost(machine)
                    cluster.held[fault.hostname] = partial(cluster.boot, machine)
                case "pdb-blocks":
                    name = self._unused("poddisruptionbudgets", "legacy", "legacy", fault.hostname)
                    self.workloads.deployment("legacy", name, [fault.hostname])
                    self.budget("legacy", name, {"minAvailable": 1})
                case "bare-pod":
                    name = self._unused("pods", "default", "debug", fault.hostname)
                    self.workloads.add("default", name, fault.hostname, owner=None)
                case "etcd-member-lost":
                    machine = cluster.machines[fault.hostname]
                    cluster.etcd.set_up(machine, False)
                    machine.etcd_broken = True
                case "foreign-kured":
                    self.kured(workers[0])
                case "lease-held":
                    self._held_lease()

    def _unused(self, plural: str, namespace: str, name: str, hostname: str) -> str:
        """A fault may happen to several nodes; each has objects of its own."""
        return name if self.cluster.store.get(plural, name, namespace) is None else f"{name}-{hostname}"

    def mend(self) -> None:
        """What the faults put into the cluster is taken out again, and what they broke goes on."""
        store = self.cluster.store
        for plural, namespace in (("poddisruptionbudgets", "legacy"), ("pods", "default")):
            found = [one["metadata"] for one in store.all(plural)]
            for name in [metadata["name"] for metadata in found if metadata["namespace"] == namespace]:
                store.remove(plural, name, namespace)
        store.remove("daemonsets", "kured", "kube-system")
        lease = store.get("leases", "talops", "kube-system")
        if lease is not None and lease["spec"]["holderIdentity"] == ELSEWHERE:
            store.remove("leases", "talops", "kube-system")
        if self.ceph is not None:
            self.ceph.mend()
        if self.postgres is not None:
            self.postgres.mend()

    def kured(self, host: str) -> None:
        lock = f'{{"nodeID":"{host}","metadata":{{"unschedulable":false}},"created":"2026-03-01T02:58:11Z","TTL":0}}'
        metadata = {"name": "kured", "namespace": "kube-system", "annotations": {"weave.works/kured-node-lock": lock}}
        labels = {"name": "kured"}
        containers = [{"name": "kured", "image": "registry.example/kured"}]
        template: Object = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        spec: Object = {"selector": {"matchLabels": labels}, "template": template}
        counts = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
        status = dict.fromkeys(counts, 0)
        body: Object = {"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": metadata}
        body = {**body, "spec": spec, "status": status}
        self.cluster.store.create("daemonsets", body)

    def _held_lease(self) -> None:
        """Another talops that renews its Lease every ten seconds."""
        store, timeline = self.cluster.store, self.cluster.timeline
        spec: Object = {"holderIdentity": ELSEWHERE, "leaseDurationSeconds": 60}
        metadata = {"name": "talops", "namespace": "kube-system"}
        body: Object = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata, "spec": spec}
        store.create("leases", body)

        def renew() -> None:
            if store.get("leases", "talops", "kube-system") is None:
                return

            def change(lease: Object) -> None:
                lease["spec"]["renewTime"] = timeline.wall().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

            store.update("leases", "talops", "kube-system", change)
            timeline.after(10, renew)

        renew()
