"""What has happened in a sandbox, as its cluster knows it: when a condition that somebody waits for became true."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial

from talops.domain.sandbox import SandboxEvent
from talops.sim.cluster import Cluster
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change
from talops.sim.machine import Machine

KEPT = 1000
"""How many events are remembered: a rollout of six nodes makes about 300."""


class History:
    """The newest events, oldest first. `at` is what the wall showed when the change could be seen, not when due."""

    def __init__(self, cluster: Cluster) -> None:
        self._events: deque[SandboxEvent] = deque(maxlen=KEPT)
        self._readers: dict[str, Callable[[Object | None, Object | None], None]] = {
            "nodes": self._node,
            "pods": self._pod,
            "poddisruptionbudgets": self._budget,
            "cephclusters": self._ceph,
            "clusters": self._postgres,
        }
        cluster.store.subscribe(self._hear)
        cluster.on_down.append(lambda machine: self.note("going-down", machine.hostname))
        for machine in cluster.machines.values():
            machine.on_power.append(partial(self._power, machine))

    def events(self) -> Sequence[SandboxEvent]:
        return list(self._events)

    def called(self, machine: Machine, method: str) -> None:
        """Somebody asks its Talos API to change it."""
        self.note("called", machine.hostname, method)

    def note(self, what: str, node: str = "", text: str = "") -> None:
        self._events.append(SandboxEvent(at=datetime.now(UTC).isoformat(), what=what, node=node, text=text))

    def _power(self, machine: Machine) -> None:
        self.note("on" if machine.up else "off", machine.hostname)

    def _hear(self, change: Change) -> None:
        read = self._readers.get(change.plural)
        if read is not None:
            read(change.old, change.new)

    def _node(self, old: Object | None, new: Object | None) -> None:
        if old is None or new is None:
            return
        name = new["metadata"]["name"]
        if (ready := _ready(new)) != _ready(old):
            self.note("ready" if ready else "not-ready", name)
        if (cordoned := bool(new["spec"].get("unschedulable"))) != bool(old["spec"].get("unschedulable")):
            self.note("cordoned" if cordoned else "uncordoned", name)

    def _pod(self, old: Object | None, new: Object | None) -> None:
        if old is None:
            return
        node, name = old["spec"].get("nodeName", ""), f"{old['metadata']['namespace']}/{old['metadata']['name']}"
        if new is None or new["spec"].get("nodeName", "") != node:
            self.note("pod-gone", node, name)
        elif "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
            self.note("pod-leaving", node, name)

    def _budget(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            self.note("budget-gone", text=_name(old))
        elif old is None:
            self.note("budget-new", text=_name(new))
        elif _allowed(new) and not _allowed(old):
            self.note("budget-open", text=_name(new))

    def _ceph(self, _old: Object | None, new: Object | None) -> None:
        """Each poll of Rook's operator, whether or not it brings news."""
        if new is not None:
            self.note("ceph", text=new["status"]["ceph"]["health"])

    def _postgres(self, old: Object | None, new: Object | None) -> None:
        if old is None or new is None:
            return
        before, now = old.get("status", {}), new["status"]
        if now["readyInstances"] != before.get("readyInstances"):
            self.note("postgres", text=f"{now['readyInstances']} of {now['instances']}")
        if now["currentPrimary"] != before.get("currentPrimary"):
            self.note("primary", text=now["currentPrimary"])


def _ready(node: Object) -> bool:
    return bool(node["status"]["conditions"][0]["status"] == "True")


def _name(found: Object | None) -> str:
    return "" if found is None else f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def _allowed(budget: Object) -> int:
    return int(budget.get("status", {}).get("disruptionsAllowed", 0))
