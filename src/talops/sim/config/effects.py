"""What becomes of a running node when it gets another config: its kubelet and its control plane start anew."""

from talops.sim.cluster import Cluster
from talops.sim.components import IMAGE_MISSING, KUBELET, cannot_have
from talops.sim.config.documents import Document, main_of
from talops.sim.config.kubernetes import change_static_pods, name_image, renew_static_pods
from talops.sim.config.stored import kubelet_of
from talops.sim.faults import Fault
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine

KUBELET_SECONDS, HEALTHY_SECONDS = 6.0, 4.0
"""Until a kubelet with a new config runs, and then until it says that it is healthy."""


def take_effect(cluster: Cluster, machine: Machine, old: tuple[Document, ...], new: tuple[Document, ...]) -> None:
    before, after = main_of(old) or {}, main_of(new) or {}
    if _kubelet(before) != _kubelet(after):
        name_image(machine, KUBELET, _kubelet(after))
        _restart_kubelet(cluster, machine)
    if machine.control_plane:
        change_static_pods(cluster, machine, before, after)


def _kubelet(main: Object) -> object:
    machine = main.get("machine")
    return machine.get("kubelet") if isinstance(machine, dict) else None


def _restart_kubelet(cluster: Cluster, machine: Machine) -> None:
    """Kubernetes sees a new version and no gap: a kubelet may be silent for longer than this takes."""
    if machine.stage != "running":
        return
    if cluster.holds("kubelet-does-not-restart", machine, lambda: _restart_kubelet(cluster, machine)):
        return
    _Restart(cluster, machine).begin()


def restart_kubelet(cluster: Cluster, machine: Machine) -> None:
    """A person does that. It takes up the config that there is, whatever had kept it from that, and its static pods."""
    if machine.stage != "running":
        return
    cluster.held.pop(Fault(name="kubelet-does-not-restart", hostname=machine.hostname), None)
    _Restart(cluster, machine, by_hand=True).begin()


class _Restart:
    """Of one kubelet, until the next one."""

    def __init__(self, cluster: Cluster, machine: Machine, *, by_hand: bool = False) -> None:
        self._cluster, self._machine, self._by_hand = cluster, machine, by_hand
        machine.kubelet_restarts += 1
        self._number = machine.kubelet_restarts

    def begin(self) -> None:
        self._machine.stopped_services.add("kubelet")
        self._cluster.enter(self._machine, "running", ready=False)
        self._cluster.later(self._machine, KUBELET_SECONDS, self._run)

    @property
    def _counts(self) -> bool:
        return self._machine.kubelet_restarts == self._number and self._machine.stage == "running"

    def _run(self) -> None:
        if not self._counts:
            return
        if cannot_have(self._cluster, self._machine, KUBELET):
            self._cluster.holds(IMAGE_MISSING, self._machine, self._catch_up)
            return
        self._machine.stopped_services.discard("kubelet")
        self._machine.changes += 1
        self._cluster.touch()
        self._cluster.later(self._machine, HEALTHY_SECONDS, self._healthy)

    def _catch_up(self) -> None:
        self._run()
        if self._machine.control_plane:
            renew_static_pods(self._cluster, self._machine)

    def _healthy(self) -> None:
        if not self._counts or self._cluster.holds("kubelet-fails-after-apply", self._machine, self._healthy):
            return
        self._machine.kubernetes = kubelet_of(self._machine.config.active) or self._machine.kubernetes
        self._cluster.kubelet.tell_version(self._machine)
        self._cluster.enter(self._machine, "running", ready=True)
        if self._by_hand and self._machine.control_plane:
            renew_static_pods(self._cluster, self._machine, by_hand=True)
