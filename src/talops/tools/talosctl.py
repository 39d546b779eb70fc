"""What talosctl printed, as values. Pure: bytes in, values or Unknown out; identical bytes are parsed once.

Answers about several nodes are mappings from the node as it was asked to what it said. The key is empty where the
server did not name itself: then the answer is that of the one node that was asked.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from talops.domain.talos import Unknown, Version
from talops.tools.answers import by_node, grouped, remembered
from talops.tools.reading import ParseError, flag, load, maybe, pieces, retyped, rows, text, texts

T = TypeVar("T")
UPGRADE_PENDING = 0x06
"""The META key that an installer writes with the other boot slot, and that a node which has settled removes."""
_BOOT_ID = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PSEUDO_EXTENSIONS = frozenset({"schematic", "modules.dep"})
"""Rows of `get extensions` that no system extension stands behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeVersion:
    version: Version | Unknown
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """MachineStatus: `ready` is None when it is missing."""

    stage: str
    ready: bool | None
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """`versions` by name, of real extensions only. `schematic` is None when the node runs none."""

    schematic: str | None = None
    versions: tuple[tuple[str, str], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A Talos machine that discovery knows, whether or not the files do."""

    hostname: str
    addresses: tuple[str, ...]
    machine_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigInfo:
    """The context of a talosconfig. `certificate_ends` is a date like 2027-11-23."""

    context: str
    endpoints: tuple[str, ...]
    nodes: tuple[str, ...]
    certificate_ends: str


def _objects(stdout: bytes, read: Callable[[bytes], tuple[str, T]]) -> list[tuple[str, T]]:
    return [read(piece) for piece in pieces(stdout)]


def _resource(piece: bytes, kind: str) -> object:
    """One object of a `get … -o json` stream. Raises ParseError when it is of another type."""
    found = load(piece)
    if not text(found, "metadata", "type").startswith(kind):
        raise ParseError(f"expected {kind}, got {text(found, 'metadata', 'type')[:60] or 'something without a type'}")
    return found


@lru_cache(maxsize=4096)
def _version(piece: bytes) -> tuple[str, NodeVersion]:
    found = load(piece)
    tag = text(found, "version", "tag")
    if not tag:
        raise ParseError("an answer without version.tag")
    version = read_version(tag)
    return text(found, "metadata", "hostname"), NodeVersion(version=version, platform=text(found, "platform", "name"))


def read_version(tag: str) -> Version | Unknown:
    try:
        return Version.parse(tag)
    except ValueError:
        return Unknown(f"{tag[:40]!r} is not a version")


@remembered
def versions(stdout: bytes) -> Mapping[str, NodeVersion]:
    """`version --json`: one object a node. A dead node is missing from it, and the exit code is 0 all the same."""
    return by_node(_objects(stdout, _version))


@lru_cache(maxsize=4096)
def _stage(piece: bytes) -> tuple[str, Stage]:
    found = _resource(piece, "MachineStatuses.")
    unmet = tuple(
        f"{text(row, 'name')}: {text(row, 'reason')}" for row in rows(found, "spec", "status", "unmetConditions")
    )
    ready = maybe(found, "spec", "status", "ready")
    return text(found, "node"), Stage(stage=text(found, "spec", "stage"), ready=ready, unmet=unmet)


@remembered
def stages(stdout: bytes) -> Mapping[str, Stage]:
    """`get machinestatus -o json`."""
    return by_node(_objects(stdout, _stage))


@lru_cache(maxsize=8192)
def _extension(piece: bytes) -> tuple[str, tuple[str, str]]:
    found = _resource(piece, "ExtensionStatuses.")
    name = retyped(found, "spec", "metadata", "name")
    if not name:
        raise ParseError("an extension without a name")
    return text(found, "node"), (name, retyped(found, "spec", "metadata", "version"))


@remembered
def extensions(stdout: bytes) -> Mapping[str, Extensions]:
    """`get extensions -o json`. A node without any extension and without a schematic is missing from it."""
    return {node: _extensions(found) for node, found in grouped(_objects(stdout, _extension)).items()}


def _extensions(found: tuple[tuple[str, str], ...]) -> Extensions:
    schematic = next((version for name, version in found if name == "schematic"), None)
    return Extensions(
        schematic=schematic or None,
        versions=tuple((name, version) for name, version in found if name not in _PSEUDO_EXTENSIONS),
    )


@lru_cache(maxsize=8192)
def _address(piece: bytes) -> tuple[str, str]:
    found = _resource(piece, "AddressStatuses.")
    return text(found, "node"), text(found, "spec", "address").partition("/")[0]


@remembered
def addresses(stdout: bytes) -> Mapping[str, tuple[str, ...]]:
    """`get addresses -o json`: every address that a node has on an interface, without its prefix length."""
    return {
        node: tuple(dict.fromkeys(address for address in found if address))
        for node, found in grouped(_objects(stdout, _address)).items()
    }


@lru_cache(maxsize=4096)
def _secureboot(piece: bytes) -> tuple[str, bool]:
    found = _resource(piece, "SecurityStates.")
    return text(found, "node"), flag(found, "spec", "secureBoot")


@remembered
def secureboots(stdout: bytes) -> Mapping[str, bool]:
    """`get securitystate -o json`."""
    return by_node(_objects(stdout, _secureboot))


@lru_cache(maxsize=4096)
def _machine(piece: bytes) -> tuple[str, Machine]:
    found = _resource(piece, "Members.cluster.")
    machine = Machine(
        hostname=retyped(found, "spec", "hostname") or retyped(found, "metadata", "id"),
        addresses=texts(found, "spec", "addresses"),
        machine_type=text(found, "spec", "machineType"),
    )
    return text(found, "node"), machine


@remembered
def machines(stdout: bytes) -> tuple[Machine, ...]:
    """`get members -o json` of one node: what discovery knows."""
    return tuple(machine for _, machine in _objects(stdout, _machine))


@remembered
def meta_keys(stdout: bytes) -> frozenset[int]:
    """`get metakeys -o json` of one node. Their ids are hexadecimal, or numbers where `get` has retyped them."""
    found = (_resource(piece, "MetaKeys.") for piece in pieces(stdout))
    try:
        return frozenset(int(retyped(key, "metadata", "id"), 0) for key in found)
    except ValueError:
        raise ParseError("a META key that is not a number") from None


@remembered
def boot_id(stdout: bytes) -> str:
    """`read /proc/sys/kernel/random/boot_id` of one node."""
    word = stdout.strip()
    if not _BOOT_ID.fullmatch(word):
        raise ParseError("not a boot ID")
    return word.decode("ascii")


@remembered
def client_version(stdout: bytes) -> Version:
    """`version --client --short`: a line `Talos v1.13.0`, or `Client v1.13.0` of some releases."""
    found = re.search(rb"^(?:Talos|Client) (v\S+)\s*$", stdout, re.MULTILINE)
    version = read_version(found.group(1).decode("utf-8", "replace")) if found else None
    if not isinstance(version, Version):
        raise ParseError("no version of the client")
    return version


@remembered
def config_info(stdout: bytes) -> ConfigInfo:
    """`config info -o json`."""
    found = load(stdout)
    context = text(found, "context")
    if not context:
        raise ParseError("no context")
    return ConfigInfo(
        context=context,
        endpoints=texts(found, "endpoints"),
        nodes=texts(found, "nodes"),
        certificate_ends=text(found, "certNotAfter"),
    )
