"""A config onto a node that keeps running."""

from dataclasses import dataclass, replace
from datetime import timedelta

from talops.domain.cluster import DesiredNode, Observed, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.machineconfig import ApplyMode
from talops.domain.process import Instant, Result
from talops.domain.talos import Role, TalosNode, Unknown, Version
from talops.errors import Exit
from talops.execute import marks
from talops.execute.configs import Configs, Distance, reboots
from talops.execute.disrupt import GLANCE, boot_id_of, run_call
from talops.execute.failure import NodeStopped, StopNow, StopRequested
from talops.execute.gatewait import ONE_MORE_SAMPLE, SAMPLE_AGE, after_live, before_first, live_policy, wait_for_gates
from talops.execute.giveback import Held, give_back, lacks, leave
from talops.execute.hurry import hurried
from talops.execute.lease import LeaseKeeper
from talops.execute.meaning import what_is_left
from talops.execute.outcome import hold_lease, outcome_of
from talops.execute.session import Session
from talops.execute.staging import distance, not_taken
from talops.execute.streak import Stability
from talops.observe import observe_node, read_configs

CALL_WITHIN = timedelta(seconds=30)
"""A node answers before anything of it restarts. Whoever comes after a talops that died waits for so long."""
LOOK_EVERY = 3.0
TAKEN_WITHIN = 5.0
"""Seconds for a node that is said to have a config to tell of it."""
WATCHED = 4
"""Stable windows that a control plane is watched for: its kubelet hears of other static pods after 20 s at most."""
SHARE = 1 / 3
"""Of the time for a boot: so long may a node that did not reboot take to be well."""


@dataclass(slots=True, kw_only=True)
class LiveApply:
    """One node takes its config while it runs. Marked all the same: a kubelet or an etcd may restart, a network go."""

    session: Session
    lease: LeaseKeeper
    node: DesiredNode
    configs: Configs
    release: Version | Unknown
    """The Talos that it runs."""
    baseline: Observed | None
    first: bool
    """Nothing has just proven that the gates are open and stable."""
    unwell: bool = False
    """It is so before, and the only one that was asked for: what shuts the gates is what is to be mended."""
    through: bool = False

    def run(self, last: Observed) -> Observed:
        """Raises NodeStopped, StopRequested or StopNow, each with the node left as the messages say."""
        with outcome_of(self.session, self.node.hostname, lambda: self.through):
            return self._run(last)

    def _run(self, last: Observed) -> Observed:
        session, hostname = self.session, self.node.hostname
        if not self.unwell:
            stability = before_first(session.policy) if self.first else ONE_MORE_SAMPLE
            last = self._gates(last, Step.GATES, stability, NodeState.NOT_STARTED)
        hold_lease(session, self.lease, hostname)
        self._still_live()
        before = observe_node(self.node, session.tools)
        boot_id, held = boot_id_of(before), self._mark(before)
        self._still_open(last, held)
        with session.in_flight(hostname, held.by_hand(), cordoned=False):
            self._apply(held, boot_id)
        self.through = True
        return self._gates(last, Step.SETTLE, after_live(session.policy), NodeState.GATE_SHUT)

    def _gates(self, last: Observed, step: Step, stability: Stability, state: NodeState) -> Observed:
        self.session.step(self.node.hostname, step)
        return wait_for_gates(
            self.session,
            last,
            hostname=self.node.hostname,
            step=step,
            stability=stability,
            state=state,
            baseline=None if self.unwell else self.baseline,
            just_seen=step is Step.GATES,
            policy=live_policy(self.session.policy),
        )

    def _mark(self, before: ObservedNode) -> Held:
        """So that whoever comes after us, if we die, looks at this node first."""
        session, hostname = self.session, self.node.hostname
        if not isinstance(before.kube, KubeNode):
            what = f"{hostname}: its Kubernetes node cannot be read"
            raise NodeStopped(hostname, NodeState.NOT_STARTED, what, hint="kubectl get nodes -o wide")
        if before.kube.boot_id != before.boot_id and not self.unwell:
            what = f"{hostname} has rebooted, which was not our doing: Talos and Kubernetes name different boot IDs"
            raise NodeStopped(
                hostname, NodeState.NOT_STARTED, what, hint=f"run `{session.again}` again once it is Ready"
            )
        session.step(hostname, Step.MARK)
        marks.mark(
            session,
            before.kube.name,
            action="apply",
            boot_id=boot_id_of(before),
            lasts=CALL_WITHIN,
            cordon=False,
            hostname=hostname,
            step=Step.MARK,
        )
        return Held(node=self.node, kube_name=before.kube.name, ours=False)

    def _apply(self, held: Held, boot_id: str) -> None:
        session, hostname = self.session, self.node.hostname
        session.step(hostname, Step.APPLY, "the config of the files, live")
        # refused by the node itself where it would need a reboot
        file = self.configs.file(hostname)
        talosctl = session.tools.talosctl.for_version(self.release)
        call = talosctl.apply_config(self.node.addresses[0], file, mode=ApplyMode.NO_REBOOT)
        call = replace(call, deadline=CALL_WITHIN)
        try:
            result = run_call(session, call, hostname, Step.APPLY, "talosctl to apply its config")
            session.step(hostname, Step.VERIFY)
            self._watch(result, boot_id)
        except NodeStopped as stopped:
            if stopped.state is NodeState.NOT_TAKEN:
                if give_back(session, held):
                    session.flying = ""
                    stopped.what += ". It goes on with the config that it had"
            else:
                leave(session, held, "it to be well")
            raise
        except StopNow:
            session.flying_seen = self._glance()
            raise
        marks.clear(session, held.kube_name, run=session.run, hostname=hostname, step=Step.VERIFY)

    def _watch(self, result: Result, boot_id: str) -> None:
        """Until it runs with the config and has been well with it for a while. Raises NodeStopped."""
        session, hostname, policy = self.session, self.node.hostname, self.session.policy
        start = session.now()
        deadline = start + policy.boot_timeout.total_seconds() * SHARE
        window = policy.stable_window.total_seconds() * (WATCHED if self.node.role is Role.CONTROL_PLANE else 1)
        well_since: Instant | None = None
        rebooted = False
        while True:
            observed, found = observe_node(self.node, session.tools), distance(session, self.node, self.configs)
            now, missing = session.now(), self._lacks(observed, found)
            if isinstance(observed.boot_id, str) and observed.boot_id != boot_id and not rebooted:
                rebooted = True
                session.note(f"{hostname} has rebooted, which nobody had asked for.", hostname=hostname, warning=True)
            well_since = None if missing else (now if well_since is None else well_since)
            if well_since is not None and now - well_since >= window:
                return
            late = missing and now >= deadline
            if isinstance(found, Distance) and found.changes and (late or now - start >= self._patience(result)):
                raise not_taken(session, self.node, self.configs, result, found)
            if late:
                raise self._unwell(observed, missing)
            session.waits(hostname, Step.VERIFY, missing or "it to stay well with its new config", deadline)
            session.look_again(start, at_most=LOOK_EVERY)

    def _patience(self, result: Result) -> float:
        """Seconds after which an old config is not going to change any more: a node has it before it answers."""
        if self.configs.refusal(self.node.hostname, result):
            return 0.0
        return TAKEN_WITHIN if result.ok else CALL_WITHIN.total_seconds()

    def _lacks(self, observed: ObservedNode, found: Distance | Unknown) -> str:
        if isinstance(found, Unknown):
            return f"it to tell its config: {found.reason}"
        if found.changes:
            return "it to run with its new config"
        missing = lacks(observed)
        unmet = observed.talos.unmet if isinstance(observed.talos, TalosNode) else ()
        return f"{missing} ({', '.join(unmet)})" if missing and unmet else missing

    def _unwell(self, observed: ObservedNode, missing: str) -> NodeStopped:
        host, address = self.node.hostname, self.node.addresses[0]
        silent = isinstance(observed.talos, Unknown)
        state = NodeState.UNREACHABLE if silent else NodeState.UNWELL
        what = f"{host} was given its new config and is not well with it: still waiting for {missing}"
        if self.node.role is Role.CONTROL_PLANE:
            what += f". {what_is_left(self.session, self.node)}"
        hint = f"talosctl -n {address} services; correct the files, then give them to it alone: talops apply {host}"
        if silent:
            hint = f"look at its console: its network may be configured wrongly; then: talosctl -n {address} version"
        return NodeStopped(host, state, what, hint=hint)

    def _glance(self) -> str:
        """How it is right after its talosctl was killed. Whoever said stop twice waits for no more."""
        tools = hurried(self.session.tools, GLANCE)
        held = read_configs([self.node], tools)[self.node.hostname]
        found = held if isinstance(held, Unknown) else self.configs.distance(self.node.hostname, held)
        if isinstance(found, Unknown):
            return "it did not answer"
        return "it still had its old config" if found.changes else "it had its new config"

    def _still_open(self, last: Observed, held: Held) -> None:
        """Writing the mark may have had to wait for the API: then the gates are asked once more (law 3)."""
        session = self.session
        if self.lease.held and (self.unwell or session.now() - last.at <= SAMPLE_AGE):
            return
        try:
            if not self.unwell:
                self._gates(last, Step.PROOF, ONE_MORE_SAMPLE, NodeState.NOT_STARTED)
            hold_lease(session, self.lease, self.node.hostname)
        except (NodeStopped, StopRequested, StopNow):
            give_back(session, held)
            raise

    def _still_live(self) -> None:
        """The node has the last word: what was planned as live must never become a reboot that nobody agreed to."""
        host = self.node.hostname
        heard = self.configs.answer(self.node, self.release, self.session.tools)
        if isinstance(heard, Unknown):
            what = f"{host} does not say how it would take its config: {heard.reason}"
        elif heard.no:
            what = f"{host} does not take its config any more: {heard.no}"
        elif reboots(heard):
            what = f"{host} says that it needs a reboot for its config by now, which was not in the plan"
        else:
            return
        raise NodeStopped(
            host,
            NodeState.NOT_STARTED,
            f"{what}. Nothing was changed on it",
            hint=f"run `{self.session.again}` again: it plans anew",
            exit=Exit.REFUSED,
        )
