"""One HTTP request: who asks, what for, and in which form it is answered."""

import json
import ssl
import time

from aiohttp import web

from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.kube import statuses
from talops.sim.kube.api import KubeApi
from talops.sim.kube.asked import Asked, User
from talops.sim.kube.statuses import Reply
from talops.sim.network.kubernetes import aggregated, instead, openapi, protobuf, tables
from talops.sim.network.kubernetes.containers import Containers
from talops.sim.network.kubernetes.instead import Instead
from talops.sim.network.kubernetes.media import Form, form
from talops.sim.network.kubernetes.watches import Watches

_JSON = "application/json"


class Answering:
    """`instead` is done with every request while it is set."""

    def __init__(self, cluster: Cluster, api: KubeApi, ceph: Ceph | None) -> None:
        self._api = api
        self._watches = Watches(api)
        self._containers = Containers(cluster, ceph)
        self.instead: Instead | None = None

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        user = _user(request)
        if user is None or self.instead is Instead.UNAUTHORIZED:
            return _response(instead.unauthorized())
        agent = request.headers.get("User-Agent", "")
        asked = self._api.ask(request.method, request.raw_path, user, agent=agent)
        refused = self._instead_of(asked, request.path) or self._api.refusal(asked)
        if refused is not None:
            return _response(refused)
        wanted = form(request.headers.get("Accept", ""))
        if wanted is None:
            return _response(_not_acceptable())
        if asked.resource is None or not self._api.serves(asked.resource):
            return self._about_itself(request, asked, wanted)
        if asked.verb == "watch":
            return await self._watches.stream(request, asked, wanted)
        if asked.resource.plural == "pods" and asked.subresource in {"exec", "attach", "log"}:
            return await self._containers.answer(request, asked, self._api.store)
        return await self._about_objects(request, asked, wanted)

    def _instead_of(self, asked: Asked, path: str) -> Reply | None:
        match self.instead:
            case Instead.FORBIDDEN:
                return instead.no_path(asked, path) if asked.resource is None else self._api.forbidden(asked)
            case Instead.BUSY:
                return instead.busy()
            case Instead.BROKEN:
                return instead.broken()
            case Instead.UNAVAILABLE:
                return instead.unavailable()
        return None

    def _about_itself(self, request: web.BaseRequest, asked: Asked, wanted: Form) -> web.Response:
        if wanted is Form.DISCOVERY and request.path in {"/api", "/apis"}:
            body = aggregated.groups(self._api.store, core=request.path == "/api")
            return web.Response(body=body, headers={"Content-Type": aggregated.CONTENT_TYPE, "Vary": "Accept"})
        described = openapi.describe(self._api.store, request.path)
        if described is not None:
            return web.Response(body=described, content_type=_JSON)
        return _response(self._api.answer(asked, request.raw_path, b"", _JSON))

    async def _about_objects(self, request: web.BaseRequest, asked: Asked, wanted: Form) -> web.Response:
        assert asked.resource is not None
        body, kind = await request.read(), request.headers.get("Content-Type") or _JSON
        if body.startswith(protobuf.MAGIC):
            try:
                body, kind = protobuf.as_json(body), _JSON
            except protobuf.Unreadable as error:
                return _response(statuses.failure(415, "UnsupportedMediaType", str(error)))
        status, found = self._api.answer(asked, request.raw_path, body, kind)
        if wanted is Form.TABLE and status < 300 and tables.is_table(asked):
            found = tables.of_answer(asked, json.loads(found), self._api.store.now())
        return _response((status, found))


def _user(request: web.BaseRequest) -> User | None:
    """Whom the client certificate names, unless it has expired. The handshake has proven that it is one of our CA's."""
    assert request.transport is not None
    certificate = request.transport.get_extra_info("peercert") or {}
    parts = [pair for part in certificate.get("subject", ()) for pair in part]
    names = [value for key, value in parts if key == "commonName"]
    if not names or ssl.cert_time_to_seconds(certificate["notAfter"]) < time.time():
        return None
    return User(name=names[0], groups=tuple(value for key, value in parts if key == "organizationName"))


def _response(reply: Reply) -> web.Response:
    status, body = reply
    response = web.Response(status=status, body=body)
    response.content_type = _JSON if body.startswith(b"{") else "text/plain"
    response.headers["Cache-Control"] = "no-cache, private"
    if status == 429:
        response.headers.update(_retry_after(body))
    return response


def _retry_after(body: bytes) -> dict[str, str]:
    """A Status says it in its details; a plain text is priority and fairness, which want one second."""
    if not body.startswith(b"{"):
        return {"Retry-After": "1"}
    seconds = (json.loads(body).get("details") or {}).get("retryAfterSeconds")
    return {"Retry-After": str(seconds)} if seconds else {}


def _not_acceptable() -> Reply:
    known = "application/json"
    return statuses.failure(406, "NotAcceptable", f"only the following media types are accepted: {known}")
