"""The controllers of what was written through the API: DaemonSets, Deployments and Jobs get their pods and status.

What stands in the store without `managedFields` was there from the beginning, and other parts of the cluster keep it.
"""

from collections.abc import Callable, Iterable
from random import Random

from talops.sim.cluster import Cluster
from talops.sim.declared import pods, statuses
from talops.sim.declared.replicasets import ReplicaSets
from talops.sim.declared.scheduling import host_for
from talops.sim.declared.starts import Starts
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.evictions import terminate
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change

_LAG = 0.5
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_KINDS = {"daemonsets": "DaemonSet", "deployments": "Deployment", "jobs": "Job"}
_APPS = "apps/v1"

Name = tuple[str, str, str]
"""Plural, namespace and name."""


class Declared:
    """Follows what is written a little later, once for all changes of a moment."""

    def __init__(self, cluster: Cluster, starts: Starts) -> None:
        self._cluster, self._store, self._starts = cluster, cluster.store, starts
        self._random = Random("names")
        self._sets = ReplicaSets(cluster.store)
        self._soon: set[Name] = set()
        self._store.subscribe(self._hear)

    def _hear(self, change: Change) -> None:
        found = change.new or change.old
        assert found is not None
        about = found["metadata"]
        if change.plural in _KINDS and "managedFields" in about:
            self._follow((change.plural, about["namespace"], about["name"]))
        elif change.plural == "pods" and (change.new is None or pods.is_declared(found)):
            self._follow_owner(about)
            if change.old is None and "managedFields" in about:
                self._cluster.timeline.after(_LAG, lambda: self._place_alone(about["name"], about["namespace"]))
        elif change.plural == "nodes" and _matters(change.old, change.new):
            for plural in _KINDS:
                for one in self._store.all(plural):
                    if "managedFields" in one["metadata"]:
                        self._follow((plural, one["metadata"]["namespace"], one["metadata"]["name"]))

    def _follow_owner(self, about: Object) -> None:
        owner = (about.get("ownerReferences") or [{}])[0]
        kind, name = owner.get("kind", ""), owner.get("name", "")
        if kind == "ReplicaSet":
            found = self._store.get("replicasets", name, about["namespace"])
            owners = [] if found is None else found["metadata"].get("ownerReferences") or []
            kind, name = next(((row["kind"], row["name"]) for row in owners), (kind, name))
        for plural, known in _KINDS.items():
            if kind == known:
                self._follow((plural, about["namespace"], name))

    def _follow(self, name: Name) -> None:
        if name in self._soon:
            return
        self._soon.add(name)

        def act() -> None:
            self._soon.discard(name)
            self._reconcile(name)

        self._cluster.timeline.after(_LAG, act)

    def _reconcile(self, called: Name) -> None:
        plural, namespace, name = called
        found = self._store.get(plural, name, namespace)
        own = self._owned(namespace, _KINDS[plural], name)
        if found is None:
            self._end([pod for pod in own if pods.is_declared(pod)])
            for one in self._sets.of(namespace, name) if plural == "deployments" else ():
                self._store.remove("replicasets", one["metadata"]["name"], namespace)
        elif "managedFields" in found["metadata"]:
            match plural:
                case "daemonsets":
                    self._daemons(found, own)
                case "deployments":
                    self._replicas(found, own)
                case _:
                    self._job(found, own)
            own = self._owned(namespace, _KINDS[plural], name)
            if plural == "deployments":
                self._sets.count(found, own)
            self._tell(plural, found, statuses.OF[plural](found, own, list(self._store.all("nodes")), self._stamp()))

    def _owned(self, namespace: str, kind: str, name: str) -> list[Object]:
        """Its pods, through its ReplicaSets where it has some."""
        owners = {(kind, name)}
        if kind == "Deployment":
            owners = {("ReplicaSet", one["metadata"]["name"]) for one in self._sets.of(namespace, name)}
            owners.add(("ReplicaSet", name))
        return [
            pod
            for pod in self._store.all("pods")
            if pod["metadata"]["namespace"] == namespace
            and any((row["kind"], row["name"]) in owners for row in pod["metadata"].get("ownerReferences") or ())
        ]

    def _daemons(self, found: Object, own: list[Object]) -> None:
        """One on each node that takes it. Those of an old template go one after the other."""
        version = {"controller-revision-hash": pods.digest(found["spec"]["template"])}
        probe = self._pod(found, "DaemonSet", found["metadata"]["name"], version)
        hosts = [node["metadata"]["name"] for node in self._store.all("nodes") if pods.wants(probe, node)]
        self._end(pod for pod in own if pod["spec"].get("nodeName") not in hosts)
        missing = [host for host in hosts if not any(pod["spec"].get("nodeName") == host for pod in own)]
        for host in missing:
            self._start(self._pod(found, "DaemonSet", found["metadata"]["name"], version), host)
        if found["spec"].get("updateStrategy", {}).get("type") != "OnDelete":
            self._roll([pod for pod in own if not pods.is_of(pod, version)], room=1 - len(missing) - _not_ready(own))

    def _roll(self, old: list[Object], *, room: int) -> None:
        """End those of them that are of no use, and as many others as there is room for."""
        useless = [pod for pod in old if not is_ready(pod)]
        self._end([*useless, *[pod for pod in old if is_ready(pod)][: max(room, 0)]])

    def _replicas(self, found: Object, own: list[Object]) -> None:
        version = {"pod-template-hash": pods.digest(found["spec"]["template"])}
        name = f"{found['metadata']['name']}-{version['pod-template-hash']}"
        current = self._sets.current(found, name, version)
        wanted = int(found["spec"].get("replicas", 1))
        new = [pod for pod in own if pods.is_of(pod, version) and "deletionTimestamp" not in pod["metadata"]]
        old = [pod for pod in own if not pods.is_of(pod, version)]
        if found["spec"].get("strategy", {}).get("type") == "Recreate" and old:
            self._end(old)
            return
        for _ in range(wanted - len(new)):
            pod = self._pod(current, "ReplicaSet", name, version)
            self._store.create("pods", pod)
            new.append(pod)
        self._end(new[wanted:])
        ready = sum(map(is_ready, new))
        self._end(old[: len(old) - max(wanted - ready, 0)])
        self._place(new)

    def _job(self, found: Object, own: list[Object]) -> None:
        name = found["metadata"]["name"]
        if not own:
            pod = self._pod(found, "Job", name, {"job-name": name}, "batch/v1")
            own = [self._store.create("pods", pod)]
        self._place(own)

    def _place_alone(self, name: str, namespace: str) -> None:
        """A pod that nobody looks after."""
        pod = self._store.get("pods", name, namespace)
        if pod is not None and pod["spec"].get("nodeName") in self._cluster.machines:
            self._starts.bind(pod, pod["spec"]["nodeName"])
        elif pod is not None:
            self._place([pod])

    def _place(self, new: Iterable[Object]) -> None:
        """Those that have no node yet."""
        for pod in new:
            name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
            if pod["spec"].get("nodeName") or self._store.get("pods", name, namespace) is None:
                continue
            host, why = host_for(self._store, pod)
            if host:
                self._starts.bind(pod, host)
                continue
            if not any(row.get("message") == why for row in pod["status"].get("conditions") or ()):

                def wait(found: Object, why: str = why) -> None:
                    pods.unscheduled(found, why, self._stamp())

                self._store.update("pods", name, namespace, wait)

    def _start(self, pod: Object, host: str) -> None:
        self._starts.bind(self._store.create("pods", pod), host)

    def _pod(self, owner: Object, kind: str, name: str, labels: dict[str, str], version: str = _APPS) -> Object:
        suffix = "".join(self._random.choice(_LETTERS) for _ in range(5))
        return pods.made(owner, kind, version, f"{name}-{suffix}", labels)

    def _end(self, gone: Iterable[Object]) -> None:
        for pod in gone:
            if "deletionTimestamp" not in pod["metadata"]:
                terminate(self._store, pod["metadata"]["name"], pod["metadata"]["namespace"])

    def _tell(self, plural: str, found: Object, status: Object) -> None:
        def change(stored: Object) -> None:
            stored["status"] = status

        self._store.update(plural, found["metadata"]["name"], found["metadata"]["namespace"], change)

    def _stamp(self) -> str:
        return self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _not_ready(own: Iterable[Object]) -> int:
    return sum(1 for pod in own if not is_ready(pod) or "deletionTimestamp" in pod["metadata"])


def _matters(old: Object | None, new: Object | None) -> bool:
    """Whether a pod may run where it could not, or must not any more."""
    if old is None or new is None:
        return True
    told: list[Callable[[Object], object]] = [
        lambda node: node["spec"],
        lambda node: node["metadata"].get("labels"),
        lambda node: node["status"]["conditions"][0]["status"],
    ]
    return any(tell(old) != tell(new) for tell in told)
