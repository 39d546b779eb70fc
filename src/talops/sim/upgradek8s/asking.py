"""Whom talosctl asks while it upgrades Kubernetes, and what it says when it gets no answer."""

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from talops.sim.apiserver import api_server
from talops.sim.cluster import Cluster
from talops.sim.exits import refused
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.talosctl import QUICK_SECONDS, SILENT_SECONDS

Steps = Generator[float, None, None]
"""What is done, one after the other: each value is how many seconds of the wall pass before it goes on."""
_LOOKS_AFTER, _PATIENCE = 0.02, 0.02


class Failed(Exception):
    """It ends with this on stderr."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`say` prints a line. `at` hears which machine is being changed now."""

    cluster: Cluster
    endpoints: tuple[str, ...]
    say: Callable[[str], None]
    at: Callable[[Machine], None]

    @property
    def now(self) -> float:
        return self.cluster.timeline.now

    def machine(self, address: str) -> Machine | None:
        """None when it, or every endpoint, is silent."""
        found = self.cluster.by_address(address)
        return found if found is not None and found.up and not self._cut_off() else None

    def known(self, address: str) -> Machine:
        """The one of that address, whether or not it answers. Raises Failed when there is none."""
        found = self.cluster.by_address(address)
        if found is None:
            raise Failed(self.no_answer(address))
        return found

    def reached(self, address: str, doing: str) -> Steps:
        """Raises Failed when nobody answers: `doing` is what could not be done."""
        if self.machine(address) is None:
            yield SILENT_SECONDS
            raise Failed(f"{doing}: {self.no_answer(address)}")
        yield QUICK_SECONDS

    def no_answer(self, address: str) -> str:
        return refused(self._cut_off() or address)

    def _cut_off(self) -> str:
        """The endpoint that does not answer; empty when one does."""
        asked = self.endpoints or [machine.address for machine in self.cluster.control_planes]
        machines = [self.cluster.by_address(endpoint.partition(":")[0]) for endpoint in asked]
        return "" if any(machine is None or machine.up for machine in machines) else asked[0]

    def kube(self, path: str) -> Object:
        """Raises Failed with the words of client-go."""
        if problem := self.cluster.api_refused():
            raise Failed(f'Get "{self.cluster.desired.endpoint}{path}": {problem}')
        status, body = api_server(self.cluster, user="admin").handle("GET", path)
        answer: dict[str, Any] = json.loads(body)
        if status >= 400:
            raise Failed(str(answer["message"]))
        return answer


def until(true: Callable[[], bool], now: Callable[[], float]) -> Steps:
    began = now()
    while not true():
        yield next_look(now() - began)


def next_look(waited: float) -> float:
    """Seconds. The longer something takes, the less often it is looked at."""
    return min(max(_LOOKS_AFTER, waited * _PATIENCE), 1.0)
