"""Tools for somebody who has told us twice to stop: whatever is asked for has a short time to answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from talops.domain.process import Call, Kube, Request, Response, Result, Runner, Running
from talops.observe import Tools


class HurriedRunner:
    """Implements Runner. `start` is not hurried: what changes a node has its own deadline."""

    def __init__(self, runner: Runner, limit: timedelta) -> None:
        self._runner, self._limit = runner, limit

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        return self._runner.gather([replace(call, deadline=min(call.deadline, self._limit)) for call in calls])

    def start(self, call: Call) -> Running:
        return self._runner.start(call)


class HurriedKube:
    """Implements Kube."""

    def __init__(self, kube: Kube, limit: timedelta) -> None:
        self._kube, self._limit = kube, limit

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        return self._kube.gather([replace(one, deadline=min(one.deadline, self._limit)) for one in requests])


def hurried(tools: Tools, limit: timedelta) -> Tools:
    return replace(tools, runner=HurriedRunner(tools.runner, limit), kube=HurriedKube(tools.kube, limit))
