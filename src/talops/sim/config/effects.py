"""What becomes of a running node when it gets another config: its kubelet and its control plane start anew."""

from talops.sim.cluster import Cluster
from talops.sim.config.documents import Document, main_of
from talops.sim.config.kubernetes import change_static_pods
from talops.sim.config.stored import kubelet_of
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine

KUBELET_SECONDS, HEALTHY_SECONDS = 6.0, 4.0
"""Until a kubelet with a new config runs, and then until it says that it is healthy."""


def take_effect(cluster: Cluster, machine: Machine, old: tuple[Document, ...], new: tuple[Document, ...]) -> None:
    before, after = main_of(old) or {}, main_of(new) or {}
    if _kubelet(before) != _kubelet(after):
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
    machine.kubelet_restarts += 1
    restart = machine.kubelet_restarts
    machine.stopped_services.add("kubelet")
    cluster.enter(machine, "running", ready=False)

    def runs() -> None:
        if machine.kubelet_restarts == restart and machine.stage == "running":
            machine.stopped_services.discard("kubelet")
            machine.changes += 1
            cluster.touch()
            cluster.later(machine, HEALTHY_SECONDS, healthy)

    def healthy() -> None:
        if machine.kubelet_restarts != restart or machine.stage != "running":
            return
        if not cluster.holds("kubelet-fails-after-apply", machine, healthy):
            machine.kubernetes = kubelet_of(machine.config.active) or machine.kubernetes
            cluster.kubelet.tell_version(machine)
            cluster.enter(machine, "running", ready=True)

    cluster.later(machine, KUBELET_SECONDS, runs)
