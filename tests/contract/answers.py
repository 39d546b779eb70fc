"""What a real kube-apiserver answered: its own body, or what kubectl made of it; and its messages without names."""

import json
import re
from dataclasses import dataclass
from typing import Any

from captures import Capture

from contract.transcripts import http_capture, kubectl_capture

_KUBECTL_ERROR = re.compile(r'Error from server(?: \((?P<reason>\w+)\))?: (?:error when \w+ "STDIN": )?(?P<message>.*)')
_PLAIN = (
    (re.compile(r"Key: \S+,"), "Key: KEY,"),
    (re.compile(r'"[^"]*"'), '"X"'),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r'(?<![\w.])[a-z]+(\.[a-z0-9.]+)? "X"'), 'RESOURCE "X"'),
    (re.compile(r"disruption budget \S+ (needs|is)"), r"disruption budget X \1"),
    (re.compile(r"\b\d+\b"), "N"),
)
_CODES = {"AlreadyExists": 409, "Conflict": 409, "NotFound": 404, "TooManyRequests": 429, "Forbidden": 403}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`raw` is whether the body is the server's own: kubectl rewrites objects (sorted, no managedFields, one List)."""

    status: int
    body: Any
    raw: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error, as far as kubectl shows it: its code follows from the reason."""

    status: int
    reason: str | None
    message: str


def http(name: str) -> Answer:
    found = http_capture(name)
    return Answer(status=found.response.status or 0, body=decoded(found.parts["body"]), raw=True)


def raw(name: str) -> Answer:
    """`kubectl get --raw` and its like."""
    return Answer(status=200, body=decoded(_succeeded(name).parts["stdout"]), raw=True)


def shown(name: str, status: int = 200) -> Answer:
    """`kubectl … -o json`."""
    return Answer(status=status, body=decoded(_succeeded(name).parts["stdout"]), raw=False)


def _succeeded(name: str) -> Capture:
    found = kubectl_capture(name)
    assert found.result.exit == 0
    return found


def refused(name: str) -> Refusal:
    """Why kubectl was refused."""
    found = _KUBECTL_ERROR.search(kubectl_capture(name).parts["stderr"].decode())
    assert found is not None
    reason = found["reason"]
    return Refusal(status=_CODES[reason] if reason else 500, reason=reason, message=plain(found["message"].strip()))


def refusal(status: int | None, body: bytes) -> Refusal:
    """The same of a Status body."""
    found = json.loads(body)
    assert (found["kind"], found["status"], found["code"]) == ("Status", "Failure", status)
    return Refusal(status=status or 0, reason=found.get("reason"), message=plain(found["message"]))


def plain(message: str) -> str:
    """Without names, numbers and identifiers; a plural before a name is RESOURCE, a kind stays what it is."""
    for pattern, instead in _PLAIN:
        message = pattern.sub(instead, message)
    return message


def decoded(body: bytes) -> Any:
    """JSON, or the words of a text answer."""
    text = body.decode()
    return json.loads(text) if text.lstrip().startswith("{") else text.strip()
