"""The web, through whatever stands between: proxies and private CAs, as curl and Go take them from the environment.

A `Web` may be used from several threads. Errors are words: what is wrong, and what to set. urllib3 is imported here
only, when something is asked for.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from talops import __version__
from talops.errors import WebFailed
from talops.tools.route import Route, shown
from talops.tools.weberrors import explained, refused

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse, PoolManager

_CHUNK = 256 * 1024
_CONNECT = 10.0
_SILENCE = 30.0
"""Seconds that a server may take to answer a connection, and then between two pieces of an answer."""
_REDIRECTS = 6
_PAUSES = (0.5, 2.0)
"""Seconds before each further try, where a connection broke or the server was busy."""
_PASSING = {500, 502, 503, 504}
_ASKS = {301, 302, 303, 307, 308}
Progress = Callable[[int, int | None], None]
"""Told the bytes that are there, and how many there will be, None where nobody knows. Whatever it raises ends the
download: so it is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """What was downloaded: its size in bytes, and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


def _nothing(_done: int, _of: int | None) -> None:
    return None


class Web(AbstractContextManager["Web"]):
    """Connections to the web, kept while the block lasts. Raises WebFailed, from every method."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._pools: dict[Route, PoolManager] = {}
        self._making = threading.Lock()

    def __enter__(self) -> "Web":
        # here, since the threads that will use it must not import it all at once
        import urllib3.exceptions
        import urllib3.util  # noqa: F401

        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pool in self._pools.values():
            pool.clear()

    def get(self, url: str, path: Path, *, limit: int, deadline: timedelta, progress: Progress = _nothing) -> Got:
        """Into a new file (0600), synced to the disk. `limit` in bytes. OSError is the disk's, the file may remain."""
        due = time.monotonic() + deadline.total_seconds()
        for pause in (*_PAUSES, None):
            try:
                return self._to_file(url, path, limit, due, progress)
            except WebFailed as error:
                if pause is None or not _may_pass(error) or time.monotonic() + pause > due:
                    raise
                time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def text(self, url: str, *, limit: int, deadline: timedelta) -> str:
        """A small file."""
        due = time.monotonic() + deadline.total_seconds()
        with self._answer("GET", url, due) as (response, at):
            _must_be_no_page(response, at)
            return b"".join(_pieces(response, at, limit, due)).decode("utf-8", "replace")

    def post(
        self, url: str, body: bytes, *, deadline: timedelta, content_type: str = "application/octet-stream"
    ) -> bytes:
        """What the server answers. It is sent once, and follows no redirect."""
        due = time.monotonic() + deadline.total_seconds()
        with self._answer("POST", url, due, body, {"Content-Type": content_type}) as (response, at):
            return b"".join(_pieces(response, at, 1024 * 1024, due))

    def _to_file(self, url: str, path: Path, limit: int, due: float, progress: Progress) -> Got:
        digest, size = hashlib.sha256(), 0
        with self._answer("GET", url, due) as (response, at):
            _must_be_no_page(response, at)
            of = response.length_remaining
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                progress(0, of)
                for piece in _pieces(response, at, limit, due):
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
                    progress(size, of)
                file.flush()
                os.fsync(file.fileno())
        return Got(size=size, sha256=digest.hexdigest())

    @contextmanager
    def _answer(
        self, method: str, url: str, due: float, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> "Iterator[tuple[BaseHTTPResponse, str]]":
        """A response with status 2xx, and the URL that it came from after redirects."""
        at = url
        for _ in range(_REDIRECTS):
            response = self._sent(method, at, due, body, headers or {}, keep_login=_host(at) == _host(url))
            try:
                if method == "GET" and response.status in _ASKS:
                    at = _next(at, response.headers.get("location", ""))
                    continue
                if not 200 <= response.status < 300:
                    raise refused(response.status, response.headers.get("retry-after", ""), at, self._route(at).proxy)
                yield response, at
                return
            finally:
                response.close()
        raise WebFailed(f"{shown(url)} leads in a circle: more than {_REDIRECTS} redirects")

    def _sent(
        self, method: str, url: str, due: float, body: bytes | None, headers: Mapping[str, str], *, keep_login: bool
    ) -> "BaseHTTPResponse":
        from urllib3.exceptions import HTTPError, LocationParseError
        from urllib3.util import Timeout, make_headers

        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise WebFailed(f"{shown(url)} is no URL of the web", hint="write it like https://host/path")
        login = f"{parts.username or ''}:{parts.password or ''}" if parts.username and keep_login else None
        common = make_headers(user_agent=f"talops/{__version__}", basic_auth=login) | {"Accept-Encoding": "identity"}
        route = self._route(url)
        left = max(0.001, due - time.monotonic())
        try:
            return self._pool(route).request(
                method,
                parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl(),
                body=body,
                headers={**common, **headers},
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=Timeout(connect=min(_CONNECT, left), read=min(_SILENCE, left)),
            )
        except (HTTPError, LocationParseError, OSError) as error:
            raise explained(error, url, route.proxy) from None

    def _route(self, url: str) -> Route:
        return Route.of(url, self._environ)

    def _pool(self, route: Route) -> "PoolManager":
        with self._making:
            if route not in self._pools:
                self._pools[route] = route.pool(self._environ)
            return self._pools[route]


def _pieces(response: "BaseHTTPResponse", url: str, limit: int, due: float) -> Iterator[bytes]:
    """The body. One recv at a time: a server that trickles must not outlive the deadline."""
    from urllib3.exceptions import HTTPError

    size = 0
    while True:
        if time.monotonic() > due:
            raise WebFailed(f"{shown(url)}: it did not arrive in time", hint="try again, or nearer: a mirror")
        try:
            piece = response.read1(_CHUNK)
        except (HTTPError, OSError) as error:
            raise explained(error, url, "") from None
        if not piece:
            return
        size += len(piece)
        if size > limit:
            raise WebFailed(f"{shown(url)}: it is larger than {limit >> 20} MiB, which what was asked for is not")
        yield piece


def _must_be_no_page(response: "BaseHTTPResponse", url: str) -> None:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"text/html", "application/xhtml+xml"}:
        raise WebFailed(
            f"{shown(url)}: a web page came instead of the file",
            hint="a login page of a network or of a mirror? open the address in a browser",
        )


def _next(at: str, location: str) -> str:
    """Where a redirect leads. From https never to http: then everybody on the way could answer."""
    to = urljoin(at, location)
    if not location:
        raise WebFailed(f"{shown(at)} redirects to nowhere")
    if urlsplit(at).scheme == "https" and urlsplit(to).scheme != "https":
        raise WebFailed(f"{shown(at)} redirects to {shown(to)}, which is not encrypted; refused")
    return to


def _host(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _may_pass(error: WebFailed) -> bool:
    return error.status in _PASSING or error.passing
