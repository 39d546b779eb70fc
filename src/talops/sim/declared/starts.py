"""From the node on: what a pod of a declared workload goes through until it is Ready, or where it stays stuck."""

from collections.abc import Callable

from talops.sim.cluster import Cluster
from talops.sim.declared import pods
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.objects import Object
from talops.sim.kubelet import set_ready
from talops.sim.machine import Machine

PULL_FAILS_AFTER = 3.0
BACK_OFF_AFTER = 12.0
FINISHES_AFTER = 4.0

Key = tuple[str, str]
"""Namespace and name of a pod."""


class Starts:
    """The kubelets. `places` writes a pod's addresses when it is on its node."""

    def __init__(self, cluster: Cluster, places: Callable[[Object, str], None]) -> None:
        self._cluster, self._store, self._places = cluster, cluster.store, places
        cluster.on_ready.append(lambda machine: self._start_those_on(machine))
        cluster.on_network.append(lambda machine: self._start_those_on(machine))

    def bind(self, pod: Object, host: str) -> None:
        """The pod is that node's from now on."""
        key = (pod["metadata"]["namespace"], pod["metadata"]["name"])

        def place(found: Object) -> None:
            found["spec"]["nodeName"] = host
            self._places(found, host)
            pods.waiting(found, "ContainerCreating", "", self._stamp())

        self._store.update("pods", key[1], key[0], place)
        self._begin(key, self._cluster.machines[host])

    def _begin(self, key: Key, machine: Machine) -> None:
        pod = self._found(key, machine)
        if pod is None:
            return
        if not pod["spec"].get("hostNetwork") and machine.hostname in self._cluster.kubelet.without_network:
            # on_network begins again
            return
        self._later(PULL_FAILS_AFTER if self._lacks_image(machine) else self._random(3, 8), key, machine, self._run)

    def _lacks_image(self, machine: Machine) -> bool:
        return self._cluster.faulty("cni-image-missing", machine.hostname)

    def _run(self, key: Key, machine: Machine) -> None:
        pod = self._found(key, machine)
        if pod is None or is_ready(pod):
            return
        if self._lacks_image(machine) and pods.is_network(pod):
            self._fail_to_pull(key, pod, machine)
            return

        def run(found: Object) -> None:
            found["status"].pop("containerStatuses", None)
            set_ready(found, True, machine.boot_id, self._stamp())
            pods.all_conditions(found, self._stamp())

        self._store.update("pods", key[1], key[0], run)
        if (pod["metadata"].get("labels") or {}).get("job-name"):
            self._later(FINISHES_AFTER, key, machine, self._finish)

    def _fail_to_pull(self, key: Key, pod: Object, machine: Machine) -> None:
        image = pod["spec"]["containers"][0].get("image", "")
        why = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        error = f"rpc error: code = NotFound desc = {why}"
        again = pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ErrImagePull"
        reason = "ImagePullBackOff" if again else "ErrImagePull"
        message = f'Back-off pulling image "{image}": ErrImagePull: {error}' if again else error

        def wait(found: Object) -> None:
            pods.waiting(found, reason, message, self._stamp())

        self._store.update("pods", key[1], key[0], wait)
        self._later(BACK_OFF_AFTER, key, machine, self._run)

    def _finish(self, key: Key, machine: Machine) -> None:
        def finish(pod: Object) -> None:
            ended = {"exitCode": 0, "reason": "Completed", "finishedAt": self._stamp()}
            pod["status"]["phase"] = "Succeeded"
            for row in pod["status"]["containerStatuses"]:
                row.update(ready=False, started=False, state={"terminated": ended})
            for condition in pod["status"]["conditions"]:
                if condition["type"] in {"Ready", "ContainersReady"}:
                    condition.update(status="False", reason="PodCompleted")

        if self._found(key, machine) is not None:
            self._store.update("pods", key[1], key[0], finish)

    def _start_those_on(self, machine: Machine) -> None:
        """It has its network, or has booted."""
        for pod in list(self._store.pods_on(machine.hostname)):
            if pods.is_declared(pod) and pod["status"]["phase"] == "Pending":
                self._begin((pod["metadata"]["namespace"], pod["metadata"]["name"]), machine)

    def _found(self, key: Key, machine: Machine) -> Object | None:
        """The pod, as long as it is to live there and the machine runs."""
        pod = self._store.get("pods", key[1], key[0])
        if pod is None or "deletionTimestamp" in pod["metadata"] or not (machine.up and machine.stage == "running"):
            return None
        return pod

    def _later(self, seconds: float, key: Key, machine: Machine, act: Callable[[Key, Machine], None]) -> None:
        self._cluster.later(machine, seconds, lambda: act(key, machine))

    def _random(self, low: float, high: float) -> float:
        return self._cluster.random.uniform(low, high)

    def _stamp(self) -> str:
        return self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
