"""A CloudNativePG cluster of three. Its phase says healthy though a replica is missing, as the real one does."""

from collections.abc import Sequence

from talops.sim.cluster import Cluster
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.builtin import POSTGRES_CLUSTERS
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change
from talops.sim.workloads import Workloads

NAMESPACE = "database"
NAME = "postgres"
HEALTHY = "Cluster in healthy state"


class Postgres:
    """`primary` is the instance that really is it; the Cluster object follows."""

    def __init__(self, cluster: Cluster, workloads: Workloads, hosts: Sequence[str]) -> None:
        self._cluster = cluster
        self._store = cluster.store
        self.hosts = {f"{NAME}-{number + 1}": host for number, host in enumerate(hosts)}
        self.primary = f"{NAME}-1"
        self._store.register(POSTGRES_CLUSTERS)
        for instance, host in self.hosts.items():
            workloads.pinned(NAMESPACE, instance, host, self._labels(instance), ("Cluster", NAME))
        self._budget(f"{NAME}-primary", "primary", 1)
        if len(self.hosts) > 2:
            self._budget(NAME, "replica", len(self.hosts) - 2)
        body: Object = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster"}
        metadata = {"name": NAME, "namespace": NAMESPACE}
        self._store.create(
            "clusters",
            {**body, "metadata": metadata, "spec": {"instances": len(self.hosts)}, "status": self._status(HEALTHY)},
        )
        workloads.on_pod.append(self._hear_pod)
        self._store.subscribe(self._hear)

    def _labels(self, instance: str) -> dict[str, str]:
        role = "primary" if instance == self.primary else "replica"
        return {"cnpg.io/cluster": NAME, "cnpg.io/podRole": "instance", "cnpg.io/instanceRole": role}

    def _budget(self, name: str, role: str, minimum: int) -> None:
        labels = {"cnpg.io/cluster": NAME, "cnpg.io/instanceRole": role}
        body: Object = {"kind": "PodDisruptionBudget", "apiVersion": "policy/v1"}
        spec = {"minAvailable": minimum, "selector": {"matchLabels": labels}}
        metadata = {"name": name, "namespace": NAMESPACE}
        self._store.create("poddisruptionbudgets", {**body, "metadata": metadata, "spec": spec})

    def ready_instances(self) -> list[str]:
        pods = {name: self._store.get("pods", name, NAMESPACE) for name in self.hosts}
        return [name for name, pod in pods.items() if pod is not None and is_ready(pod)]

    def _status(self, phase: str, target: str = "") -> Object:
        names = list(self.hosts)
        ready = self.ready_instances()
        stamp = self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        reported = {name: {"isPrimary": name == self.primary, "timeLineID": 1} for name in names}
        healthy = phase == HEALTHY
        condition = {
            "type": "Ready",
            "status": "True" if healthy else "False",
            "reason": "ClusterIsReady" if healthy else "ClusterIsNotReady",
            "message": "Cluster is Ready" if healthy else "Cluster Is Not Ready",
            "lastTransitionTime": stamp,
        }
        return {
            "instances": len(names),
            "readyInstances": len(ready),
            "phase": phase,
            "currentPrimary": self.primary,
            "targetPrimary": target or self.primary,
            "timelineID": 1,
            "instanceNames": names,
            "instancesStatus": {"healthy": ready},
            "instancesReportedState": reported,
            "conditions": [condition],
        }

    def _write(self, phase: str, target: str = "") -> None:
        status = self._status(phase, target)
        current = self._store.get("clusters", NAME, NAMESPACE)
        assert current is not None
        status["conditions"][0]["lastTransitionTime"] = current["status"]["conditions"][0]["lastTransitionTime"]

        def change(found: Object) -> None:
            found["status"] = {**found["status"], **status}

        self._store.update("clusters", NAME, NAMESPACE, change)

    def _hear_pod(self, pod: Object) -> None:
        """Counts follow at once; the phase does not follow a replica that is merely missing."""
        metadata = pod["metadata"]
        if metadata["namespace"] != NAMESPACE or metadata["name"] not in self.hosts:
            return
        current = self._store.get("clusters", NAME, NAMESPACE)
        if current is None:
            return
        status = current["status"]
        self._write(status["phase"], status["targetPrimary"] if status["targetPrimary"] != self.primary else "")
        stored = self._store.get("pods", metadata["name"], NAMESPACE)
        if metadata["name"] == self.primary and (stored is None or not is_ready(stored)):
            self._cluster.timeline.after(8, self._fail_over)

    def _hear(self, change: Change) -> None:
        if change.plural == "nodes" and change.new is not None and change.old is not None:
            cordoned = change.new["spec"].get("unschedulable") and not change.old["spec"].get("unschedulable")
            if cordoned and self.hosts[self.primary] == change.new["metadata"]["name"]:
                self._cluster.timeline.after(self._cluster.random.uniform(4, 12), self._move_away)
        if change.plural == "clusters" and change.new is not None and change.old is not None:
            wanted = change.new["status"].get("targetPrimary")
            if wanted != self.primary and change.old["status"].get("targetPrimary") != wanted:
                self._switch(wanted)

    def _candidate(self) -> str:
        for name in self.ready_instances():
            node = self._store.get("nodes", self.hosts[name])
            if name != self.primary and node is not None and not node["spec"].get("unschedulable"):
                return name
        return ""

    def _move_away(self) -> None:
        """The operator drains a cordoned node of its primary, when every instance is Ready."""
        node = self._store.get("nodes", self.hosts[self.primary])
        candidate = self._candidate()
        stuck = self._cluster.faulty("postgres-never-switches")
        if stuck or not candidate or node is None or not node["spec"].get("unschedulable"):
            return
        if len(self.ready_instances()) == len(self.hosts):
            self._write("Switchover in progress", candidate)

    def _fail_over(self) -> None:
        stored = self._store.get("pods", self.primary, NAMESPACE)
        candidate = self._candidate()
        if candidate and (stored is None or not is_ready(stored)):
            self._write("Failing over", candidate)

    def _switch(self, instance: str) -> None:
        if self._cluster.faulty("postgres-never-switches") or instance not in self.hosts:
            return

        def done() -> None:
            if instance not in self.ready_instances():
                self._cluster.timeline.after(10, done)
                return
            self.primary = instance
            for name in self.hosts:
                if self._store.get("pods", name, NAMESPACE) is not None:
                    self._relabel(name)
            self._write(HEALTHY)

        self._cluster.timeline.after(self._cluster.random.uniform(2, 6), done)

    def _relabel(self, name: str) -> None:
        labels = self._labels(name)

        def change(pod: Object) -> None:
            pod["metadata"]["labels"] = labels

        self._store.update("pods", name, NAMESPACE, change)

    def mend(self) -> None:
        """The fault is over: a switchover that hung goes on."""
        current = self._store.get("clusters", NAME, NAMESPACE)
        assert current is not None
        if current["status"]["targetPrimary"] != self.primary:
            self._switch(current["status"]["targetPrimary"])
