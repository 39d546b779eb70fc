"""One talosctl that upgrades Kubernetes: what it tells is shown as it comes; one that says nothing more is ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from talops.domain.cluster import Observed
from talops.domain.event import ComponentMoved, Move, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.plan import UpgradeKubernetes
from talops.domain.process import Call, End, Result, Running
from talops.execute.session import Session
from talops.tools.kubernetes_progress import Progress, Told

LOOK_EVERY = 1.0
SILENT_FOR = timedelta(minutes=6)
"""talosctl gives a static pod five minutes, and a kubelet that does not restart for ever. What it has changed stays,
and a SIGKILL leaves nothing half written: each change is one call to a node."""


@dataclass(slots=True, kw_only=True)
class Watch:
    """`hostnames`: whose each address is, of all that Kubernetes has for a node."""

    session: Session
    step: UpgradeKubernetes
    hostnames: Mapping[str, str]
    silent: str = ""
    """What it waited for when it was ended for saying nothing more; empty when it was not."""
    _progress: Progress = field(default_factory=Progress)

    @property
    def last(self) -> Told | None:
        """The newest that it told, None when it had not begun with a component or was through with all."""
        return self._progress.last

    def host_of(self, told: Told) -> str:
        return self.hostnames.get(told.address, told.address)

    def run(self, call: Call) -> Result:
        """To its end, without blocking. Its exit code proves nothing. Whatever interrupts that ends it by SIGKILL."""
        session, self.silent, self._progress = self.session, "", Progress()
        running = session.tools.runner.start(call)
        until = session.now() + call.deadline.total_seconds()
        heard, quiet_until = 0, session.now() + self._patience()
        try:
            while (result := running.poll()) is None:
                self.hear(running.output())
                if self._progress.heard > heard:
                    heard, quiet_until = self._progress.heard, session.now() + self._patience()
                if session.now() >= quiet_until:
                    self.silent = self._doing()
                    return _ended(running)
                session.waits("", Step.KUBERNETES, self._doing(), min(until, quiet_until))
                session.pause(LOOK_EVERY)
        except BaseException:
            running.kill()
            self.hear(running.output())
            raise
        self.hear(result.stdout)
        return result

    def hear(self, output: bytes) -> None:
        """All that it has printed by now: what is new of it is told."""
        session = self.session
        for told in self._progress.read(output):
            now, wall = session.now(), session.tools.clock.wall()
            session.emit(
                ComponentMoved(
                    at=now,
                    wall=wall,
                    hostname=self.host_of(told),
                    component=told.component,
                    version=self.step.version,
                    move=told.move,
                    text=told.text,
                )
            )

    def _patience(self) -> float:
        """Seconds for the next line. An image may be large, and the line about it slow."""
        pulling = self.last is not None and self.last.move is Move.PULLS
        boot = self.session.policy.boot_timeout
        return (boot if pulling or self.last is None else min(boot, SILENT_FOR)).total_seconds()

    def _doing(self) -> str:
        """What it is about, in words for the person who waits."""
        if self._progress.manifests:
            return "the manifests of the control plane"
        if self.last is None:
            return "talosctl to look at the cluster"
        where = f"{self.last.component.value} on {self.host_of(self.last)}"
        match self.last.move:
            case Move.PULLS:
                return f"the image of {where}"
            case Move.WAITS:
                return f"{self.last.text} on {self.host_of(self.last)}"
            case Move.BEGINS:
                return f"talosctl to update {where}"
            case Move.DONE:
                return f"talosctl to go on after {where}"


def _ended(running: Running) -> Result:
    running.kill()
    return running.poll() or Result(end=End.KILLED)


def hostnames_by_address(observed: Observed) -> dict[str, str]:
    """Every address that Kubernetes has for a node of the files: talosctl names nodes by one of these."""
    found: dict[str, str] = {}
    for node in observed.nodes.values():
        if isinstance(node.kube, KubeNode):
            found |= dict.fromkeys(node.kube.addresses, node.hostname)
    return found


def kube_nodes(observed: Observed) -> tuple[KubeNode, ...]:
    return observed.kube_nodes if isinstance(observed.kube_nodes, tuple) else ()
