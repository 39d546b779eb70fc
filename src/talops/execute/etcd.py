"""One run that changes etcd: how it looks, whom it asks, whether it holds the Lease, and how it ends.

Kubernetes may be down because of the very thing that is to be mended. So there is no Lease without it, which is said,
and nothing waits for it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

from talops.domain.event import Asked, Ended, NodeEnded, NodeState, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Call, Instant, Result
from talops.domain.standing import Seat, Standing, is_silent
from talops.domain.talos import EtcdView, Unknown
from talops.domain.words import count
from talops.errors import Exit, Locked, Refused, TalopsError, ToolFailed, Unreachable, UsageError
from talops.execute.disrupt import run_call
from talops.execute.etcd_look import look, no_word
from talops.execute.etcd_oneness import must_be_one
from talops.execute.etcd_words import Said, said_of
from talops.execute.failure import StopNow, StopRequested
from talops.execute.lease import LeaseKeeper, LeaseSilent
from talops.execute.session import Session
from talops.observe.direct import own_way
from talops.observe.edges import Files
from talops.observe.kubernetes import foreign_actors, kube_facts
from talops.plan.etcd import standing
from talops.tools import kubernetes, requests
from talops.tools.calls import Talosctl
from talops.tools.talosctl import versions

LEASE_WITHIN = timedelta(seconds=30)
"""How long a Kubernetes API that does not answer is waited for: it is silent for a while in every rollout of another
talops, whenever a control plane goes down. etcd may be what it is waiting for, too."""
KUBE_WITHIN = timedelta(seconds=5)
WAY_WITHIN = timedelta(seconds=3)
ELECTION_WITHIN = 5.0
"""Seconds."""
LOOK_EVERY = 3.0

Confirm = Callable[[str, str], bool]
"""A question, and what is to be typed for a yes; "" for y."""


@dataclass(slots=True, kw_only=True)
class EtcdRun:
    """`done` are hostnames that something was done to, `left` those that something is left to do to."""

    session: Session
    lease: LeaseKeeper
    began: Instant
    journal: str = ""
    done: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    counted: bool = False
    kube_silent: bool = False
    """It was waited for in vain, and is not asked again."""
    kept: str = ""
    """What is there now and stays, whatever becomes of the run: a snapshot."""

    @staticmethod
    def on(session: Session, *, holder: str, journal: str) -> "EtcdRun":
        lease = LeaseKeeper(session=session, holder=holder, patience=LEASE_WITHIN)
        return EtcdRun(session=session, lease=lease, began=session.now(), journal=journal)

    def run(self, act: Callable[[], Said]) -> Exit:
        """Carry it out. Whatever stops it becomes the last event and an exit code; UsageError is raised."""
        planes = count(len(self.session.desired.control_planes), "control plane")
        self.session.note(f"Looking at etcd, asking {planes}.")
        try:
            said = act()
        except UsageError:
            self.lease.release()
            raise
        except (TalopsError, StopRequested, StopNow) as stop:
            self.lease.release()
            return self._end(said_of(stop, self.session, done=self.done, kept=self.kept))
        self.lease.release()
        return self._end(said)

    def look(self) -> Standing:
        """Who is who, now. Raises Unreachable and ToolFailed when no control plane tells."""
        return self._look()[0]

    def _look(self) -> tuple[Standing, Sequence[EtcdView]]:
        """An election, during which nobody tells anything, is waited for."""
        session = self.session
        deadline = session.now() + ELECTION_WITHIN
        while True:
            views = look(session.desired, session.tools)
            found = standing(session.desired, views)
            if isinstance(found, Standing):
                return found, views
            if session.now() >= deadline or all(map(is_silent, views)):
                raise no_word(found, views)
            session.waits("", Step.GATES, f"the members of etcd to be told: {found.reason}", deadline)
            session.pause(1)

    def kube_nodes(self) -> tuple[KubeNode, ...]:
        """None where Kubernetes does not answer."""
        if self.kube_silent:
            return ()
        request = replace(requests.nodes(), deadline=KUBE_WITHIN)
        found = kubernetes.nodes(self.session.tools.kube.gather((request,))[0])
        return () if isinstance(found, Unknown) else found

    def node_of(self, seat: Seat, nodes: Sequence[KubeNode]) -> KubeNode | None:
        files = Files(self.session.desired)
        for kube in nodes:
            owner = files.of_kube(kube)
            if (owner is not None and owner == seat.node) or seat.address in kube.addresses:
                return kube
        return None

    def ask(self, confirm: Confirm, question: str, name: str = "") -> bool:
        now, wall = self.session.now(), self.session.tools.clock.wall()
        self.session.emit(Asked(at=now, wall=wall, question=question))
        return confirm(question, name)

    def hold(self, found: Standing) -> None:
        """Take the Lease, where a Kubernetes API is there to give it. Raises Locked, Refused and ToolFailed."""
        if nodes := self.kube_nodes():
            must_be_one(self.session, nodes)
            self._refuse_others()
        if found.alarms:
            # no write is taken until the alarm is gone, however long one waits
            self.lease.patience = timedelta(0)
        try:
            self.lease.acquire()
        except LeaseSilent as silent:
            self.session.note(
                f"No Lease: {silent.what}. etcd may be the reason, so this goes on without one: make sure that nobody "
                "else changes this cluster.",
                warning=True,
            )
            self.kube_silent = not found.alarms
            return
        self.session.heartbeat = self.lease

    def still_ours(self) -> None:
        """Right before something is changed: another run may have taken the Lease. Raises Locked."""
        self.session.heed()
        self.lease.renew()
        if self.lease.lost:
            raise Locked(self.lease.lost, hint="`talops status` shows who holds it; run this again when that has ended")

    def _refuse_others(self) -> None:
        """Raises Locked. What cannot be seen because Kubernetes is down is no reason to let etcd be down."""
        facts = kube_facts(self.session.tools, everything=True)
        foreign, _ = foreign_actors(self.session.tools, facts)
        if isinstance(foreign, tuple) and foreign:
            others = "; ".join(f"{actor.tool}: {actor.what}" for actor in foreign)
            raise Locked(
                f"another tool takes nodes down in this cluster right now: {others}",
                hint=f"let it end or suspend it, then run `{self.session.again}` again",
            )

    def change(self, seat: Seat, call: Callable[[Talosctl], Call], step: Step, words: str, *, of: str = "") -> Result:
        """Ask this member's node for it, and wait for the end of that call. `of`: the node that it is done to."""
        session, hostname = self.session, of or seat.name
        made = call(self.way_to(seat.name, seat.address))
        self.still_ours()
        session.step(hostname, step, words)
        with session.in_flight(words, "", cordoned=False):
            return run_call(session, made, hostname, step, words)

    def way_to(self, name: str, address: str) -> Talosctl:
        """By an endpoint that has just answered for it, its own if that is one: a mute one would hold it up.

        Raises Unreachable.
        """
        talosctl, runner = self.session.tools.talosctl, self.session.tools.runner
        planes = self.session.desired.control_planes
        own = [own_way(node, self.session.desired, talosctl) for node in planes if address in node.addresses]
        for way in dict.fromkeys((*own, *talosctl.endpoints, *([] if talosctl.endpoints else [address]))):
            (result,) = runner.gather([replace(talosctl.answers(way, address), deadline=WAY_WITHIN)])
            if result.ok and versions(result.stdout):
                return talosctl.by_way_of(way)
        raise Unreachable(f"{name} does not answer any more", hint=f"talosctl -n {address} version")

    @contextmanager
    def on_node(self, hostname: str) -> Iterator[None]:
        """Something is done to this one; how that ended is told."""
        began = self.session.now()
        state = NodeState.NOT_DONE
        try:
            yield
            state = NodeState.DONE
        except (StopRequested, StopNow):
            state = NodeState.INTERRUPTED
            raise
        finally:
            now = self.session.now()
            took = timedelta(seconds=now - began)
            wall = self.session.tools.clock.wall()
            self.session.emit(NodeEnded(at=now, wall=wall, hostname=hostname, state=state, took=took))

    def wait_until(
        self,
        missing: Callable[[Standing, Sequence[EtcdView]], str],
        hostname: str,
        step: Step,
        *,
        within: timedelta,
        hint: str,
    ) -> Standing:
        """Look until nothing is `missing` any more. Raises ToolFailed when time is up, with what was."""
        session = self.session
        start = session.now()
        deadline = start + within.total_seconds()
        while True:
            found, reason = self._judged(missing)
            if found is not None and not reason:
                return found
            if session.now() >= deadline:
                raise ToolFailed(f"{hostname}: waited in vain for {reason}", hint=hint)
            session.waits(hostname, step, reason, deadline)
            session.look_again(start, at_most=LOOK_EVERY)

    def _judged(self, missing: Callable[[Standing, Sequence[EtcdView]], str]) -> tuple[Standing | None, str]:
        try:
            found, views = self._look()
        except (Unreachable, ToolFailed, Refused) as error:
            return None, f"an answer: {error.what}"
        return found, missing(found, views)

    def _end(self, said: Said) -> Exit:
        now, wall = self.session.now(), self.session.tools.clock.wall()
        self.session.emit(
            Ended(
                at=now,
                wall=wall,
                exit=said.exit,
                what=said.what,
                hint=said.hint,
                upgraded=tuple(self.done),
                left=tuple(self.left),
                took=timedelta(seconds=now - self.began),
                journal=self.journal,
                counted=self.counted,
            )
        )
        return said.exit
