"""Pods and what brings them back: DaemonSets, static pods, Deployments, and pods bound to their node's disk."""

from collections.abc import Callable, Iterable
from itertools import count

from talops.sim.cluster import Cluster
from talops.sim.components import COMPONENTS, CONFIG_VERSION
from talops.sim.declared.pods import is_declared
from talops.sim.kube.budgets import DELETION_LIMIT, is_ready, recompute_budgets
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change
from talops.sim.kubelet import set_ready
from talops.sim.machine import Machine
from talops.sim.pods import new_pod

_BUDGET_LAG = 0.5


class Workloads:
    """Creates pods, ends those that were evicted, and starts them again where they may run.

    A pod with the annotation of `_PINNED` belongs to its node's disk: it waits, Pending, until that node takes it.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._store = cluster.store
        self._number = count(1)
        self._addresses = count()
        self._pinned: dict[tuple[str, str], str] = {}
        self._pending: set[tuple[str, str]] = set()
        self._recounts: set[str] = set()
        self.on_pod: list[Callable[[Object], None]] = []
        """Called with the new state of each pod whose readiness or existence changed."""
        self._store.subscribe(self._hear)
        cluster.on_ready.append(lambda _machine: self._place_pending())
        cluster.on_network.append(lambda _machine: self._place_pending())

    def network_pod(self, machine: Machine) -> None:
        """The daemon that gives the node its network."""
        name, labels = f"cilium-{machine.hostname}", {"k8s-app": "cilium"}
        self.add("kube-system", name, machine.hostname, owner=("DaemonSet", "cilium"), labels=labels)

    def system_pods(self, machine: Machine) -> None:
        """The static pods of a control plane."""
        if not machine.control_plane:
            return
        for component in COMPONENTS:
            name = f"{component}-{machine.hostname}"
            labels = {"component": component, "tier": "control-plane", "k8s-app": component}
            self.add(
                "kube-system",
                name,
                machine.hostname,
                owner=("Node", machine.hostname),
                labels=labels,
                annotations={"kubernetes.io/config.mirror": name, CONFIG_VERSION: "1"},
            )

    def deployment(self, namespace: str, name: str, hosts: Iterable[str], *, empty_dir: bool = False) -> None:
        for host in hosts:
            pod = f"{name}-{next(self._number):05d}"
            self.add(namespace, pod, host, owner=("ReplicaSet", name), labels={"app": name}, empty_dir=empty_dir)

    def waiting(self, namespace: str, name: str, replicas: int) -> None:
        """A deployment whose pods no node takes yet."""
        for _ in range(replicas):
            pod = f"{name}-{next(self._number):05d}"
            self.add(namespace, pod, "", owner=("ReplicaSet", name), labels={"app": name})
            self._pending.add((namespace, pod))

    def budget(self, namespace: str, name: str, spec: Object) -> None:
        """For the deployment of that name."""
        body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1"}
        metadata = {"name": name, "namespace": namespace}
        wanted = {**spec, "selector": {"matchLabels": {"app": name}}}
        self._store.create("poddisruptionbudgets", {**body, "metadata": metadata, "spec": wanted})

    def pinned(self, namespace: str, name: str, host: str, labels: dict[str, str], owner: tuple[str, str]) -> None:
        self._pinned[namespace, name] = host
        self.add(namespace, name, host, owner=owner, labels=labels)

    def add(
        self,
        namespace: str,
        name: str,
        host: str,
        *,
        owner: tuple[str, str] | None,
        labels: dict[str, str] | None = None,
        annotations: dict[str, str] | None = None,
        empty_dir: bool = False,
    ) -> None:
        """Create a pod that is running, or Pending when `host` is empty."""
        pod = new_pod(
            namespace,
            name,
            self._container(owner[1] if owner else name, labels or {}),
            owner=owner,
            labels=labels or {},
            annotations=annotations or {},
            empty_dir=empty_dir,
        )
        if host:
            pod["spec"]["nodeName"] = host
            self.place(pod, host)
            set_ready(pod, True, "first", self._stamp())
        self._store.create("pods", pod)

    def place(self, pod: Object, host: str) -> None:
        """Addresses: DaemonSets and static pods share their host's."""
        own = self._cluster.machines[host].address
        number = next(self._addresses)
        owner = (pod["metadata"].get("ownerReferences") or [{}])[0].get("kind")
        shared = pod["spec"].get("hostNetwork") if is_declared(pod) else owner in {"DaemonSet", "Node"}
        address = own if shared else f"10.244.{number // 250}.{number % 250 + 2}"
        pod["status"].update(hostIP=own, podIP=address, podIPs=[{"ip": address}])

    def _stamp(self) -> str:
        return self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def _container(self, owner: str, labels: dict[str, str]) -> Object:
        """A static pod's is named for what it runs, and has the version of Kubernetes: talosctl looks there."""
        component = labels.get("component")
        image = self._cluster.machines[owner].images[component] if component else f"registry.example/{owner}"
        return {"name": component or "main", "image": image}

    def _hear(self, change: Change) -> None:
        if change.plural == "nodes":
            if change.new is not None and (change.old is None or change.old["spec"] != change.new["spec"]):
                self._cluster.timeline.after(1, self._place_pending)
            return
        if change.plural == "poddisruptionbudgets" and change.new is not None:
            self._hear_budget(change.old, change.new)
        if change.plural != "pods":
            return
        pod = change.new or change.old
        assert pod is not None
        self._recount_soon(pod["metadata"]["namespace"])
        leaving = change.new is not None and "deletionTimestamp" in change.new["metadata"]
        was_leaving = change.old is not None and "deletionTimestamp" in change.old["metadata"]
        if leaving and not was_leaving:
            key = (pod["metadata"]["namespace"], pod["metadata"]["name"])
            at_once = change.new is not None and change.new["metadata"]["deletionGracePeriodSeconds"] == 0
            delay = 0.0 if at_once else self._cluster.random.uniform(2, 7)
            self._cluster.timeline.after(delay, lambda: self._end(*key))
        for hear in self.on_pod:
            hear(pod)

    def _hear_budget(self, old: Object | None, new: Object) -> None:
        """Count soon when a budget is new, and after an eviction; again when its pod should be gone by all means."""
        namespace = new["metadata"]["namespace"]
        if old is None or old["spec"] != new["spec"]:
            self._recount_soon(namespace)
        before = set() if old is None else set(old["status"].get("disruptedPods", {}))
        if set(new["status"].get("disruptedPods", {})) - before:
            self._recount_soon(namespace)
            self._cluster.timeline.after(DELETION_LIMIT, lambda: self._recount_soon(namespace))

    def _recount_soon(self, namespace: str) -> None:
        """The disruption controller follows a little later, once for all changes of a moment."""
        if namespace in self._recounts:
            return
        self._recounts.add(namespace)

        def recount() -> None:
            self._recounts.discard(namespace)
            recompute_budgets(self._store, namespace)

        self._cluster.timeline.after(_BUDGET_LAG, recount)

    def _end(self, namespace: str, name: str) -> None:
        """The containers have stopped: the pod is gone, and its controller makes another."""
        pod = self._store.get("pods", name, namespace)
        if pod is None:
            return
        self._store.remove("pods", name, namespace)
        metadata = pod["metadata"]
        owner = (metadata.get("ownerReferences") or [{}])[0]
        labels = metadata.get("labels") or {}
        if (namespace, name) in self._pinned:
            reference = (owner.get("kind", "StatefulSet"), owner.get("name", name))
            self._later(lambda: self.add(namespace, name, "", owner=reference, labels=labels))
        elif owner.get("kind") == "ReplicaSet" and not self._taken_over(pod, owner["name"]):
            fresh = f"{owner['name']}-{next(self._number):05d}"
            empty_dir = bool(pod["spec"].get("volumes"))
            reference = ("ReplicaSet", owner["name"])
            self._later(
                lambda: self.add(namespace, fresh, "", owner=reference, labels=labels, empty_dir=empty_dir),
                (namespace, fresh),
            )
            return
        else:
            return
        self._pending.add((namespace, name))

    def _taken_over(self, pod: Object, owner: str) -> bool:
        """Whether somebody has written through the API what is to run instead."""
        deployment = self._store.get("deployments", owner, pod["metadata"]["namespace"])
        return is_declared(pod) or (deployment is not None and "managedFields" in deployment["metadata"])

    def _later(self, create: Callable[[], None], key: tuple[str, str] | None = None) -> None:
        if key is not None:
            self._pending.add(key)

        def act() -> None:
            create()
            self._place_pending()

        self._cluster.timeline.after(1, act)

    def _place_pending(self) -> None:
        """The scheduler: pinned pods go to their node, others to the first that takes them."""
        for key in sorted(self._pending):
            host = self._host_for(key)
            if host and self._store.get("pods", key[1], key[0]) is not None:
                self._pending.discard(key)
                self._start(key, host)

    def _host_for(self, key: tuple[str, str]) -> str:
        pinned = self._pinned.get(key)
        if pinned is not None:
            return pinned if self._takes(pinned) else ""
        hosts = [host for host in self._cluster.machines if self._takes(host)]
        workers = [host for host in hosts if not self._cluster.machines[host].control_plane] or hosts
        return min(workers, key=lambda host: sum(1 for _ in self._store.pods_on(host))) if workers else ""

    def _takes(self, host: str) -> bool:
        node = self._store.get("nodes", host)
        if node is None or node["spec"].get("unschedulable"):
            return False
        return bool(node["status"]["conditions"][0]["status"] == "True")

    def _start(self, key: tuple[str, str], host: str) -> None:
        namespace, name = key

        def bind(pod: Object) -> None:
            pod["spec"]["nodeName"] = host
            self.place(pod, host)

        def run(pod: Object) -> None:
            set_ready(pod, True, str(next(self._number)), self._stamp())

        def become_ready() -> None:
            pod = self._store.get("pods", name, namespace)
            if pod is not None and not is_ready(pod) and self._cluster.machines[host].stage == "running":
                self._store.update("pods", name, namespace, run)

        self._store.update("pods", name, namespace, bind)
        self._cluster.timeline.after(self._cluster.random.uniform(4, 10), become_ready)
