"""Faults begin and end while the cluster lives."""

from functools import partial

from talops.errors import UsageError
from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.declared.certificates import Certificates
from talops.sim.declared.network import Network
from talops.sim.etcdtrouble import CHANGES
from talops.sim.faults import Fault
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.postgres import Postgres
from talops.sim.workloads import Workloads

ELSEWHERE = "somebody@elsewhere"
_LEASE = ("leases", "talops", "kube-system")
_KURED = ("daemonsets", "kured", "kube-system")


class Trouble:
    """Most faults are looked up when their moment comes; here is what the others change at once, and how that ends."""

    def __init__(
        self,
        cluster: Cluster,
        workloads: Workloads,
        ceph: Ceph | None,
        postgres: Postgres | None,
        *,
        kured_on: str,
        network: Network,
        certificates: Certificates,
    ) -> None:
        self._cluster, self._store = cluster, cluster.store
        self._workloads, self._ceph, self._postgres = workloads, ceph, postgres
        self._kured_on = kured_on
        self._network, self._certificates = network, certificates
        self._made: dict[Fault, tuple[str, str, str]] = {}
        """Resource, name and namespace of the object that stands in the way."""

    def begin(self, fault: Fault) -> None:
        """Nothing happens when it has begun already. Raises UsageError when the power of a machine is off."""
        if fault in self._cluster.faults:
            return
        if fault.name in {"dead-node", "power-cut"}:
            self._switch_off(fault)
        self._cluster.faults.add(fault)
        if fault.name in CHANGES:
            CHANGES[fault.name][0](self._cluster, self._machine(fault))
        match fault.name:
            case "pdb-blocks":
                name = self._unused("legacy", fault.hostname)
                self._workloads.deployment("legacy", name, [fault.hostname])
                self._workloads.budget("legacy", name, {"minAvailable": 1})
                self._made[fault] = ("poddisruptionbudgets", name, "legacy")
            case "bare-pod":
                name = self._unused("debug", fault.hostname)
                self._workloads.add("default", name, fault.hostname, owner=None, labels={"app": name})
                self._made[fault] = ("pods", name, "default")
            case "two-clusters":
                self._boot_ids()
            case "foreign-kured":
                self.kured(self._kured_on)
            case "lease-held":
                self._hold_lease()
            case "cni-missing":
                self._network.lose()
            case "csr-never-approved":
                self._certificates.insist()

    def end(self, fault: Fault) -> None:
        """What it kept from going on goes on, and what it put into the cluster is taken out again."""
        self._cluster.faults.discard(fault)
        go_on = self._cluster.held.pop(fault, None)
        if go_on is not None:
            go_on()
        if fault in self._made:
            self._store.remove(*self._made.pop(fault))
        if fault.name in CHANGES:
            CHANGES[fault.name][1](self._cluster, self._machine(fault))
        match fault.name:
            case "two-clusters":
                self._boot_ids()
            case "foreign-kured":
                self._store.remove(*_KURED)
            case "cni-missing":
                self._network.restore()
            case "csr-never-approved":
                self._certificates.approve()
            case "lease-held" if self._lease_is_elsewhere():
                self._store.remove(*_LEASE)
            case "ceph-stays-degraded" if self._ceph is not None:
                self._ceph.mend()
            case "postgres-never-switches" if self._postgres is not None:
                self._postgres.mend()

    def _machine(self, fault: Fault) -> Machine:
        """That it happens to; the first one for what happens to the cluster."""
        return self._cluster.machines.get(fault.hostname) or self._cluster.control_planes[0]

    def end_all(self) -> None:
        """Every fault is over at once, those that nobody gave a name to, too."""
        faults = sorted({*self._cluster.faults, *self._cluster.held}, key=str)
        self._cluster.faults.clear()
        for fault in faults:
            self.end(fault)

    def kured(self, host: str) -> None:
        if self._store.get(*_KURED) is not None:
            return
        lock = f'{{"nodeID":"{host}","metadata":{{"unschedulable":false}},"created":"2026-03-01T02:58:11Z","TTL":0}}'
        metadata = {"name": "kured", "namespace": "kube-system", "annotations": {"weave.works/kured-node-lock": lock}}
        labels = {"name": "kured"}
        containers = [{"name": "kured", "image": "registry.example/kured"}]
        template: Object = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        spec: Object = {"selector": {"matchLabels": labels}, "template": template}
        counts = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
        body: Object = {"kind": "DaemonSet", "apiVersion": "apps/v1", "metadata": metadata, "spec": spec}
        self._store.create("daemonsets", {**body, "status": dict.fromkeys(counts, 0)})

    def _switch_off(self, fault: Fault) -> None:
        machine = self._cluster.machines[fault.hostname]
        if not machine.up:
            raise UsageError(f"{fault}: {machine.hostname} is off at this moment", hint="talops sandbox status")
        if fault.name == "power-cut":
            self._cluster.power_cut(machine)
            return
        # it has been like that for so long that everybody knows
        machine.set_stage("running", ready=False, up=False)
        self._cluster.etcd.set_up(machine, False)
        self._cluster.kubelet.lost(machine)
        self._cluster.place_virtual_ip()
        self._cluster.held[fault] = partial(self._cluster.boot, machine)

    def _unused(self, app: str, hostname: str) -> str:
        """A fault may happen to several nodes, and again: each has an app of its own."""
        taken = {(pod["metadata"].get("labels") or {}).get("app") for pod in self._store.all("pods")}
        names = [app, f"{app}-{hostname}", *(f"{app}-{hostname}-{number}" for number in range(2, len(taken) + 3))]
        return next(name for name in names if name not in taken)

    def _boot_ids(self) -> None:
        """The Kubernetes nodes are those of another cluster, or ours again."""
        lies = self._cluster.faulty("two-clusters")

        def told(machine: Machine) -> str:
            return f"another-{machine.hostname}" if lies else machine.boot_id

        self._cluster.kubelet.boot_id = told
        for machine in self._cluster.machines.values():
            self._cluster.kubelet.tell_boot_id(machine)

    def _lease_is_elsewhere(self) -> bool:
        lease = self._store.get(*_LEASE)
        return lease is not None and lease["spec"].get("holderIdentity") == ELSEWHERE

    def _hold_lease(self) -> None:
        """Another talops that renews its Lease every ten seconds, until somebody takes it away."""
        store, timeline = self._store, self._cluster.timeline
        spec: Object = {"holderIdentity": ELSEWHERE, "leaseDurationSeconds": 60}
        if store.get(*_LEASE) is None:
            metadata = {"name": "talops", "namespace": "kube-system"}
            body: Object = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata}
            store.create("leases", {**body, "spec": spec})
        else:
            store.update(*_LEASE, lambda lease: lease["spec"].update(spec))

        def renew() -> None:
            if not self._lease_is_elsewhere():
                return

            def change(lease: Object) -> None:
                lease["spec"]["renewTime"] = timeline.wall().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

            store.update(*_LEASE, change)
            timeline.after(10, renew)

        renew()
