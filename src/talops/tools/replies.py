"""What a Kubernetes API server replied, before it is looked at: was it an answer at all, and why not?"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.tools.lists import listed
from talops.tools.reading import ParseError, load, text
from talops.tools.trust import explained

T = TypeVar("T")
_LIMIT = 400
_FAILURES = 500
_CONFIG = "kubeconfig"
_ETCD = "etcdserver:"


def reader(parse: Callable[[bytes], T], *, remember: int = 8) -> Callable[[Response], T | Unknown]:
    """Read the body of a successful reply with `parse`; identical bodies once. Anything else is Unknown."""

    @lru_cache(maxsize=remember)
    def attempt(body: bytes) -> T | Unknown:
        try:
            return parse(body)
        except ParseError as error:
            return Unknown(f"the Kubernetes API said something that talops does not understand: {error}")

    def read(reply: Response) -> T | Unknown:
        return attempt(reply.body) if reply.status == 200 or reply.status == 201 else refused(reply)

    read.__doc__ = parse.__doc__
    return read


def list_reader(
    kind: str, read: Callable[[bytes], T], *, remember: int = 8
) -> Callable[[Response], tuple[T, ...] | Unknown]:
    """A reader of lists of this kind."""

    def parse(body: bytes) -> tuple[T, ...]:
        return listed(body, kind, read)

    return reader(parse, remember=remember)


def refused(reply: Response) -> Unknown:
    fails = "the Kubernetes API fails: " if reply.status is not None and reply.status >= _FAILURES else ""
    return Unknown(fails + complaint(reply), forbidden=reply.status == 403, hint=_hint(reply))


def _hint(reply: Response) -> str:
    if refuses_us(reply):
        return "kubectl config view --minify   # is it this cluster's, and still good? a new one: talosctl kubeconfig"
    if reply.status == 403:
        return "kubectl auth can-i --list   # what these credentials may do"
    if blames_etcd(reply):
        return "talops etcd status   # the API server is there, and its etcd does not do its part"
    return "kubectl get --raw '/readyz?verbose'   # what the API server lacks; or is it the network?"


def refuses_us(reply: Response) -> bool:
    """An API server is there, and the kubeconfig is not one for it."""
    return reply.status == 401 or (reply.status is None and bool(explained(reply.error, _CONFIG)))


def blames_etcd(reply: Response) -> bool:
    """The API server is there, and its etcd did not do what was asked."""
    return reply.status is not None and status_message(reply.body).startswith(_ETCD)


def complaint(reply: Response) -> str:
    """Why a request did not do what was asked, in words."""
    if reply.status is None:
        reason = explained(reply.error, _CONFIG) or reply.error or "no reason given"
        return f"the Kubernetes API did not answer: {reason}"
    message = status_message(reply.body)
    match reply.status:
        case 401:
            return "the Kubernetes API does not accept these credentials (401 Unauthorized)"
        case 403:
            return message or "the Kubernetes API forbids it (403)"
        case 200 | 201:
            return message or "accepted"
        case _:
            return f"{message or 'no message'} ({reply.status})"


@lru_cache(maxsize=64)
def status_message(body: bytes) -> str:
    """The message of a Kubernetes Status; what a proxy says in its place, cut short; empty when there is none."""
    try:
        return text(load(body), "message")[:_LIMIT]
    except ParseError:
        words = body[:_LIMIT].decode("utf-8", "replace").strip()
        return "" if words.startswith(("{", "<")) else words


def is_status(body: bytes) -> bool:
    """Whether the API server itself speaks: its own 404 is a Status, that of a path or of a proxy is plain text."""
    try:
        return text(load(body), "kind") == "Status"
    except ParseError:
        return False
