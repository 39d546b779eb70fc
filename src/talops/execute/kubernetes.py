"""One hop of Kubernetes over all nodes: gates, mark, talosctl, and then what really runs (laws 1, 3 and 7)."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from talops.domain.cluster import Observed, Policy
from talops.domain.components import KubernetesNow
from talops.domain.event import NodeEnded, NodeState, Step
from talops.domain.kubernetes import UNFINISHED, KubeNode
from talops.domain.plan import UpgradeKubernetes
from talops.domain.process import Call, Result
from talops.domain.talos import Unknown
from talops.execute import marks
from talops.execute.disrupt import GLANCE, boot_id_of
from talops.execute.endpoint import direct_endpoint
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import ONE_MORE_SAMPLE, SAMPLE_AGE, after_node, before_first, wait_for_gates
from talops.execute.giveback import Held, give_back, leave
from talops.execute.hurry import hurried
from talops.execute.kubernetes_meaning import Left, lost_the_api, words_of
from talops.execute.kubernetes_watch import Watch, hostnames_by_address, kube_nodes
from talops.execute.lease import LeaseKeeper
from talops.execute.outcome import hold_lease
from talops.execute.session import Session
from talops.execute.still import KUBERNETES
from talops.execute.streak import Stability
from talops.observe import Tools, observe_components

WITHIN = timedelta(minutes=30)
WITHIN_EACH = timedelta(minutes=5)
"""How long a hop may take: images, the control plane and the manifests; and each node."""
TOLD_WITHIN = 120.0
"""Seconds for the API to tell what talosctl has seen: a mirror pod follows its static pod, a node its kubelet."""
FAILED_WITHIN = 10.0
"""Seconds after a talosctl that failed: what was just on its way when it did still arrives."""
LOOK_EVERY = 3.0
UNTOUCHED = {NodeState.NO_IMAGE, NodeState.NOT_STARTED}
"""In these nothing was begun that would have to be finished."""
ATTEMPTS = 3
"""How often a talosctl is started for one hop, where it is the API that fails it."""


def after_hop(policy: Policy) -> Stability:
    """Nothing of a storage was stopped: its next word about itself is news enough."""
    return replace(after_node(policy), news=1)


@dataclass(slots=True, kw_only=True)
class KubernetesHop:
    """Takes the cluster through. The mark is on the Kubernetes node of the control plane that is asked."""

    session: Session
    lease: LeaseKeeper
    step: UpgradeKubernetes
    baseline: Observed | None
    first: bool
    """Nothing has just proven that the gates are open and stable."""
    through: bool = False
    done: list[str] = field(default_factory=list)
    """The hostnames of the nodes with which nothing is left to do."""
    _before: tuple[KubeNode, ...] = ()

    def run(self, last: Observed) -> Observed:
        """Raises NodeStopped, StopRequested or StopNow, each with the cluster left as the messages say."""
        stability = before_first(self.session.policy) if self.first else ONE_MORE_SAMPLE
        last = self._gates(last, Step.GATES, stability, NodeState.NOT_STARTED)
        hold_lease(self.session, self.lease, self.step.hostname)
        call, held = self._call(), self._mark(last)
        self._still_open(last, held)
        with self.session.in_flight(self.step.name, held.by_hand(), cordoned=False):
            self._upgrade(call, held, last)
        self.through = True
        return self._gates(last, Step.SETTLE, after_hop(self.session.policy), NodeState.GATE_SHUT)

    def _gates(self, last: Observed, step: Step, stability: Stability, state: NodeState) -> Observed:
        self.session.step("", step)
        return wait_for_gates(
            self.session,
            last,
            hostname="",
            step=step,
            stability=stability,
            state=state,
            baseline=self.baseline,
            just_seen=step is Step.GATES,
        )

    def _call(self) -> Call:
        tools, step = self.session.tools, self.step
        talosctl = tools.talosctl if step.talosctl is None else tools.talosctl.for_version(step.talosctl)
        within = WITHIN + WITHIN_EACH * len(step.nodes)
        endpoint = direct_endpoint(self.session, talosctl, self.session.desired.node(step.hostname))
        return talosctl.upgrade_k8s(step.address, step.version, endpoint=endpoint, within=within)

    def _mark(self, last: Observed) -> Held:
        """So that whoever comes after us, if we die, waits for a talosctl that does not die with us."""
        session, hostname = self.session, self.step.hostname
        live = last.nodes[hostname]
        if not isinstance(live.kube, KubeNode):
            what = f"{hostname}: its Kubernetes node cannot be read"
            raise NodeStopped(hostname, NodeState.NOT_STARTED, what, hint="kubectl get nodes -o wide")
        session.step("", Step.MARK)
        marks.mark(
            session,
            live.kube.name,
            action=f"{KUBERNETES} {self.step.version}",
            boot_id=boot_id_of(live),
            lasts=WITHIN + WITHIN_EACH * len(self.step.nodes),
            cordon=False,
            hostname=hostname,
            step=Step.MARK,
            unfinished=str(self.step.version),
        )
        return Held(node=session.desired.node(hostname), kube_name=live.kube.name, ours=False)

    def _still_open(self, last: Observed, held: Held) -> None:
        """Writing the mark may have had to wait for the API: then the gates are asked once more (law 3)."""
        if self.lease.held and self.session.now() - last.at <= SAMPLE_AGE:
            return
        try:
            self._gates(last, Step.PROOF, ONE_MORE_SAMPLE, NodeState.NOT_STARTED)
            hold_lease(self.session, self.lease, self.step.hostname)
        except (NodeStopped, StopRequested, StopNow):
            give_back(self.session, held)
            raise

    def _upgrade(self, call: Call, held: Held, last: Observed) -> None:
        session, began, self._before = self.session, self.session.now(), kube_nodes(last)
        session.step("", Step.KUBERNETES, f"{self.step.from_version} to {self.step.version}")
        watch = Watch(session=session, step=self.step, hostnames=hostnames_by_address(last))
        try:
            self._take(call, watch, began)
        except NodeStopped as stopped:
            self._give_back(held, untouched=stopped.state in UNTOUCHED)
            self._tell_ends(began, NodeState.BEHIND, stopped)
            raise
        except StopNow:
            self._interrupted(watch, held, began)
            raise
        marks.clear(session, held.kube_name, run=session.run, hostname=self.step.hostname, step=Step.VERIFY)
        begun = [kube.name for kube in self._before if UNFINISHED in kube.annotations]
        marks.finished(session, {held.kube_name, *begun}, hostname=self.step.hostname, step=Step.VERIFY)
        self._tell_ends(began, NodeState.BEHIND)

    def _take(self, call: Call, watch: Watch, began: float) -> None:
        """talosctl gives up when the API goes away under it, as it does while API servers restart. It may begin anew:
        what is done is not done again. Raises NodeStopped and StopNow.
        """
        for attempt in range(1, ATTEMPTS + 1):
            result = watch.run(call)
            try:
                self._verify(watch, result, began)
            except NodeStopped:
                if attempt == ATTEMPTS or not lost_the_api(result):
                    raise
            else:
                return
            self.session.note(
                f"the Kubernetes API went away under talosctl ({words_of(result)}): once more", warning=True
            )
            self._until_it_answers()

    def _until_it_answers(self) -> None:
        session = self.session
        deadline = session.now() + TOLD_WITHIN
        while isinstance(now := observe_components(session.desired, session.tools), Unknown):
            if session.now() >= deadline:
                return
            session.waits("", Step.KUBERNETES, f"the Kubernetes API to answer: {now.reason}", deadline)
            session.pause(LOOK_EVERY)

    def _verify(self, watch: Watch, result: Result, began: float) -> None:
        """Whatever talosctl said: each component on each node. Raises NodeStopped."""
        session = self.session
        session.step("", Step.VERIFY)
        patience = TOLD_WITHIN if result.ok else 0.0 if watch.silent else FAILED_WITHIN
        began_to_look, boot = session.now(), session.policy.boot_timeout.total_seconds()
        deadline = began_to_look + patience
        while True:
            now = observe_components(session.desired, session.tools)
            left = Left(session=session, step=self.step, watch=watch, result=result, now=now)
            if isinstance(now, KubernetesNow) and not left.behind():
                if not result.ok:
                    self._despite(left)
                return
            # a DaemonSet goes over the nodes in its own time
            until = max(deadline, began_to_look + boot) if result.ok and left.only_proxies() else deadline
            if session.now() >= until:
                raise left.stopped()
            session.waits("", Step.VERIFY, self._missing(now), until)
            session.look_again(began, at_most=LOOK_EVERY)

    def _missing(self, now: KubernetesNow | Unknown) -> str:
        if isinstance(now, Unknown):
            return f"the Kubernetes API to tell what runs: {now.reason}"
        node = now.behind(self.step.version)[0]
        parts = ", ".join(part.value for part in node.behind(self.step.version))
        return f"{node.hostname} to run {self.step.version} of {parts}"

    def _despite(self, left: Left) -> None:
        """Every component is there, so it is done. What came after them may not be: talosctl's manifests."""
        redo = f"talosctl -n {self.step.address} upgrade-k8s --to {self.step.version}"
        self.session.note(
            f"every component runs {self.step.version}, although talosctl failed: {left.said()}. The manifests of the "
            f"control plane (CoreDNS, kube-proxy, and inline ones) may still be the old ones; once more: {redo}",
            warning=True,
        )

    def _give_back(self, held: Held, *, untouched: bool = False) -> None:
        """Its talosctl has ended, so nothing of it is in flight: whoever comes next need not wait."""
        session = self.session
        with session.restoring():
            try:
                marks.clear(session, held.kube_name, run=session.run, hostname=held.node.hostname, step=Step.VERIFY)
                if untouched and not any(UNFINISHED in kube.annotations for kube in self._before):
                    marks.finished(session, (held.kube_name,), hostname=held.node.hostname, step=Step.VERIFY)
            except StopNow:
                leave(session, held, "the Kubernetes API to take a change")
            except NodeStopped as stopped:
                leave(session, held, f"a change of its Kubernetes node ({stopped.what})")
        session.flying = ""

    def _interrupted(self, watch: Watch, held: Held, began: float) -> None:
        """Told twice to stop: talosctl is dead. One short look, and what is ours is taken away."""
        session = self.session
        tools: Tools = hurried(session.tools, GLANCE)
        now = observe_components(session.desired, tools)
        left = Left(session=session, step=self.step, watch=watch, result=Result(), now=now)
        self._give_back(held)
        killed = f"Interrupted in the middle of {self.step.name}: its talosctl was killed, and no node reboots"
        session.interrupted = f"{killed}. {left.state()}"
        self._tell_ends(began, NodeState.INTERRUPTED)

    def _tell_ends(self, began: float, behind: NodeState, stopped: NodeStopped | None = None) -> None:
        """How each node that took part was left; `behind`: one that is not all at the release."""
        session = self.session
        now = observe_components(session.desired, hurried(session.tools, GLANCE))
        at, wall = session.now(), session.tools.clock.wall()
        took = timedelta(seconds=at - began)
        for node, before in zip(now.nodes if isinstance(now, KubernetesNow) else (), self.step.nodes, strict=False):
            state, text = behind if node.behind(self.step.version) else NodeState.DONE, ""
            if stopped is not None and stopped.hostname == node.hostname:
                state, text = stopped.state, stopped.what
            elif node.runs == before.runs:
                continue
            if state is NodeState.DONE and self.step.last:
                self.done.append(node.hostname)
            session.emit(NodeEnded(at=at, wall=wall, hostname=node.hostname, state=state, took=took, text=text))
