"""Plays a whole rollout on the embedded cluster, through the same doors that the command line uses."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from builders import KUBERNETES, desired_cluster
from talops.domain.cluster import Desired, Policy
from talops.domain.event import Ended, Event, NodeEnded, NodeState, Noted, Step, StepStarted
from talops.domain.plan import Plan
from talops.domain.process import Kube
from talops.domain.talos import Version
from talops.errors import Exit, TalopsError
from talops.execute.configs import Configs
from talops.execute.rollback import roll_back
from talops.execute.runs import apply_configs, upgrade_all, upgrade_kubernetes
from talops.execute.session import Session
from talops.files.redact import Secrets
from talops.observe import Tools
from talops.sim.faults import parse_fault
from talops.sim.kube.objects import Object
from talops.sim.world import Killed, World, rehearsal
from talops.tools.calls import Talosctl

STEPS = [
    Step.GATES,
    Step.CORDON,
    Step.DATABASES,
    Step.DRAIN,
    Step.DETACH,
    Step.PROOF,
    Step.MARK,
    Step.UPGRADE,
    Step.BOOT,
    Step.VERIFY,
    Step.UNCORDON,
    Step.SETTLE,
]
"""Of a node that is upgraded, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What the operator saw, and the cluster as it really is afterwards."""

    exit: Exit | None
    """None when talops was killed."""
    events: Sequence[Event]
    world: World
    error: TalopsError | None = None

    @property
    def ended(self) -> Ended:
        return next(event for event in reversed(self.events) if isinstance(event, Ended))

    @property
    def said(self) -> str:
        """The last words: what happened, and what to type next."""
        if self.error is not None:
            return f"{self.error.what}\n{self.error.hint}"
        return f"{self.ended.what}\n{self.ended.hint}"

    @property
    def notes(self) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Noted))

    def left(self, hostname: str) -> NodeState:
        return next(e.state for e in reversed(self.events) if isinstance(e, NodeEnded) and e.hostname == hostname)


@dataclass(slots=True, kw_only=True)
class Rehearsed:
    """A cluster to play on, again and again."""

    desired: Desired
    world: World
    policy: Policy = field(default_factory=Policy)
    watch: Callable[[Event], None] = lambda _event: None
    """Sees each event as it happens."""
    kube_of: Callable[[World], Kube] = lambda world: world.kube
    """Where talops meets this cluster's Kubernetes."""
    runs: int = 0
    wanted: Mapping[str, str] = field(default_factory=dict)
    """The configs of the files, by hostname."""

    def play(
        self,
        *,
        only: tuple[str, ...] = (),
        skip: tuple[str, ...] = (),
        confirm: Callable[[Plan], bool] = lambda _plan: True,
        with_config: bool = False,
    ) -> Played:
        """One `talops upgrade all --yes`."""
        return self._run(
            lambda session, holder, configs: upgrade_all(
                session,
                only=only,
                skip=skip,
                holder=holder,
                confirm=confirm,
                configs=configs if with_config else None,
            )
        )

    def apply(
        self,
        *nodes: str,
        skip: tuple[str, ...] = (),
        stage: bool = False,
        confirm: Callable[[Plan], bool] = lambda _plan: True,
    ) -> Played:
        """One `talops apply [NODE…] --yes`."""
        return self._run(
            lambda session, holder, configs: apply_configs(
                session, configs, nodes=nodes, skip=skip, stage=stage, holder=holder, confirm=confirm
            ),
            again="talops apply",
        )

    def upgrade_k8s(self, to: str = "", *, confirm: Callable[[Plan], bool] = lambda _plan: True) -> Played:
        """One `talops upgrade k8s --yes`."""
        target = Version.parse(to) if to else self.desired.kubernetes_version
        return self._run(
            lambda session, holder, _: upgrade_kubernetes(session, target, holder=holder, confirm=confirm),
            again="talops upgrade k8s",
        )

    def roll_back(self, hostname: str) -> Played:
        """One `talops rollback NODE --yes`."""
        return self._run(lambda session, holder, _: roll_back(session, hostname, holder=holder, confirm=lambda _: True))

    def run_etcd(self, command: Callable[[Session, str], Exit], *, again: str) -> Played:
        """One `talops etcd …`."""
        return self._run(lambda session, holder, _: command(session, holder), again=again)

    def _run(self, command: Callable[[Session, str, Configs], Exit], again: str = "talops upgrade all") -> Played:
        self.runs += 1
        events: list[Event] = []

        def emit(event: Event) -> None:
            events.append(event)
            self.watch(event)

        world = self.world
        kube = self.kube_of(world)
        tools = Tools(runner=world.runner, kube=kube, clock=world.clock, talosctl=Talosctl())
        session = Session(
            tools=tools, desired=self.desired, policy=self.policy, run=f"run-{self.runs}", again=again, emit=emit
        )
        try:
            with TemporaryDirectory() as folder:
                secrets = Secrets.of(*self.wanted.values())
                configs = Configs(texts=self.wanted, folder=Path(folder), secrets=secrets)
                exit = command(session, f"tester/run-{self.runs}", configs)
        except Killed:
            return Played(exit=None, events=events, world=world)
        except TalopsError as error:
            return Played(exit=error.exit, events=events, world=world, error=error)
        return Played(exit=exit, events=events, world=world)

    def when(self, hostname: str, step: Step, act: Callable[[], None], *, after: float = 0.5) -> None:
        """`act` happens so many seconds after this step of this node has begun, once."""
        done: list[bool] = []

        def watch(event: Event) -> None:
            if isinstance(event, StepStarted) and (event.hostname, event.step) == (hostname, step) and not done:
                done.append(True)
                self.world.at(event.at + after, act)

        self.watch = watch

    def die_at(self, hostname: str, step: Step, *, after: float = 0.5) -> None:
        """talops is killed so many seconds after this step of this node has begun."""
        self.when(hostname, step, lambda: self.world.kill_talops_at(0), after=after)

    def without(self, *hostnames: str) -> "Rehearsed":
        """The same cluster, whose files have forgotten these nodes."""
        nodes = tuple(node for node in self.desired.nodes if node.hostname not in hostnames)
        desired = replace(self.desired, nodes=nodes)
        return Rehearsed(desired=desired, world=self.world, policy=self.policy, wanted=self.wanted)

    def restart(self) -> None:
        """After a kill: the same cluster, a new talops."""
        self.watch = lambda _event: None
        self.world = self.world.restart()


def cluster(
    *faults: str,
    start: str = "v1.13.0",
    target: str = "v1.13.1",
    control_planes: int = 3,
    workers: int = 3,
    seed: int = 0,
    policy: Policy | None = None,
    kubernetes: str | None = None,
    kubernetes_target: str = KUBERNETES,
) -> Rehearsed:
    """A healthy embedded cluster at `start`, whose files want `target`. `kubernetes`: where that is to begin."""
    desired = desired_cluster(
        control_planes=control_planes, workers=workers, talos_version=target, kubernetes_version=kubernetes_target
    )
    parsed = [parse_fault(fault, desired) for fault in faults]
    running = Version.parse(kubernetes) if kubernetes else None
    world = rehearsal(desired, start=Version.parse(start), faults=parsed, seed=seed, kubernetes=running)
    return Rehearsed(desired=desired, world=world, policy=policy or Policy())


def annotate(rehearsed: Rehearsed, hostname: str, annotations: dict[str, str]) -> None:
    """Whoever it was, these annotations are on its Kubernetes node now."""

    def change(node: Object) -> None:
        node["metadata"].setdefault("annotations", {}).update(annotations)

    rehearsed.world.truth.cluster.store.update("nodes", hostname, "", change)


def versions(rehearsed: Rehearsed) -> set[str]:
    return {str(node.version) for node in rehearsed.world.truth.nodes.values()}


def cordoned(rehearsed: Rehearsed) -> list[str]:
    return [node.name for node in rehearsed.world.truth.kube_nodes() if node.unschedulable]


def marked(rehearsed: Rehearsed) -> list[str]:
    """Names of nodes with anything of talops on them."""
    nodes = rehearsed.world.truth.kube_nodes()
    return [node.name for node in nodes if any(key.startswith("talops.dev/") for key in node.annotations)]
