"""Builds the embedded cluster from the operator's own files, healthy and settled, with the faults of today."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import Version
from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.components import COMPONENTS, KUBELET, REPOSITORIES
from talops.sim.config.stored import StoredConfig, images_of, kubelet_of, with_kubernetes
from talops.sim.declared.certificates import Certificates, asks
from talops.sim.declared.definitions import Definitions
from talops.sim.declared.network import Network
from talops.sim.declared.starts import Starts
from talops.sim.declared.workloads import Declared
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
    kubernetes: Version | None = None,
) -> tuple[Cluster, "Parts"]:
    """`configs`: the machine configs of the files, by hostname, as far as there are some.

    `kubernetes`: the release that runs at first; that of the files unless told.
    """
    if kubernetes is not None:
        desired = _running(desired, kubernetes)
        configs = {name: with_kubernetes(text, str(kubernetes)) for name, text in (configs or {}).items()}
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
    cluster.on_ready.append(lambda machine: _adopt_config(cluster, machine))
    asking = [hostname for hostname in machines if asks((configs or {}).get(hostname, ""))]
    return cluster, Parts(cluster, sorted(set(faults), key=str), asking)


def _running(desired: Desired, kubernetes: Version) -> Desired:
    """The files as they were then."""
    nodes = tuple(replace(node, kubernetes_version=kubernetes) for node in desired.nodes)
    return replace(desired, kubernetes_version=kubernetes, nodes=nodes)


def _adopt_config(cluster: Cluster, machine: Machine) -> None:
    if machine.control_plane and machine.config.seen:
        from talops.sim.config.kubernetes import adopt_config

        adopt_config(cluster, machine)


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
    text = configs.get(machine.hostname, "")
    machine.kubernetes = kubelet_of(text)
    named = images_of(text)
    for component in (KUBELET, *(COMPONENTS if machine.control_plane else ())):
        default = f"{REPOSITORIES[component]}:{desired.kubernetes_version}"
        machine.images[component] = named.get(component, default)
    machine.pulled.update(machine.images.values())


def _names(node: DesiredNode) -> tuple[str, ...]:
    """Extensions as the node reports them: without the publisher that the files put before the name."""
    return tuple(name.rpartition("/")[2] for name in node.extensions or ())


def _catalog(desired: Desired) -> dict[str | None, tuple[str, ...]]:
    """What each schematic of the files contains."""
    return {node.installer.schematic: _names(node) for node in desired.nodes}


def _workers(cluster: Cluster) -> list[str]:
    """Where apps run."""
    return [m.hostname for m in cluster.machines.values() if not m.control_plane] or list(cluster.machines)


class Parts:
    """What runs on the cluster."""

    def __init__(self, cluster: Cluster, faults: Iterable[Fault], asking: Collection[str]) -> None:
        """`asking`: hostnames of the nodes whose kubelets ask for serving certificates when the cluster is new."""
        self.cluster = cluster
        self.workloads = Workloads(cluster)
        Declared(cluster, Starts(cluster, self.workloads.place))
        Definitions(cluster)
        network, certificates = Network(cluster, self.workloads), Certificates(cluster, asking)
        self.ceph: Ceph | None = None
        self.postgres: Postgres | None = None
        faults, workers = list(faults), _workers(cluster)
        if Fault(name="cni-missing") in faults:
            self._begin_anew(certificates)
        else:
            self._begin_settled(workers)
        self.trouble = Trouble(
            cluster,
            self.workloads,
            self.ceph,
            self.postgres,
            kured_on=workers[0],
            network=network,
            certificates=certificates,
        )
        for fault in faults:
            self.trouble.begin(fault)
        cluster.place_virtual_ip()
        cluster.timeline.run_until(cluster.timeline.now + SETTLING)

    def _begin_anew(self, certificates: Certificates) -> None:
        """A cluster that was bootstrapped a moment ago."""
        for machine in self.cluster.machines.values():
            self.workloads.system_pods(machine)
        self.workloads.waiting("kube-system", "coredns", 2)
        certificates.begin()

    def _begin_settled(self, workers: list[str]) -> None:
        for machine in self.cluster.machines.values():
            self.workloads.network_pod(machine)
            self.workloads.system_pods(machine)
        self._apps(workers)
        hosts = workers if len(workers) > 2 else list(self.cluster.machines)
        if len(hosts) > 2:
            self.ceph = Ceph(self.cluster, self.workloads, hosts[:STORAGE_HOSTS])
            self.postgres = Postgres(self.cluster, self.workloads, hosts[:3])

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
