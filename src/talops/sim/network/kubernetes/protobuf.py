"""Protobuf bodies of the kinds that kubectl and talosctl send that way, as JSON. Field numbers: Kubernetes 1.36.

Answers are JSON: every client that sends protobuf accepts that.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from talops.sim.kube.objects import Object, encode

MAGIC = b"k8s\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

Fields = Mapping[int, tuple[str, "Form"]]
Form = str | Fields | tuple[Fields]
"""`text`, `number`, `flag`, `time`, `bytes`, `texts` (repeated), `map` or `bytes-map`; or the fields of a message, in a
tuple of one where it is repeated.
"""

_META: Fields = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    5: ("uid", "text"),
    6: ("resourceVersion", "text"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
}
_RESOURCE: Fields = dict(
    enumerate(
        ((name, "text") for name in ("namespace", "verb", "group", "version", "resource", "subresource", "name")), 1
    )
)
_PATH: Fields = {1: ("path", "text"), 2: ("verb", "text")}
_OPTIONS: Fields = {
    1: ("gracePeriodSeconds", "number"),
    2: ("preconditions", {1: ("uid", "text"), 2: ("resourceVersion", "text")}),
    3: ("orphanDependents", "flag"),
    4: ("propagationPolicy", "text"),
    5: ("dryRun", "texts"),
}
_REQUESTED: Fields = {
    1: ("request", "bytes"),
    2: ("username", "text"),
    3: ("uid", "text"),
    4: ("groups", "texts"),
    5: ("usages", "texts"),
    7: ("signerName", "text"),
    8: ("expirationSeconds", "number"),
}
_CONDITION: Fields = {
    1: ("type", "text"),
    2: ("reason", "text"),
    3: ("message", "text"),
    4: ("lastUpdateTime", "time"),
    5: ("lastTransitionTime", "time"),
    6: ("status", "text"),
}
_ISSUED: Fields = {1: ("conditions", (_CONDITION,)), 2: ("certificate", "bytes")}
_KINDS: Mapping[str, Fields] = {
    "SelfSubjectReview": {1: ("metadata", _META)},
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", "text")})},
    "SelfSubjectAccessReview": {
        1: ("metadata", _META),
        2: ("spec", {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _PATH)}),
    },
    "ConfigMap": {1: ("metadata", _META), 2: ("data", "map"), 3: ("binaryData", "bytes-map"), 4: ("immutable", "flag")},
    "Secret": {
        1: ("metadata", _META),
        2: ("data", "bytes-map"),
        3: ("type", "text"),
        4: ("stringData", "map"),
        5: ("immutable", "flag"),
    },
    "CertificateSigningRequest": {1: ("metadata", _META), 2: ("spec", _REQUESTED), 3: ("status", _ISSUED)},
    "Namespace": {1: ("metadata", _META)},
    "Eviction": {1: ("metadata", _META), 2: ("deleteOptions", _OPTIONS)},
    "DeleteOptions": _OPTIONS,
}
_ENVELOPE: Fields = {1: ("typeMeta", {1: ("apiVersion", "text"), 2: ("kind", "text")}), 2: ("raw", "bytes")}


class Unreadable(Exception):
    """No protobuf that is known here."""


def as_json(body: bytes) -> bytes:
    """Raises Unreadable."""
    try:
        envelope = _message(body.removeprefix(MAGIC), _ENVELOPE, keep_bytes=True)
        head = envelope.get("typeMeta", {})
        kind = head.get("kind", "")
        if kind not in _KINDS:
            raise Unreadable(f"the body of the request was in an unknown format: protobuf of kind {kind or 'unknown'}")
        found = _message(envelope.get("raw", b""), _KINDS[kind])
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise Unreadable("the body of the request was in an unknown format: broken protobuf") from error
    return encode({**head, **found})


def _message(data: bytes, fields: Fields, *, keep_bytes: bool = False) -> Object:
    found: Object = {}
    for number, value in _wire(data):
        if number not in fields:
            continue
        name, form = fields[number]
        if form == "texts":
            found.setdefault(name, []).append(_text(value))
        elif isinstance(form, tuple):
            found.setdefault(name, []).append(_message(_bytes(value), form[0]))
        elif form == "map" or form == "bytes-map":
            key, entry = _entry(value, "text" if form == "map" else "bytes")
            found.setdefault(name, {})[key] = entry
        elif keep_bytes and form == "bytes":
            found[name] = value
        elif value != b"" or form != "text":
            # Go writes what is empty, too
            found[name] = _value(value, form)
    return found


def _value(value: int | bytes, form: Form) -> Any:
    if form == "time":
        seconds = _message(_bytes(value), {1: ("seconds", "number")}).get("seconds", 0)
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds else None
    if not isinstance(form, str):
        assert not isinstance(form, tuple)
        return _message(_bytes(value), form)
    if form in {"number", "flag"}:
        return bool(value) if form == "flag" else _number(value)
    return _text(value) if form == "text" else b64encode(_bytes(value)).decode()


def _entry(value: int | bytes, form: Form) -> Sequence[Any]:
    row = _message(_bytes(value), {1: ("key", "text"), 2: ("value", form)})
    return row.get("key", ""), row.get("value", "")


def _text(value: int | bytes) -> str:
    return _bytes(value).decode()


def _number(value: int | bytes) -> int:
    if isinstance(value, bytes):
        raise IndexError(value)
    return value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise IndexError(value)
    return value


def _wire(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values. Raises IndexError when it breaks off, ValueError for what it cannot be."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in {_FIXED64, _FIXED32}:
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError("no wire type")
        if at + size > len(data):
            raise IndexError(at)
        yield tag >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number that never ends")
