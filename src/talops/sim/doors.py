"""The argv door: Runner, Kube and Clock of one talops, in process and in virtual time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from talops.domain.process import Call, End, Instant, Request, Response, Result, Running, Stop, Wake
from talops.sim.changing import Changing, is_change
from talops.sim.cluster import Cluster
from talops.sim.commandline import APPLY_CONFIG, UPGRADE_K8S, Command, parse
from talops.sim.kube.api import KubeApi
from talops.sim.process import Process
from talops.sim.talosctl import Talosctl

KUBE_SECONDS = 0.002


class Killed(BaseException):
    """The simulated SIGKILL: talops is dead, and nothing that it still tries has an effect."""


@dataclass(slots=True)
class Incarnation:
    """One talops process: alive until killed, with the signals it was sent."""

    cluster: Cluster
    dead: bool = False
    calls_left: int | None = None
    interrupts: int = 0
    terminated: bool = False
    signalled: bool = False
    ended: bool = False
    running: list[Process] = field(default_factory=list)

    def check(self) -> None:
        """Before each call. Raises Killed."""
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                self.dead = True
        if self.dead:
            raise Killed

    def pass_time(self, seconds: float) -> None:
        self.cluster.timeline.run_until(self.cluster.timeline.now + seconds)
        if self.dead:
            raise Killed


class SimRunner:
    """Implements Runner over argv."""

    def __init__(self, incarnation: Incarnation, talosctl: Talosctl) -> None:
        self._me = incarnation
        self._talosctl = talosctl

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        self._me.check()
        known = [call for call in calls if call.argv[0] == "talosctl"]
        if known:
            self._me.pass_time(max(self._talosctl.seconds(call.argv) for call in known))
        return tuple(self._answer(call) for call in calls)

    def _answer(self, call: Call) -> Result:
        if call.argv[0] != "talosctl":
            return Result(end=End.NOT_FOUND)
        # what is known already is answered by its argv alone; a file may have changed
        if APPLY_CONFIG in call.argv:
            from talops.sim.applyconfig import apply_config

            return apply_config(self._me.cluster, parse(call.argv))
        return self._talosctl.answer(call.argv)

    def start(self, call: Call) -> Running:
        self._me.check()
        command = parse(call.argv)
        if call.argv[0] != "talosctl" or not is_change(command):
            return _Done(self._answer(call))
        changing = _process(self._me.cluster, command)
        changing.on_end = self._ended

        def at_its_deadline() -> None:
            # nobody is left to keep the time of a talosctl whose talops is dead
            if not self._me.dead:
                changing.timed_out()

        self._me.cluster.timeline.after(call.deadline.total_seconds(), at_its_deadline)
        return _Guarded(self._me, changing)

    def _ended(self) -> None:
        self._me.ended = True


def _process(cluster: Cluster, command: Command) -> Process:
    if command.words[0] != UPGRADE_K8S:
        return Changing(cluster, command)
    from talops.sim.upgradek8s.command import UpgradeKubernetes

    return UpgradeKubernetes(cluster, command)


@dataclass(frozen=True, slots=True)
class _Done:
    result: Result

    def poll(self) -> Result:
        return self.result

    def output(self) -> bytes:
        return self.result.stdout

    def kill(self) -> None:
        """It has ended already."""


@dataclass(frozen=True, slots=True)
class _Guarded:
    """A running call as its talops sees it: once that is dead, it can neither look nor kill."""

    me: Incarnation
    changing: Process

    def poll(self) -> Result | None:
        self.me.check()
        return self.changing.poll()

    def output(self) -> bytes:
        self.me.check()
        return self.changing.output()

    def kill(self) -> None:
        self.me.check()
        self.changing.kill()


class SimKube:
    """Implements Kube over the embedded API."""

    def __init__(self, incarnation: Incarnation, api: KubeApi) -> None:
        self._me = incarnation
        self._api = api

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        self._me.check()
        self._me.pass_time(KUBE_SECONDS)
        return tuple(self._send(request) for request in requests)

    def _send(self, request: Request) -> Response:
        problem = self._me.cluster.api_refused()
        if problem:
            return Response(status=None, error=problem)
        return Response.of(*self._api.handle(request.method, request.path, request.body, request.content_type))


class SimClock:
    """Implements Clock in virtual time: a wait jumps to whatever comes first."""

    def __init__(self, incarnation: Incarnation) -> None:
        self._me = incarnation
        self.skew = timedelta(0)

    def now(self) -> Instant:
        self._alive()
        return self._me.cluster.timeline.now

    def wall(self) -> datetime:
        self._alive()
        return self._me.cluster.timeline.wall() + self.skew

    def _alive(self) -> None:
        if self._me.dead:
            raise Killed

    def wait(self, until: Instant) -> Wake:
        self._me.check()
        while True:
            if self._me.signalled:
                self._me.signalled = False
                return Wake.SIGNAL
            if self._me.ended:
                self._me.ended = False
                return Wake.CHILD
            if not self._me.cluster.timeline.step(until):
                return Wake.DUE
            if self._me.dead:
                raise Killed

    def stop(self) -> Stop:
        if self._me.interrupts > 1:
            return Stop.NOW
        if self._me.terminated:
            return Stop.TERMINATE
        return Stop.FINISH if self._me.interrupts else Stop.NO


@dataclass(frozen=True, slots=True)
class Front:
    """What one talops is given."""

    incarnation: Incarnation
    runner: SimRunner
    kube: SimKube
    clock: SimClock

    @staticmethod
    def open(cluster: Cluster, talosctl: Talosctl, api: KubeApi) -> "Front":
        me = Incarnation(cluster)
        return Front(me, SimRunner(me, talosctl), SimKube(me, api), SimClock(me))

    def send(self, signal: str) -> None:
        """A signal arrives. Raises ValueError for any but INT and TERM."""
        if signal == "INT":
            self.incarnation.interrupts += 1
        elif signal == "TERM":
            self.incarnation.terminated = True
        else:
            raise ValueError(signal)
        self.incarnation.signalled = True
