"""What it means that an upgrade of Kubernetes did not come to its end: what runs where, and what to type."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from talops.domain.components import STATIC_PODS, Component, KubernetesNow, NodeComponents, spoken
from talops.domain.event import Move, NodeState
from talops.domain.plan import UpgradeKubernetes
from talops.domain.process import End, Result
from talops.domain.talos import Unknown
from talops.execute.failure import NodeStopped
from talops.execute.kubernetes_watch import Watch
from talops.execute.session import Session
from talops.tools.components import OURS
from talops.tools.kubernetes_progress import Told

LONGEST = 600
_PULLING = b"pre-pulling"
_REMOVED = "REMOVED"
"""In the heads of the tables of flags and resources that the next release has not any more."""
_LOST = re.compile(
    rb"connection refused|connection reset|broken pipe|\bEOF\b|i/o timeout|no route to host|TLS handshake timeout"
    rb"|code = Unavailable|http2: |server is currently unable|etcdserver: ",
)


def lost_the_api(result: Result) -> bool:
    """Whether it was an API that it could not reach, and not a component, that made talosctl give up."""
    return result.end is End.EXITED and result.exit != 0 and bool(_LOST.search(result.stderr))


def words_of(result: Result) -> str:
    """All that it has complained about, on one line: its errors go over several, and the last one tells least."""
    return " ".join(result.stderr.decode("utf-8", "replace").split())[-LONGEST:]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """How a talosctl left the cluster. `now` is what was observed after it."""

    session: Session
    step: UpgradeKubernetes
    watch: Watch
    result: Result
    now: KubernetesNow | Unknown

    def stopped(self) -> NodeStopped:
        """Where it stopped, in which state, and what next."""
        last = self.watch.last
        if _PULLING in self.result.stderr and (last is None or last.move is Move.PULLS):
            return self._no_image(last)
        if last is None or last.move is Move.DONE:
            return self._nowhere()
        return self._at(last)

    def _no_image(self, last: Told | None) -> NodeStopped:
        what = f"an image of Kubernetes {self.step.version} could not be pulled, so nothing was changed: {self.said()}"
        if last is None:
            return NodeStopped("", NodeState.NO_IMAGE, what, hint=self._again("see whether the nodes reach registries"))
        host, image = self.watch.host_of(last), f"{OURS[last.component]}:{self.step.version}"
        where = "system" if last.component is Component.KUBELET else "cri"
        what = f"{host} could not pull {image}, so nothing was changed on any node: {self.said()}"
        hint = f"talosctl -n {self._address(host, last)} image pull --namespace {where} {image}"
        return NodeStopped(host, NodeState.NO_IMAGE, what, hint=self._again(hint))

    def _nowhere(self) -> NodeStopped:
        """Before the first component, between two, or after the last."""
        if self.watch.last is None and self._nothing_moved():
            what = f"talosctl did not begin with Kubernetes {self.step.version}; nothing was changed: {self.said()}"
            hint = "take what it names out of the files, then: talops gen config && talops apply"
            removed = any(_REMOVED in line for line in self._lines())
            return NodeStopped(
                "", NodeState.NOT_STARTED, what, hint=hint if removed else self._again("mend what it names")
            )
        proxy = self.only_proxies()
        hint = "kubectl -n kube-system rollout status daemonset kube-proxy" if proxy else "talops status"
        return NodeStopped("", NodeState.BEHIND, self.what("it is not through"), hint=self._again(hint))

    def _at(self, last: Told) -> NodeStopped:
        host, component = self.watch.host_of(last), last.component
        behind = self._is_behind(host, component)
        address, pod = self._address(host, last), f"{component.value}-{host}"
        trouble = f"{component.value} on {host} {'stays at its old release' if behind else 'does not get well'}"
        if component is Component.KUBELET:
            state, hint = NodeState.OLD_KUBELET, f"talosctl -n {address} service kubelet restart"
        elif component in STATIC_PODS and behind:
            # a kubelet that has lost sight of its static pods finds them when it starts
            state, hint = NodeState.OLD_STATIC_POD, f"talosctl -n {address} service kubelet restart"
        else:
            state, hint = NodeState.BEHIND, f"kubectl -n kube-system logs {pod} --previous; talosctl -n {address} dmesg"
        if not behind and component is Component.KUBELET:
            state = NodeState.NOT_READY
        return NodeStopped(host, state, self.what(trouble), hint=self._again(hint))

    def what(self, trouble: str) -> str:
        """The trouble, talosctl's own words, what runs where, and what that means."""
        said = f"talosctl {self.said()}" if self.watch.silent or self.result.end is not End.EXITED else self.said()
        return f"Kubernetes {self.step.version}: {trouble} ({said}). {self.state()}"

    def state(self) -> str:
        """What runs where, and whether that holds."""
        if isinstance(self.now, Unknown):
            return f"What runs now is not known: {self.now.reason}. The nodes keep running what they run"
        return f"Now: {spoken(self.now.nodes)}. The API answers; Kubernetes allows such a mix, nothing has to go back"

    def behind(self) -> tuple[NodeComponents, ...]:
        return self.now.behind(self.step.version) if isinstance(self.now, KubernetesNow) else ()

    def said(self) -> str:
        """talosctl's last words; a table on its stdout where that is all it said."""
        if self.watch.silent:
            return f"said nothing more while it waited for {self.watch.silent}, and was ended"
        if self.result.end is not End.EXITED:
            return f"was {self.result.end.value}"
        if self.result.ok:
            return "said that it succeeded"
        table = " / ".join(self._lines()[-12:])
        return words_of(self.result) or table[-LONGEST:] or f"it ended with exit {self.result.exit}"

    def _lines(self) -> list[str]:
        lines = self.result.stdout.decode("utf-8", "replace").splitlines()
        return [" ".join(line.split()) for line in lines if line.strip()]

    def _is_behind(self, host: str, component: Component) -> bool:
        nodes = self.now.nodes if isinstance(self.now, KubernetesNow) else ()
        return any(node.hostname == host and component in node.behind(self.step.version) for node in nodes)

    def _nothing_moved(self) -> bool:
        return isinstance(self.now, KubernetesNow) and all(
            now.runs == before.runs for now, before in zip(self.now.nodes, self.step.nodes, strict=True)
        )

    def only_proxies(self) -> bool:
        """Whether nothing else is missing."""
        return set(self._parts_behind()) == {Component.PROXY}

    def _parts_behind(self) -> Iterator[Component]:
        return (part for node in self.behind() for part in node.behind(self.step.version))

    def _address(self, host: str, told: Told) -> str:
        known = {node.hostname: node.addresses[0] for node in self.session.desired.nodes}
        return known.get(host, told.address)

    def _again(self, first: str) -> str:
        return f"{first}   # then `{self.session.again}` does what is left"
