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
        self._pushed = -1
        self._replica = KubeApi(self._store, user="talops")

    def gather(self, asked: Sequence[Request]) -> tuple[Response, ...]:
        # it takes its time, and the world goes on meanwhile
        self._world.kube.gather(())
        problem = self._world.truth.cluster.api_problem()
        if problem:
            return tuple(Response(status=None, error=problem) for _ in asked)
        if self._store.version != self._pushed:
            self._mirror.push(self._store)
            self._pushed = self._store.version
        replies = self._real.gather(asked)
        for request, reply in zip(asked, replies, strict=True):
            if REQUEST_TEMPLATES[request.template].mutating and reply.status in {200, 201}:
                self._repeat(request, reply)
        return replies

    def _repeat(self, request: Request, reply: Response) -> None:
        body = json.dumps(_anonymous(json.loads(request.body))).encode()
        status, said = self._replica.handle(request.method, request.path, body, request.content_type)
        assert status == reply.status, (request, said)
        words = request.path.split("/")
        namespace = words[words.index("namespaces") + 1] if "namespaces" in words else ""
        self._mirror.agree(self._store, namespace, *_TOUCHES[request.template])


def _anonymous(body: Any) -> Any:
    """The identities in a request are those of the real server's objects."""
    if not isinstance(body, dict):
        return body
    hidden = {"uid", "resourceVersion", "preconditions"}
    return {key: _anonymous(value) for key, value in body.items() if key not in hidden}
