"""The embedded cluster as a whole, as a rehearsal and the tests use it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from talops.domain.cluster import Desired
from talops.domain.process import Instant
from talops.domain.talos import Version
from talops.sim.apiserver import api_server
from talops.sim.build import Parts, build
from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.doors import Front, Killed, SimClock, SimKube, SimRunner
from talops.sim.etcd import Etcd
from talops.sim.faults import Fault
from talops.sim.kube.api import KubeApi
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.postgres import Postgres
from talops.sim.talosctl import Talosctl

__all__ = ["Killed", "KubeNodeTruth", "Truth", "World", "rehearsal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KubeNodeTruth:
    name: str
    unschedulable: bool
    annotations: dict[str, str]


@dataclass(frozen=True, slots=True)
class Truth:
    """The cluster as it really is. Tests may look; talops may not."""

    cluster: Cluster
    parts: Parts

    @property
    def nodes(self) -> dict[str, Machine]:
        return self.cluster.machines

    @property
    def etcd(self) -> Etcd:
        return self.cluster.etcd

    @property
    def went_down(self) -> list[str]:
        return self.cluster.went_down

    @property
    def max_down_at_once(self) -> int:
        return self.cluster.most_down

    @property
    def lease_holder(self) -> str | None:
        lease = self.cluster.store.get("leases", "talops", "kube-system")
        return None if lease is None else str(lease["spec"].get("holderIdentity", ""))

    def kube_nodes(self) -> list[KubeNodeTruth]:
        return [
            KubeNodeTruth(
                name=node["metadata"]["name"],
                unschedulable=bool(node["spec"].get("unschedulable")),
                annotations=dict(node["metadata"].get("annotations") or {}),
            )
            for node in self.cluster.store.all("nodes")
        ]

    @property
    def ceph(self) -> Ceph | None:
        return self.parts.ceph

    @property
    def postgres(self) -> Postgres | None:
        return self.parts.postgres

    def talosctl_acts_on(self, hostname: str, *, younger_than: float) -> bool:
        """Whether a talosctl that changes this machine still runs, whoever started it, since less than these seconds.

        One whose talops is dead has nobody who ends it at its deadline.
        """
        since = self.cluster.timeline.now - younger_than
        return any(
            client.alive and client.hostname == hostname and client.began > since for client in self.cluster.clients
        )

    def cordon(self, hostname: str) -> None:
        """A person does that, as everything below."""
        self._change_node(hostname, lambda node: node["spec"].update(unschedulable=True))

    def uncordon(self, hostname: str) -> None:
        self._change_node(hostname, lambda node: node["spec"].pop("unschedulable", None))

    def _change_node(self, hostname: str, change: Callable[[Object], object]) -> None:
        def changed(node: Object) -> None:
            change(node)

        if self.cluster.store.get("nodes", hostname) is not None:
            self.cluster.store.update("nodes", hostname, "", changed)

    def take_lease(self, holder: str) -> None:
        """Somebody unlocks the cluster and starts a run of their own."""

        def take(lease: Object) -> None:
            lease["spec"]["holderIdentity"] = holder

        if self.lease_holder is not None:
            self.cluster.store.update("leases", "talops", "kube-system", take)

    def delete_node(self, hostname: str) -> None:
        """Its kubelet registers it again when it next starts."""
        self.cluster.store.remove("nodes", hostname)

    def power_cut(self, hostname: str) -> None:
        """Nothing happens to a machine that is going down or coming up already."""
        machine = self.cluster.machines[hostname]
        if machine.up and machine.stage == "running" and machine.ready:
            self.cluster.power_cut(machine)


class World:
    """One cluster and the talops that stands before it. `restart` gives the same cluster to the next one."""

    def __init__(self, cluster: Cluster, parts: Parts, talosctl: Talosctl, api: KubeApi) -> None:
        self._cluster, self._parts, self._talosctl, self._api = cluster, parts, talosctl, api
        self._front = Front.open(cluster, talosctl, api)
        self.truth = Truth(cluster, parts)

    @property
    def runner(self) -> SimRunner:
        return self._front.runner

    @property
    def kube(self) -> SimKube:
        return self._front.kube

    @property
    def clock(self) -> SimClock:
        return self._front.clock

    def at(self, when: Instant, action: Callable[[], None]) -> None:
        self._cluster.timeline.at(when, action)

    def advance(self, seconds: float) -> None:
        """Let time pass with nobody there."""
        self._cluster.timeline.run_until(self._cluster.timeline.now + seconds)

    def send(self, signal: str) -> None:
        """INT or TERM arrives at the talops that stands there now."""
        self._front.send(signal)

    def interrupt_at(self, when: Instant, signal: str) -> None:
        front = self._front
        self.at(when, lambda: front.send(signal))

    def kill_talops_at(self, when: Instant) -> None:
        incarnation = self._front.incarnation

        def kill() -> None:
            incarnation.dead = True

        self.at(when, kill)

    def kill_talops_after_calls(self, calls: int) -> None:
        """Count every gather, start and wait."""
        self._front.incarnation.calls_left = calls

    def skew_clock(self, seconds: float) -> None:
        """The wall clock of this talops jumps, and its clock of boot time does not."""
        self._front.clock.skew = timedelta(seconds=seconds)

    def restart(self) -> "World":
        """The same cluster at the same instant, for a new talops."""
        self._front.incarnation.dead = True
        return World(self._cluster, self._parts, self._talosctl, self._api)

    def mend(self) -> None:
        """Every fault is over."""
        self._parts.trouble.end_all()
        self._cluster.register()


def rehearsal(
    desired: Desired,
    *,
    start: Version | None = None,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    configs: Mapping[str, str] | None = None,
    kubernetes: Version | None = None,
    cni: bool = True,
) -> World:
    """A healthy cluster that is what the files describe, but at `start`, and with these faults waiting to happen.

    `configs`: the generated machine configs of its nodes, by hostname. A node that is not there has a small one.
    `kubernetes`: the release that runs; that of the files unless told. Without `cni` it is new, and no node has a
    network.
    """
    if not cni:
        faults = [*faults, Fault(name="cni-missing")]
    cluster, parts = build(desired, start=start, faults=faults, seed=seed, configs=configs, kubernetes=kubernetes)
    return World(cluster, parts, Talosctl(cluster), api_server(cluster, user="admin"))
