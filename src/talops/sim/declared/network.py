"""Which nodes have a network: a CNI daemon gives it to its node, and a node without is not Ready."""

from talops.sim.cluster import Cluster
from talops.sim.declared.pods import is_network, made
from talops.sim.faults import Fault
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.evictions import terminate
from talops.sim.kube.store import Change
from talops.sim.machine import Machine
from talops.sim.workloads import Workloads

MISSING = Fault(name="cni-missing")
_NOTICED_AFTER = 2.0
"""Seconds until the kubelet has seen the plugin that the daemon put there."""


class Network:
    """The CNI of the cluster, whoever installs it."""

    def __init__(self, cluster: Cluster, workloads: Workloads) -> None:
        self._cluster, self._store, self._workloads = cluster, cluster.store, workloads
        self._store.subscribe(self._hear)

    def lose(self) -> None:
        """The daemons go, and what they had put on their nodes with them."""
        for found in list(self._store.all("daemonsets")):
            if is_network(made(found, "DaemonSet", "apps/v1", "probe", {})):
                self._store.remove("daemonsets", found["metadata"]["name"], found["metadata"]["namespace"])
        for pod in list(self._store.all("pods")):
            if is_network(pod):
                terminate(self._store, pod["metadata"]["name"], pod["metadata"]["namespace"])
        kubelet = self._cluster.kubelet
        kubelet.without_network.update(self._cluster.machines)
        for machine in self._cluster.machines.values():
            self._tell(machine)

    def restore(self) -> None:
        """Whoever looks after the cluster installs what it had before, where nothing else runs."""
        for hostname in sorted(self._cluster.kubelet.without_network):
            if not any(is_network(pod) for pod in self._store.pods_on(hostname)):
                self._workloads.network_pod(self._cluster.machines[hostname])

    def _tell(self, machine: Machine) -> None:
        if machine.up and machine.stage == "running":
            has_one = machine.hostname not in self._cluster.kubelet.without_network
            self._cluster.kubelet.tell_network(machine)
            self._cluster.enter(machine, "running", ready=has_one)

    def _hear(self, change: Change) -> None:
        pod = change.new
        if change.plural != "pods" or pod is None or not is_ready(pod) or not is_network(pod):
            return
        hostname = pod["spec"].get("nodeName", "")
        if hostname in self._cluster.kubelet.without_network and "deletionTimestamp" not in pod["metadata"]:
            machine = self._cluster.machines[hostname]
            self._cluster.later(machine, _NOTICED_AFTER, lambda: self._gain(machine))

    def _gain(self, machine: Machine) -> None:
        missing = self._cluster.kubelet.without_network
        if machine.hostname not in missing:
            return
        missing.discard(machine.hostname)
        if not missing:
            self._cluster.faults.discard(MISSING)
        self._tell(machine)
        for hear in self._cluster.on_network:
            hear(machine)
