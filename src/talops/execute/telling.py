"""Runner and Kube that tell every command as they pass it on (`--show-commands`)."""

import shlex
from collections.abc import Callable, Sequence

from talops.domain.event import Commanded, Event
from talops.domain.process import Call, Clock, Kube, Request, Response, Result, Runner, Running

READS = {"GET"}


class TellingRunner:
    """Tells each call as the command line that it is. Secrets are never on one."""

    def __init__(self, runner: Runner, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._runner, self._clock, self._emit = runner, clock, emit

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        for call in calls:
            self._tell(call)
        return self._runner.gather(calls)

    def start(self, call: Call) -> Running:
        self._tell(call)
        return self._runner.start(call)

    def _tell(self, call: Call) -> None:
        clock = self._clock
        self._emit(Commanded(at=clock.now(), wall=clock.wall(), command=shlex.join(call.argv), mutating=call.mutating))


class TellingKube:
    """Tells each request as the kubectl command that a person would type."""

    def __init__(self, kube: Kube, clock: Clock, emit: Callable[[Event], None]) -> None:
        self._kube, self._clock, self._emit = kube, clock, emit

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        clock = self._clock
        for request in requests:
            mutating = request.method not in READS and request.template != "access"
            self._emit(Commanded(at=clock.now(), wall=clock.wall(), command=request.command, mutating=mutating))
        return self._kube.gather(requests)
