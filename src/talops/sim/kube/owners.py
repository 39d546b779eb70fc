"""`metadata.managedFields`: who owns which fields of an object, and what two owners disagree about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from talops.sim.kube.fieldsets import NOTHING, Fields, Path, applied_fields, compared, printed, read, written
from talops.sim.kube.merging import merged, pruned
from talops.sim.kube.objects import Object
from talops.sim.kube.shapes import Shape

APPLY, UPDATE = "Apply", "Update"
BEFORE = "before-first-apply"
"""Whoever wrote what was there before anybody was written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What one manager does in one way; an object has one entry for each of these."""

    manager: str
    operation: str
    api_version: str
    subresource: str = ""

    def __str__(self) -> str:
        below = f' with subresource "{self.subresource}"' if self.subresource else ""
        using = f" using {self.api_version}" if self.operation == UPDATE else ""
        return f'"{self.manager}"{below}{using}'


@dataclass(frozen=True, slots=True)
class Claim:
    """The fields of an owner, and when it last changed them."""

    fields: Fields
    time: str


Claims = Mapping[Owner, Claim]


class Conflict(Exception):
    """Others own what would be changed: each with its paths."""

    def __init__(self, disputed: Mapping[Owner, Sequence[Path]]) -> None:
        super().__init__()
        self.disputed = disputed


def claims_of(found: Object) -> dict[Owner, Claim]:
    claims = {}
    for entry in found["metadata"].get("managedFields") or ():
        owner = Owner(
            manager=entry.get("manager", ""),
            operation=entry.get("operation", UPDATE),
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
        )
        claims[owner] = Claim(read(entry.get("fieldsV1") or {}), entry.get("time", ""))
    return claims


def claimed(found: Object, claims: Claims) -> Object:
    """The object with these claims in its metadata."""
    metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    entries = [_entry(owner, claim) for owner, claim in sorted(claims.items(), key=_order) if claim.fields]
    return {**found, "metadata": {**metadata, **({"managedFields": entries} if entries else {})}}


def _order(pair: tuple[Owner, Claim]) -> tuple[str, str, str, str]:
    owner, claim = pair
    return owner.operation, claim.time, owner.manager, owner.api_version


def _entry(owner: Owner, claim: Claim) -> Object:
    entry: Object = {"manager": owner.manager, "operation": owner.operation, "apiVersion": owner.api_version}
    entry.update({"time": claim.time} if claim.time else {})
    entry.update(fieldsType="FieldsV1", fieldsV1=written(claim.fields))
    return {**entry, **({"subresource": owner.subresource} if owner.subresource else {})}


def updated(old: Object, new: Object, owner: Owner, shape: Shape, now: str) -> Object:
    """`new` with what its writer owns from now on, whoever owned it before. `old` is empty when it is created."""
    claims = claims_of(new)
    bare = {**new, "metadata": {key: value for key, value in new["metadata"].items() if key != "managedFields"}}
    changed, gone = compared(old, bare, shape, status=bool(owner.subresource))
    claims = _taken(claims, owner, changed, gone)
    own = claims.get(owner, Claim(NOTHING, now))
    if changed or own.fields & gone:
        claims[owner] = Claim((own.fields - gone) | changed, now)
    return claimed(bare, claims)


def _taken(claims: Claims, owner: Owner, changed: Fields, gone: Fields) -> dict[Owner, Claim]:
    """Without what is gone, and for others without what the owner has changed."""
    return {
        other: claim if other == owner else replace(claim, fields=claim.fields - changed - gone)
        for other, claim in claims.items()
    }


def applied(live: Object | None, sent: Object, owner: Owner, shape: Shape, now: str, *, force: bool) -> Object:
    """The object after a server-side apply. Raises Conflict and Ambiguous."""
    status = bool(owner.subresource)
    fields = applied_fields(sent, shape, status=status)
    if live is None:
        return claimed(merged({}, sent, shape), {owner: Claim(fields, now)})
    claims = claims_of(live)
    if not claims:
        first = replace(owner, manager=BEFORE, operation=UPDATE, subresource="")
        claims = {first: Claim(compared({}, live, shape, status=False)[0], now)}
    bare = {**live, "metadata": {key: value for key, value in live["metadata"].items() if key != "managedFields"}}
    last = next((claim for other, claim in claims.items() if _is(other, owner)), None)
    others = {other: claim for other, claim in claims.items() if not _is(other, owner)}
    kept = fields.union(*(claim.fields for claim in others.values()))
    new = merged(bare, sent, shape)
    if last is not None:
        new = pruned(new, shape, last.fields, kept)
    changed, gone = compared(bare, new, shape, status=status)
    disputed = {other: _ordered(claim.fields & changed) for other, claim in others.items() if claim.fields & changed}
    if disputed and not force:
        raise Conflict(disputed)
    # who first applies what is there already is never said to have done it at a time
    time = now if changed or gone else last.time if last is not None else ""
    return claimed(new, {**_taken(others, owner, changed, gone), owner: Claim(fields, time)})


def _is(other: Owner, owner: Owner) -> bool:
    """Whoever applies is the same in every version of a kind."""
    return replace(other, api_version=owner.api_version) == owner


def _ordered(fields: Fields) -> list[Path]:
    """What a place itself is comes before what is below it."""
    return sorted(fields, key=lambda path: [*((1, word) for word in path[:-1]), (0, path[-1])])


def told(disputed: Mapping[Owner, Sequence[Path]]) -> tuple[str, list[Object]]:
    """A conflict in the words of an API server: its message, and the causes one by one."""
    causes: list[Object] = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {owner}", "field": printed(path)}
        for owner, paths in disputed.items()
        for path in paths
    ]
    if len(causes) == 1:
        message = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
        return message, causes
    lines = []
    for owner in sorted(disputed, key=lambda owner: (owner.manager, owner.api_version)):
        lines += [f"conflicts with {owner}:", *(f"- {printed(path)}" for path in disputed[owner])]
    return f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), causes
