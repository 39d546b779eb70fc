"""The network door answers every request of talops, through the real kubectl proxy, byte for byte as in process."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import desired_cluster
from contract.cases import CASES, Case
from network_door import BIN, NetworkDoor, admin
from talops.domain.process import Kube, Request, Response
from talops.sim.kube.api import KubeApi
from talops.sim.timeline import EPOCH
from talops.tools.calls import Kubectl
from talops.tools.kubectl import ProxyKube
from talops.tools.runner import ShRunner
from talops.tools.templates import REQUEST_TEMPLATES


@dataclass(frozen=True, slots=True)
class InProcess:
    """Implements `Kube`."""

    api: KubeApi

    def gather(self, asked: Sequence[Request]) -> tuple[Response, ...]:
        answers = (self.api.handle(one.method, one.path, one.body, one.content_type) for one in asked)
        return tuple(Response.of(status, body) for status, body in answers)


def prepared(case: Case) -> NetworkDoor:
    """In the state of the case. Time stands still, so that two of them stay the same."""
    door = NetworkDoor(desired_cluster(1, 3), faults=case.faults, speed=1.0, clock=lambda: 0.0, epoch=EPOCH)
    door.world.advance(3)
    case.prepare(door.world)
    return door


@contextmanager
def proxied(door: NetworkDoor) -> Iterator[Kube]:
    # short: a Unix socket's path has room for about 100 bytes
    with tempfile.TemporaryDirectory(prefix="np-") as folder, door.running(Path(folder)):
        kubectl = admin(door, Path(folder))
        call = Kubectl(path=str(BIN / "kubectl"), kubeconfig=str(kubectl.config))
        with ProxyKube(ShRunner(), call, Path(folder)) as proxy:
            yield proxy


@pytest.mark.parametrize("template", REQUEST_TEMPLATES)
def test_the_door_answers_as_the_rehearsal_does(template: str) -> None:
    cases = [case for case in CASES if case.template == template]
    assert cases, "a template without a case"
    # the usual one and one out of the ordinary: the rest is the business of the API behind the door
    for case in {id(case): case for case in (cases[0], cases[-1])}.values():
        with proxied(prepared(case)) as kube:
            through_the_door = kube.gather((case.ask(kube),))
        twin = InProcess(prepared(case).api)
        assert through_the_door == twin.gather((case.ask(twin),)), case
