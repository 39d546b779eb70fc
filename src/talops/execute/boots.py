"""Looking at the whole cluster again and again in a run, without asking every node for its boot ID each time."""

from dataclasses import dataclass, field, replace

from talops.domain.cluster import Observed, ObservedNode
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode
from talops.execute.session import Session
from talops.observe import observe


@dataclass(slots=True, kw_only=True)
class Boots:
    """The boot IDs that Talos has told in this run, by hostname.

    One that Kubernetes still tells is still true: the two were proven to speak of the same machine (law 13), and a
    machine that had rebooted since would be of another boot to Kubernetes, too, or not be Ready to it. Asking costs a
    process for each node, and the node that is to go down is asked right before in any case.
    """

    session: Session
    _told: dict[str, str] = field(default_factory=dict)

    def learn(self, node: ObservedNode) -> None:
        if isinstance(node.boot_id, str):
            self._told[node.hostname] = node.boot_id

    def look(self) -> Observed:
        """Everything as it is now. Nodes are asked for their boot IDs only where there is doubt about one."""
        desired, tools = self.session.desired, self.session.tools
        if self._told:
            observed = observe(desired, tools)
            if not any(map(self._doubtful, observed.nodes.values())):
                return replace(observed, nodes={name: self._with_boot(node) for name, node in observed.nodes.items()})
        observed = observe(desired, tools, boot_ids=True)
        for node in observed.nodes.values():
            self.learn(node)
        return observed

    def _doubtful(self, node: ObservedNode) -> bool:
        if not isinstance(node.talos, TalosNode):
            return False
        return not isinstance(node.kube, KubeNode) or node.kube.boot_id != self._told.get(node.hostname)

    def _with_boot(self, node: ObservedNode) -> ObservedNode:
        return replace(node, boot_id=self._told[node.hostname]) if isinstance(node.talos, TalosNode) else node
