"""What the kubelets and the node controller write: Node objects, and the readiness of the pods on them."""

from collections.abc import Callable

from talops.sim.declared.pods import is_declared
from talops.sim.kube.objects import Object
from talops.sim.kube.store import ObjectStore
from talops.sim.machine import Machine

NO_NETWORK = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady "
    "message:Network plugin returns error: cni plugin not initialized"
)
CORDONED = "talos.dev/cordoned"
"""The annotation by which Talos knows its own cordon again."""


class Kubelet:
    """All kubelets of the cluster, and the node controller. `boot_id` may lie: that is the two-clusters fault."""

    def __init__(self, store: ObjectStore, kubernetes_version: str) -> None:
        self._store = store
        self._version = kubernetes_version
        self.boot_id: Callable[[Machine], str] = lambda machine: machine.boot_id
        self.without_network: set[str] = set()
        """Hostnames of the nodes that have no CNI plugin: no pod but those of the host's network starts there."""

    def register(self, machine: Machine, *, ready_since: str = "") -> None:
        """`ready_since` is long ago for a node of the beginning, now for one that was deleted."""
        status = self._status(machine, "True", "KubeletReady", "kubelet is posting ready status")
        if ready_since:
            status["conditions"][0]["lastTransitionTime"] = ready_since
        labels = {"kubernetes.io/hostname": machine.hostname, "kubernetes.io/os": "linux"}
        if machine.control_plane:
            labels["node-role.kubernetes.io/control-plane"] = ""
        self._store.create(
            "nodes",
            {
                "kind": "Node",
                "apiVersion": "v1",
                "metadata": {"name": machine.hostname, "labels": labels},
                "spec": {},
                "status": status,
            },
        )

    def _status(self, machine: Machine, ready: str, reason: str, message: str) -> Object:
        stamp = self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        addresses = [{"type": "InternalIP", "address": address} for address in machine.addresses]
        return {
            "capacity": {"cpu": "4", "memory": "8Gi", "pods": "110"},
            "allocatable": {"cpu": "3950m", "memory": "7500Mi", "pods": "110"},
            "conditions": [
                {
                    "type": "Ready",
                    "status": ready,
                    "lastHeartbeatTime": stamp,
                    "lastTransitionTime": stamp,
                    "reason": reason,
                    "message": message,
                }
            ],
            "addresses": [*addresses, {"type": "Hostname", "address": machine.hostname}],
            "nodeInfo": {
                "machineID": machine.machine_id,
                "systemUUID": machine.machine_id,
                "bootID": self.boot_id(machine),
                "kernelVersion": "6.12.0-talos",
                "osImage": f"Talos ({machine.version})",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kubeletVersion": machine.kubernetes or self._version,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        }

    def _write(self, machine: Machine, ready: str, reason: str, message: str) -> None:
        status = self._status(machine, ready, reason, message)

        def change(node: Object) -> None:
            node["status"] = status

        self._change(machine, change)

    def stopped(self, machine: Machine) -> None:
        """A graceful shutdown says goodbye; the containers of the node stop with it."""
        self._write(machine, "False", "KubeletNotReady", "node is shutting down")
        self._pods_ready(machine, ready=False)

    def cordon(self, machine: Machine) -> None:
        """Talos does that while it upgrades in the legacy way, unless somebody has done it before."""

        def change(node: Object) -> None:
            if not node["spec"].get("unschedulable"):
                node["spec"]["unschedulable"] = True
                node["metadata"].setdefault("annotations", {})[CORDONED] = "true"

        self._change(machine, change)

    def _uncordon(self, machine: Machine) -> None:
        """Its own cordon only."""

        def change(node: Object) -> None:
            if (node["metadata"].get("annotations") or {}).pop(CORDONED, ""):
                node["spec"].pop("unschedulable", None)

        node = self._store.get("nodes", machine.hostname)
        if node is not None and CORDONED in (node["metadata"].get("annotations") or {}):
            self._change(machine, change)

    def _change(self, machine: Machine, change: Callable[[Object], None]) -> None:
        if self._store.get("nodes", machine.hostname) is not None:
            self._store.update("nodes", machine.hostname, "", change)

    def lost(self, machine: Machine) -> None:
        """The node controller has not heard from it for its grace period."""

        def change(node: Object) -> None:
            condition = node["status"]["conditions"][0]
            condition.update(
                status="Unknown", reason="NodeStatusUnknown", message="Kubelet stopped posting node status."
            )

        self._change(machine, change)
        self._pods_ready(machine, ready=False)

    def started(self, machine: Machine) -> None:
        """It registers if need be, and posts its new boot, but its network and volumes are not there yet."""
        if machine.up:
            if self._store.get("nodes", machine.hostname) is None:
                self.register(machine)
            self._write(machine, "False", "KubeletNotReady", "container runtime network not ready")

    def ready(self, machine: Machine) -> None:
        self._uncordon(machine)
        self.tell_network(machine)
        self._pods_ready(machine, ready=True)

    def tell_network(self, machine: Machine) -> None:
        """Ready, unless the node has no CNI plugin."""
        if machine.hostname in self.without_network:
            self._write(machine, "False", "KubeletNotReady", NO_NETWORK)
        else:
            self._write(machine, "True", "KubeletReady", "kubelet is posting ready status")

    def tell_version(self, machine: Machine) -> None:
        """It has started anew, as another release or not."""

        def change(node: Object) -> None:
            node["status"]["nodeInfo"]["kubeletVersion"] = machine.kubernetes or self._version

        self._change(machine, change)

    def tell_boot_id(self, machine: Machine) -> None:
        """It has changed its mind about that alone."""

        def change(node: Object) -> None:
            node["status"]["nodeInfo"]["bootID"] = self.boot_id(machine)

        if self._store.get("nodes", machine.hostname) is not None:
            self._store.update("nodes", machine.hostname, "", change)

    def _pods_ready(self, machine: Machine, *, ready: bool) -> None:
        """The pods that were not moved away: their containers stop, and start anew after a boot."""
        change = _containers(machine, ready, self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
        for pod in list(self._store.pods_on(machine.hostname)):
            metadata = pod["metadata"]
            if is_declared(pod) and pod["status"]["phase"] == "Pending":
                # whatever it waits for is not over by that
                continue
            if pod["status"]["phase"] == "Running" or (ready and pod["status"]["phase"] == "Pending"):
                self._store.update("pods", metadata["name"], metadata["namespace"], change)


def _containers(machine: Machine, ready: bool, stamp: str) -> Callable[[Object], None]:
    def change(pod: Object) -> None:
        set_ready(pod, ready, machine.boot_id, stamp)

    return change


def set_ready(pod: Object, ready: bool, incarnation: str, stamp: str) -> None:
    """Write a pod's condition, and the containers that are running it since then."""
    status = pod["status"]
    status["phase"] = "Running"
    condition = {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": stamp}
    status["conditions"] = [condition, *(row for row in status.get("conditions", ()) if row["type"] != "Ready")]
    known: dict[str, Object] = {row["name"]: row for row in status.get("containerStatuses") or ()}
    if not ready:
        if known:
            status["containerStatuses"] = [{**row, "ready": False, "started": False} for row in known.values()]
        return
    status.setdefault("startTime", stamp)
    status["containerStatuses"] = [
        _running(pod["metadata"]["name"], one, known.get(one["name"], {}), incarnation, stamp)
        for one in pod["spec"]["containers"]
    ]


def _running(pod: str, container: Object, before: Object, incarnation: str, stamp: str) -> Object:
    image = container["image"]
    return {
        "name": container["name"],
        "ready": True,
        "started": True,
        "image": image,
        "imageID": image,
        "containerID": f"containerd://{pod}-{incarnation}",
        "restartCount": before["restartCount"] + 1 if before else 0,
        "state": {"running": {"startedAt": stamp}},
        "lastState": {"terminated": {"exitCode": 255, "reason": "Unknown", "finishedAt": stamp}} if before else {},
    }


def set_waiting(pod: Object, *, reason: str) -> None:
    """Its container cannot start."""
    for container in pod["status"].get("containerStatuses") or ():
        container.update(ready=False, started=False, state={"waiting": {"reason": reason}})
