"""An embedded cluster whose API server is a real one: the machines, kubelets and controllers live on behind it."""

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from contract.mirror import Mirror
from talops.domain.process import Kube, Request, Response
from talops.sim.kube.api import KubeApi
from talops.sim.world import World
from talops.tools.templates import REQUEST_TEMPLATES

_TOUCHES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "node-patch": ("nodes",),
        "evict": ("pods", "poddisruptionbudgets"),
        "postgres-promote": ("clusters",),
        "lease-create": ("leases",),
        "lease-replace": ("leases",),
        "lease-delete": ("leases",),
    }
)
"""The kinds of objects that a write changes at once."""


class Bridge:
    """Implements `Kube`. What the cluster has done is written there before each question; what talops is granted
    there is done to the cluster, too. Only the real server ever answers.
    """

    def __init__(self, world: World, mirror: Mirror, real: Kube) -> None:
        self._world, self._mirror, self._real = world, mirror, real
        self._store = world.truth.cluster.store
        self._followed: int | None = None
        self._replica = KubeApi(self._store, user="talops")

    def gather(self, asked: Sequence[Request]) -> tuple[Response, ...]:
        # it takes its time, and the world goes on meanwhile
        self._world.kube.gather(())
        problem = self._world.truth.cluster.api_problem()
        if problem:
            return tuple(Response(status=None, error=problem) for _ in asked)
        self._follow()
        replies = self._real.gather(asked)
        granted = [
            (request, reply.status)
            for request, reply in zip(asked, replies, strict=True)
            if REQUEST_TEMPLATES[request.template].mutating and reply.status in {200, 201}
        ]
        for request, status in granted:
            self._repeat(request, status)
        self._mirror.agree(self._store, {plural for request, _ in granted for plural in _TOUCHES[request.template]})
        return replies

    def _follow(self) -> None:
        if self._followed is None:
            self._mirror.push(self._store)
        elif self._followed != self._store.version:
            self._mirror.follow(self._store)
        self._followed = self._store.version

    def _repeat(self, request: Request, status: int | None) -> None:
        body = json.dumps(_anonymous(json.loads(request.body))).encode()
        answer = self._replica.handle(request.method, request.path, body, request.content_type)
        assert answer[0] == status, (request, answer)


def _anonymous(body: Any) -> Any:
    """The identities in a request are those of the real server's objects."""
    if not isinstance(body, dict):
        return body
    hidden = {"uid", "resourceVersion", "preconditions"}
    return {key: _anonymous(value) for key, value in body.items() if key not in hidden}
