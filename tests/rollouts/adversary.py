"""Watches the embedded cluster's truth while rollouts are played on it, and writes down each law that they break."""

from dataclasses import dataclass, field

from play import Played, Rehearsed

from talops.domain.event import Event, Step, StepStarted, StepWaits
from talops.domain.process import Instant
from talops.errors import Exit
from talops.sim.kube.store import Change
from talops.sim.machine import Machine

IN_FLIGHT = "talops.dev/in-flight"
OURS = "talops.dev/cordoned-by"
LONGEST_RUN = 12 * 3600.0
"""No run of a few nodes may take longer, whatever happens to it: every wait has a deadline (law 12)."""
JUST_NOW = 180.0
"""What others broke so shortly before could not be known when the step began that made a node go down."""
ACTING = {Step.CORDON, Step.DRAIN, Step.MARK, Step.UPGRADE, Step.APPLY, Step.STAGE, Step.REBOOT}


@dataclass(slots=True)
class Watcher:
    """`persons` are the nodes that a person has cordoned; `disturbed` is when somebody else last broke something."""

    rehearsed: Rehearsed
    broken: list[str] = field(default_factory=list)
    persons: set[str] = field(default_factory=set)
    disturbed: Instant = -1e9
    robbed: Instant = -1e9
    lifted: Instant = -1e9
    mended: Instant = -1e9
    skewed: bool = False

    def __post_init__(self) -> None:
        cluster = self.rehearsed.world.truth.cluster
        cluster.on_down.append(self._goes_down)
        cluster.store.subscribe(self._hear)
        self.rehearsed.watch = self.hear

    @property
    def now(self) -> Instant:
        return self.rehearsed.world.truth.cluster.timeline.now

    def expect(self, holds: bool, law: str) -> None:
        if not holds:
            self.broken.append(f"at {self.now:.0f}: {law}")

    @property
    def calm(self) -> bool:
        return self.now - self.disturbed > JUST_NOW

    def _goes_down(self, machine: Machine) -> None:
        truth = self.rehearsed.world.truth
        host = machine.hostname
        others = sorted(truth.cluster.down - {host})
        self.expect(not others, f"law 1: {host} goes down while {others} has not come back")
        if self.now - self.mended < JUST_NOW:
            return  # what a node does that had hung is nobody's decision
        node = truth.cluster.store.get("nodes", host)
        if node is not None:
            self.expect(IN_FLIGHT in (node["metadata"].get("annotations") or {}), f"law 1: {host} carries no mark")
            cordoned = bool(node["spec"].get("unschedulable"))
            self.expect(cordoned or self.now - self.lifted < JUST_NOW, f"law 5: {host} goes down without a cordon")
        if self.calm:
            self._redundancy(machine)

    def _redundancy(self, machine: Machine) -> None:
        truth, host = self.rehearsed.world.truth, machine.hostname
        voters = [member for member in truth.etcd.members if not member.learner]
        if machine.control_plane and len(voters) > 2:
            staying = sum(member.up for member in voters if member.machine is not machine)
            self.expect(staying >= len(voters) // 2 + 1, f"law 4: {host} takes etcd past its quorum")
        if truth.ceph is not None:
            down = {pod for pod in truth.ceph.osds_down if truth.ceph.host_of(pod) != host}
            self.expect(not down, f"law 3: {host} goes down while {sorted(down)} are down")
        if truth.postgres is not None:
            primary = truth.postgres.hosts[truth.postgres.primary]
            self.expect(primary != host, f"law 5: {host} goes down with the Postgres primary on it")
            short = [
                name
                for name, where in truth.postgres.hosts.items()
                if where != host and name not in truth.postgres.ready_instances()
            ]
            self.expect(not short, f"law 3: {host} goes down while Postgres lacks {short}")

    def _hear(self, change: Change) -> None:
        if change.plural != "nodes" or change.old is None or change.new is None:
            return
        host = change.new["metadata"]["name"]
        before = change.old["metadata"].get("annotations") or {}
        after = change.new["metadata"].get("annotations") or {}
        if IN_FLIGHT in before and IN_FLIGHT not in after:
            limit = self.rehearsed.policy.upgrade_timeout.total_seconds()
            acts = self.rehearsed.world.truth.talosctl_acts_on(host, younger_than=limit)
            # a mark's deadline is wall time: two machines whose clocks differ by minutes cannot agree on it
            self.expect(not acts or self.skewed, f"law 1: the mark of {host} is gone while a talosctl acts on it")
        if OURS in before and OURS not in after:
            machine = self.rehearsed.world.truth.nodes[host]
            up = machine.up and machine.stage == "running" and machine.ready and _is_ready(change.new)
            self.expect(
                up or self.now - self.disturbed < 15, f"law 6: the cordon of {host} is lifted, and it is not up"
            )
        if OURS in after and OURS not in before:
            truth = self.rehearsed.world.truth
            if truth.ceph is not None and self.calm:
                self.expect(not truth.ceph.recovering, f"law 2: {host} is drained while Ceph recovers")

    def hear(self, event: Event) -> None:
        if isinstance(event, StepStarted) and event.step in ACTING and self.now - self.robbed > 20:
            holder, run = self.rehearsed.world.truth.lease_holder, f"tester/run-{self.rehearsed.runs}"
            self.expect(holder == run, f"law 8: {event.step.value} of {event.hostname} while {holder} holds the Lease")
        if isinstance(event, StepStarted) and event.step is Step.APPLY and self.calm:
            machines = self.rehearsed.world.truth.nodes.values()
            sick = [m.hostname for m in machines if m.control_plane and m.hostname != event.hostname and not m.ready]
            self.expect(not sick, f"law 4: {event.hostname} gets a config while {sick} are not well")

    def after_run(self, played: Played, began: Instant, *, spared: bool = False, storage: bool = True) -> None:
        """What must hold whenever a run is over. `storage`: it had to wait for that."""
        self.expect(self.now - began < LONGEST_RUN, f"law 12: the run took {self.now - began:.0f} s")
        if played.exit is None:
            return
        if played.exit is not Exit.DONE:
            hint = played.error.hint if played.error is not None else played.ended.hint
            self.expect(bool(hint.strip()), f"law 12: {played.exit.name} without a next command")
        else:
            self._all_done(spared, storage)
        self._cordons(played)

    def _all_done(self, spared: bool, storage: bool) -> None:
        truth = self.rehearsed.world.truth
        target = str(self.rehearsed.desired.talos_version)
        old = [name for name, machine in truth.nodes.items() if str(machine.version) != target]
        self.expect(not old or spared, f"law 7: exit 0 with {old} not at the target")
        if not self.calm:
            return
        away = [name for name, m in truth.nodes.items() if not (m.up and m.stage == "running" and m.ready)]
        self.expect(not away, f"law 7: exit 0 with {away} not up")
        if truth.ceph is not None and storage:
            self.expect(not truth.ceph.recovering, "law 7: exit 0 while Ceph recovers")
        if truth.postgres is not None and storage:
            ready = truth.postgres.ready_instances()
            self.expect(len(ready) == len(truth.postgres.hosts), "law 7: exit 0 while Postgres lacks instances")
        mine = f"tester/run-{self.rehearsed.runs}"
        self.expect(truth.lease_holder != mine, "law 8: exit 0 and the Lease is still held")
        marked = [node.name for node in truth.kube_nodes() if IN_FLIGHT in node.annotations]
        self.expect(not marked, f"law 1: exit 0 and {marked} still marked")

    def _cordons(self, played: Played) -> None:
        waits = [event.reason for event in played.events if isinstance(event, StepWaits)]
        blind = any("the Kubernetes API to answer" in reason for reason in waits)
        if self.rehearsed.world.truth.cluster.api_problem() or (blind and played.exit is Exit.REFUSED):
            return  # which nodes are cordoned could not be seen
        told = played.said
        for node in self.rehearsed.world.truth.kube_nodes():
            if node.unschedulable and node.name not in self.persons:
                told_of = f"kubectl uncordon {node.name}" in told
                self.expect(OURS in node.annotations, f"law 6: {node.name} stays cordoned and nobody says by whom")
                self.expect(IN_FLIGHT in node.annotations, f"law 6: {node.name} stays cordoned without a mark")
                self.expect(
                    told_of or "did not answer" in told,
                    f"law 6: {node.name} stays cordoned ({played.exit}) and nobody says what to type",
                )
            if node.name in self.persons:
                self.expect(node.unschedulable, f"law 6: the cordon that a person put on {node.name} is gone")


def _is_ready(node: dict[str, object]) -> bool:
    conditions = node["status"]["conditions"]  # type: ignore[index]
    return bool(conditions[0]["status"] == "True")
