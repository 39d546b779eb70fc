"""Builds the embedded cluster from the operator's own files, healthy and settled, with the faults of today."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import Version
from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.config.stored import StoredConfig, kubelet_of
from talops.sim.etcd import Etcd
from talops.sim.faults import Fault
from talops.sim.kube.store import ObjectStore
from talops.sim.kubelet import Kubelet
from talops.sim.machine import Machine, System
from talops.sim.postgres import Postgres
from talops.sim.timeline import Timeline
from talops.sim.trouble import Trouble
from talops.sim.workloads import Workloads

EMPTY_SCHEMATIC = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
STORAGE_HOSTS = 5
LONG_AGO = "2026-02-01T06:00:00Z"
UP_FOR = timedelta(days=3, hours=7)
SETTLING = 2.0
"""Seconds that have passed when the cluster is built."""
_BUDGETED = ("ingress", "web")


def earlier(version: Version) -> Version:
    """Where a rehearsal starts unless told: one patch before the target, or the first release of the minor before."""
    if version.patch > 0:
        return Version.parse(f"v{version.major}.{version.minor}.{version.patch - 1}")
    return Version.parse(f"v{version.major}.{max(version.minor - 1, 0)}.0")


def build(
    desired: Desired,
    *,
    start: Version | None,
    faults: Sequence[Fault],
    seed: int,
    timeline: Timeline | None = None,
    configs: Mapping[str, str] | None = None,
) -> tuple[Cluster, "Parts"]:
    """`configs`: the machine configs of the files, by hostname, as far as there are some."""
    random = Random(seed)
    timeline = timeline or Timeline()
    store = ObjectStore(timeline.wall, seed=seed)
    machines = {
        node.hostname: _machine(node, start or earlier(desired.talos_version), random) for node in desired.nodes
    }
    etcd = Etcd.of([machine for machine in machines.values() if machine.control_plane], timeline, random)
    kubelet = Kubelet(store, str(desired.kubernetes_version))
    cluster = Cluster(desired, timeline, random, store, machines, etcd, set(), kubelet, _catalog(desired))
    for name in ("kube-system", "default"):
        store.create("namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    for machine in machines.values():
        machine.booted_at = timeline.wall() - UP_FOR
        _configure(machine, desired, configs or {})
        kubelet.register(machine, ready_since=LONG_AGO)
    cluster.on_ready.append(lambda machine: _adopt_images(cluster, machine))
    return cluster, Parts(cluster, sorted(set(faults), key=str))


def _adopt_images(cluster: Cluster, machine: Machine) -> None:
    if machine.new_config:
        from talops.sim.config.kubernetes import adopt_images

        adopt_images(cluster, machine)


def _machine(node: DesiredNode, version: Version, random: Random) -> Machine:
    schematic = node.installer.schematic if node.installer.from_files else EMPTY_SCHEMATIC
    system = System(version=version, schematic=schematic, extensions=_names(node))
    # what it was upgraded from, long ago
    before = replace(system, version=earlier(version))
    return Machine(
        hostname=node.hostname,
        role=node.role,
        addresses=node.addresses,
        slots={"A": system, "B": before},
        random=Random(random.getrandbits(64)),
    )


def _configure(machine: Machine, desired: Desired, configs: Mapping[str, str]) -> None:
    node = desired.node(machine.hostname)

    def begin() -> str:
        from talops.sim.config.starting import starting_config

        return starting_config(desired, node, configs, machine.version)

    machine.config = StoredConfig(begin)
    machine.kubernetes = kubelet_of(configs.get(machine.hostname, ""))


def _names(node: DesiredNode) -> tuple[str, ...]:
    """Extensions as the node reports them: without the publisher that the files put before the name."""
    return tuple(name.rpartition("/")[2] for name in node.extensions or ())


def _catalog(desired: Desired) -> dict[str | None, tuple[str, ...]]:
    """What each schematic of the files contains."""
    return {node.installer.schematic: _names(node) for node in desired.nodes}


class Parts:
    """What runs on the cluster."""

    def __init__(self, cluster: Cluster, faults: Iterable[Fault]) -> None:
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
        self.trouble = Trouble(cluster, self.workloads, self.ceph, self.postgres, kured_on=workers[0])
        for fault in faults:
            self.trouble.begin(fault)
        cluster.place_virtual_ip()
        cluster.timeline.run_until(cluster.timeline.now + SETTLING)

    def _apps(self, workers: list[str]) -> None:
        """CoreDNS, two budgeted services, and one pod on each worker; every third keeps data in an emptyDir."""
        hosts = [workers[number % len(workers)] for number in range(2)]
        self.workloads.deployment("kube-system", "coredns", hosts)
        for name in _BUDGETED:
            self.workloads.deployment(name, name, hosts)
            if len(workers) > 1:
                self.workloads.budget(name, name, {"maxUnavailable": 1})
        for number, host in enumerate(workers):
            self.workloads.deployment("jobs", f"runner-{number}", [host], empty_dir=number % 3 == 0)
