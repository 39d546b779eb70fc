"""A snapshot of etcd: a genuine bbolt file of four pages, and its SHA-256 behind it.

It holds a key for each machine, up to a page of them. Source of the layout: bbolt's file format, version 2.
"""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from talops.sim.cluster import Cluster

_PAGE = 4096
_MAGIC, _VERSION = 0xED0CDAED, 2
_LEAF, _META, _FREELIST = 0x02, 0x04, 0x10
_IS_BUCKET = 0x01
_HEADER = struct.Struct("<QHHI")
_ELEMENT = struct.Struct("<IIII")
_BUCKET = struct.Struct("<QQ")
_MOST_KEYS = 24
_CASTAGNOLI = 0x82F63B78
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`file` is the database and its checksum. The rest is what etcdutl says of it."""

    file: bytes
    hash: int
    revision: int

    @property
    def told(self) -> str:
        size = len(self.file) - hashlib.sha256().digest_size
        return f"hash {self.hash:08x}, revision {self.revision}, total keys {self.revision}, total size {size}"


def snapshot(cluster: Cluster) -> Snapshot:
    """16 KiB and 32 bytes: what `talosctl etcd snapshot` writes to its file."""
    names = list(cluster.machines)[:_MOST_KEYS]
    revisions = [(_revision(number), _key_value(name, number)) for number, name in enumerate(names, start=1)]
    term, index = struct.pack(">Q", cluster.etcd.term), struct.pack(">Q", cluster.etcd.index)
    contents = {b"key": revisions, b"meta": [(b"consistent_index", index), (b"term", term)]}
    buckets = [(name, _inline(pairs)) for name, pairs in contents.items()]
    file = _meta(0) + _meta(1) + _padded(_HEADER.pack(2, _FREELIST, 0, 0)) + _padded(_leaf(3, buckets, _IS_BUCKET))
    words = (word for name, pairs in contents.items() for word in (name, *(part for pair in pairs for part in pair)))
    return Snapshot(file=file + hashlib.sha256(file).digest(), hash=_crc(words), revision=len(names))


def _crc(words: Iterable[bytes]) -> int:
    """CRC-32C of all of it."""
    found = 0xFFFFFFFF
    for byte in b"".join(words):
        found ^= byte
        for _ in range(8):
            found = found >> 1 ^ (_CASTAGNOLI if found & 1 else 0)
    return found ^ 0xFFFFFFFF


def _meta(number: int) -> bytes:
    body = struct.pack("<IIII", _MAGIC, _VERSION, _PAGE, 0) + _BUCKET.pack(3, 0) + struct.pack("<QQQ", 2, 4, number)
    return _padded(_HEADER.pack(number, _META, 0, 0) + body + struct.pack("<Q", _fnv(body)))


def _fnv(data: bytes) -> int:
    found = _FNV_OFFSET
    for byte in data:
        found = (found ^ byte) * _FNV_PRIME % 2**64
    return found


def _leaf(page: int, pairs: Sequence[tuple[bytes, bytes]], flags: int = 0) -> bytes:
    """Elements say how far behind themselves their key and value are."""
    elements, data = b"", b""
    for number, (key, value) in enumerate(pairs):
        where = (len(pairs) - number) * _ELEMENT.size + len(data)
        elements += _ELEMENT.pack(flags, where, len(key), len(value))
        data += key + value
    return _HEADER.pack(page, _LEAF, len(pairs), 0) + elements + data


def _inline(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A bucket that lies inside its parent's page."""
    return _BUCKET.pack(0, 0) + _leaf(0, pairs)


def _padded(page: bytes) -> bytes:
    assert len(page) <= _PAGE
    return page.ljust(_PAGE, b"\0")


def _revision(number: int) -> bytes:
    return struct.pack(">Q", number) + b"_" + struct.pack(">Q", 0)


def _key_value(name: str, revision: int) -> bytes:
    """etcd's KeyValue: key, revision of creation and change, version, value."""
    key, value = f"/registry/minions/{name[:48]}".encode(), b"{}"
    numbers = bytes((0x10, revision, 0x18, revision, 0x20, 1))
    return bytes((0x0A, len(key))) + key + numbers + bytes((0x2A, len(value))) + value
