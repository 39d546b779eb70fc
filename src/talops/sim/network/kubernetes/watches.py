"""Watches: what happened since a version, as it happens, in the words of an API server."""

import asyncio
from bisect import bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from talops.sim.kube import statuses
from talops.sim.kube.api import KubeApi
from talops.sim.kube.asked import Asked
from talops.sim.kube.lists import matcher
from talops.sim.kube.objects import Object, Resource, encode
from talops.sim.kube.selectors import Matcher
from talops.sim.kube.store import Change, ObjectStore
from talops.sim.network.kubernetes import tables
from talops.sim.network.kubernetes.media import Form

_KEPT = 2000
"""Changes that are remembered of each kind, at least."""
_ENDS_AFTER = 2700.0
_BOOKMARK_EVERY = 60.0
_BEGUN = {"k8s.io/initial-events-end": "true"}


class Expired(Exception):
    """What happened since that version is not known any more."""


class History:
    """The last changes of each kind with their versions, and whoever waits for the next."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._changes: dict[str, list[Change]] = {}
        self._forgotten: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}
        api.store.subscribe(self._hear)

    def _hear(self, change: Change) -> None:
        changes = self._changes.setdefault(change.plural, [])
        insort(changes, change, key=_version)
        if len(changes) > 2 * _KEPT:
            self._forgotten[change.plural] = changes[-_KEPT - 1].version
            del changes[:-_KEPT]
            # a list that is older than all we know would send its reader in circles
            self._api.forget_lists(change.plural)
        for event in self._waiting.get(change.plural, ()):
            event.set()

    def since(self, plural: str, version: int) -> list[Change]:
        """Raises Expired."""
        if not self._forgotten.get(plural, 0) <= version <= self._api.store.version:
            raise Expired
        changes = self._changes.get(plural, [])
        return changes[bisect_right(changes, version, key=_version) :]

    def listen(self, plural: str) -> asyncio.Event:
        event = asyncio.Event()
        self._waiting.setdefault(plural, set()).add(event)
        return event

    def leave(self, plural: str, event: asyncio.Event) -> None:
        self._waiting[plural].discard(event)


@dataclass(slots=True)
class _Stream:
    """One watch: `seen` is the version up to which its reader knows everything."""

    response: web.StreamResponse
    asked: Asked
    resource: Resource
    matches: Matcher
    store: ObjectStore
    table: bool
    seen: int = 0
    headed: bool = False

    async def send(self, kind: str, found: Object) -> None:
        if self.table and kind != "ERROR":
            rows = [] if kind == "BOOKMARK" else [found]
            found = tables.table(
                self.resource, self.asked, rows, self.store.now(), found["metadata"], headed=not self.headed
            )
            self.headed = True
        await self.response.write(encode({"type": kind, "object": found}) + b"\n")

    async def bookmark(self, annotations: Object | None = None) -> None:
        metadata: Object = {"resourceVersion": str(self.seen)}
        if annotations:
            metadata["annotations"] = annotations
        await self.send("BOOKMARK", _typed(self.resource, {"metadata": metadata}))

    async def begin(self) -> None:
        """Everything that there is now."""
        self.seen = self.store.version
        found = sorted(filter(self.matches, self.store.all(self.resource.shelf)), key=_order)
        for one in found:
            await self.send("ADDED", _typed(self.resource, one))
        if self.asked.query.get("sendInitialEvents") == "true":
            await self.bookmark(_BEGUN)

    async def tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for kind, found in _events(change, self.matches):
                await self.send(kind, _typed(self.resource, found))
            self.seen = change.version


class Watches:
    """Serves every watch of one API."""

    def __init__(self, api: KubeApi) -> None:
        self._store = api.store
        self._history = History(api)

    async def stream(self, request: web.BaseRequest, asked: Asked, wanted: Form) -> web.StreamResponse:
        assert asked.resource is not None
        try:
            matches = _matcher(asked)
        except ValueError as error:
            return _refused(statuses.bad_request(str(error)))
        response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
        response.content_type = "application/json"
        response.enable_chunked_encoding()
        await response.prepare(request)
        stream = _Stream(response, asked, asked.resource, matches, self._store, wanted is Form.TABLE)
        event = self._history.listen(asked.resource.shelf)
        try:
            await self._follow(stream, event)
        except Expired:
            _, body = statuses.failure(410, "Expired", f"too old resource version: {stream.seen}")
            await response.write(b'{"type":"ERROR","object":' + body.strip() + b"}\n")
        finally:
            self._history.leave(asked.resource.shelf, event)
        await response.write_eof()
        return response

    async def _follow(self, stream: _Stream, event: asyncio.Event) -> None:
        """Raises Expired. Returns when the time that the client gave is over."""
        query, plural = stream.asked.query, stream.resource.shelf
        loop = asyncio.get_running_loop()
        end = loop.time() + _seconds(query.get("timeoutSeconds", ""))
        version = _number(query.get("resourceVersion", ""))
        if not version or query.get("sendInitialEvents") == "true":
            await stream.begin()
        else:
            stream.seen = version
        marks = query.get("allowWatchBookmarks") in {"true", "1"}
        while True:
            event.clear()
            await stream.tell(self._history.since(plural, stream.seen))
            left = end - loop.time()
            if left <= 0:
                return
            try:
                await asyncio.wait_for(event.wait(), min(left, _BOOKMARK_EVERY))
            except TimeoutError:
                if marks and not event.is_set():
                    stream.seen = self._store.version
                    await stream.bookmark()


def _matcher(asked: Asked) -> Matcher:
    assert asked.resource is not None
    matches = matcher(asked.resource, asked.namespace, asked.query)
    if not asked.name:
        return matches
    return lambda found: found["metadata"]["name"] == asked.name and matches(found)


def _version(change: Change) -> int:
    return change.version


def _events(change: Change, matches: Matcher) -> Iterator[tuple[str, Object]]:
    """An object that begins or stops matching is added or deleted for this reader."""
    before = change.old is not None and matches(change.old)
    after = change.new is not None and matches(change.new)
    if after:
        assert change.new is not None
        yield ("MODIFIED" if before else "ADDED"), change.new
    elif before:
        assert change.old is not None
        yield "DELETED", {**change.old, "metadata": {**change.old["metadata"], "resourceVersion": str(change.version)}}


def _typed(resource: Resource, found: Object) -> Object:
    return {"kind": resource.kind, "apiVersion": resource.api_version, **found}


def _order(found: Object) -> tuple[str, str]:
    return found["metadata"].get("namespace", ""), found["metadata"]["name"]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _seconds(text: str) -> float:
    return float(_number(text) or _ENDS_AFTER)


def _refused(reply: statuses.Reply) -> web.Response:
    status, body = reply
    return web.Response(status=status, body=body, content_type="application/json")
