"""Is an operator's API there at all? Only well-formed answers prove it, and absence needs two of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from talops.domain.process import Instant, Request
from talops.domain.talos import Absent, Unknown
from talops.observe.edges import Memory, Presence
from talops.tools import requests

CONFIRM_AFTER = 2.0
"""Seconds between the two answers that prove an API absent."""


@dataclass(frozen=True, slots=True)
class Installed:
    """The API group is there, in a version that we know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """`versions` are those that this talops can read, the preferred one first."""

    name: str
    group: str
    versions: tuple[str, ...]
    plural: str
    list_request: Request


ROOK = Operator(
    name="Rook", group="ceph.rook.io", versions=("v1",), plural="cephclusters", list_request=requests.ceph()
)
CNPG = Operator(
    name="CloudNativePG",
    group="postgresql.cnpg.io",
    versions=("v1",),
    plural="clusters",
    list_request=requests.postgres(),
)
OPERATORS = (ROOK, CNPG)


def presence_of(
    operator: Operator, groups: Mapping[str, tuple[str, ...]] | Unknown, memory: Memory, at: Instant
) -> Installed | Absent | Unknown:
    """Judge one answer to `/apis`, together with the ones before it."""
    seen = memory.presence.setdefault(operator.group, Presence())
    if isinstance(groups, Unknown):
        seen.absent_since = None
        return groups
    versions = groups.get(operator.group)
    if versions is not None:
        seen.absent_since, seen.absent = None, False
        return _known_version(operator, versions)
    if seen.installed:
        return Unknown(f"{operator.group} was there earlier in this run and is gone: is {operator.name} being removed?")
    if seen.absent_since is None:
        seen.absent_since = at
    seen.absent = seen.absent or at - seen.absent_since >= CONFIRM_AFTER
    return Absent() if seen.absent else Unknown(f"whether {operator.name} is installed is not confirmed yet")


def _known_version(operator: Operator, versions: tuple[str, ...]) -> Installed | Unknown:
    if any(version in versions for version in operator.versions):
        return Installed()
    return Unknown(
        f"{operator.name} serves {operator.group} as {', '.join(versions) or 'no version'}, "
        "which this talops does not know: update talops"
    )


def unconfirmed_until(memory: Memory) -> Instant | None:
    """When the second answer may be asked for, if one is needed."""
    waiting = [
        seen.absent_since for seen in memory.presence.values() if seen.absent_since is not None and not seen.absent
    ]
    return max(waiting) + CONFIRM_AFTER if waiting else None
