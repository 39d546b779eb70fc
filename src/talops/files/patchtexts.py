"""Patches, opened: each once, with the nodes that get it and the way from its values back to their places."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from talops.config.comments import without_comments
from talops.config.compose import documents
from talops.config.files import BOM
from talops.config.patches import TEMPLATE
from talops.config.scalar import Place, Scalar, is_null
from talops.config.substitute import Substituted, substitute_all
from talops.config.tree import Mapping, Sequence, Tree, bool_of
from talops.domain.finding import Finding
from talops.errors import FilesInvalid
from talops.files.findings import error, place_in
from talops.files.inputs import is_encrypted
from talops.files.sources import TALCONFIG, Node, Sources
from talops.files.variables import NOT_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """`at` is where talconfig.yaml names it, `file` is empty for one that stands there. `trees` are its documents.

    `trees` is empty where it cannot be read, `closed` says that it is `encrypted` or a template.
    """

    at: Place
    file: str
    text: Substituted
    trees: tuple[Tree, ...] = ()
    closed: bool = False
    encrypted: bool = False
    findings: tuple[Finding, ...] = ()
    lines: tuple[int, int] = (0, 0)
    """How far the lines and the columns of a patch that stands in talconfig.yaml are from those of its text."""
    sources: Sources = field(repr=False)

    def place(self, inside: Place) -> Place:
        """Where a value of `trees` stands."""
        if self.file:
            return self.text.origin(inside)
        down, right = self.lines
        if not down:
            return self.sources.origin(self.at)
        return self.sources.origin(Place(TALCONFIG, inside.line + down, inside.column + right))


@dataclass(frozen=True, slots=True)
class Patches:
    """`of` leads from the place of a row of `patches` to the patch; nodes share them."""

    of: dict[Place, Patch]

    def of_node(self, sources: Sources, node: Node) -> tuple[Patch, ...]:
        """In the order in which talhelper applies them."""
        own, role = _rows(node.row), _rows(node.role)
        overridden = False
        with suppress(FilesInvalid):
            overridden = bool_of(node.row.get("overridePatches"), "overridePatches") and bool(own)
        rows = (*(() if overridden else role), *own, *_rows(sources.top))
        return tuple(self.of[row.at] for row in rows)

    def __iter__(self) -> Iterator[Patch]:
        return iter({(patch.file or str(patch.at)): patch for patch in self.of.values()}.values())


def open_patches(sources: Sources) -> Patches:
    """Reads every patch file that is named."""
    by_text: dict[str, Patch] = {}
    found: dict[Place, Patch] = {}
    holders = (sources.top, *(each for node in sources.nodes for each in (node.role, node.row)))
    for row in (row for holder in holders for row in _rows(holder)):
        if row.at not in found:
            name = _file_name(row.text)
            if name and name not in by_text:
                by_text[name] = _file(sources, row, name)
            found[row.at] = by_text[name] if name else _inline(sources, row)
    return Patches(found)


def _file_name(text: str) -> str:
    """Empty for a patch that stands there; a lone @ names no file."""
    return text[1:].strip().removeprefix("./") if text.startswith("@") else ""


def _rows(holder: Mapping) -> tuple[Scalar, ...]:
    found = holder.get("patches")
    rows = found.rows if isinstance(found, Sequence) else ()
    return tuple(row for row in rows if isinstance(row, Scalar) and not is_null(row) and row.text.strip())


def _file(sources: Sources, row: Scalar, name: str) -> Patch:
    at = sources.origin(row.at)
    nothing = Substituted("", "")
    if NOT_KNOWN in name:
        return Patch(at=row.at, file=name, text=nothing, closed=True, sources=sources)
    try:
        text = (sources.repo / name).read_bytes().decode("utf-8").removeprefix(BOM)
    except FileNotFoundError:
        hint = "file names are relative to talconfig.yaml's folder; mend the name, or git add the file"
        missing = error("missing-file", at, f"the patch file {name} is not there", hint)
        return Patch(at=row.at, file=name, text=nothing, findings=(missing,), sources=sources)
    except (OSError, ValueError) as raised:
        why = raised.strerror if isinstance(raised, OSError) else "it is no UTF-8 text"
        unread = error("patch", at, f"the patch file {name} cannot be read: {why}", f"ls -ld {name}")
        return Patch(at=row.at, file=name, text=nothing, findings=(unread,), sources=sources)
    return _opened(sources, row, name, text)


def _opened(sources: Sources, row: Scalar, name: str, text: str) -> Patch:
    as_it_is = Substituted(text, text)
    if is_encrypted(text):
        return Patch(at=row.at, file=name, text=as_it_is, closed=True, encrypted=True, sources=sources)
    if TEMPLATE in text:
        # it may be YAML or not: it is looked at as far as it is
        trees = _as_far_as_it_goes(text, name)
        return Patch(at=row.at, file=name, text=as_it_is, trees=trees, closed=True, sources=sources)
    try:
        plain = without_comments(text, name)
    except FilesInvalid as raised:
        return Patch(at=row.at, file=name, text=as_it_is, findings=(_no(raised),), sources=sources)
    values = sources.variables.environment.values
    substituted = substitute_all(plain, values, name, hint=sources.variables.hint, missing=NOT_KNOWN)
    unset = tuple(_no(problem, rule="variable") for problem in substituted.problems)
    try:
        trees = tuple(documents(substituted.text, name))
    except FilesInvalid as raised:
        at = substituted.origin(place_in(raised.where))
        no = error("patch", at, raised.what.removeprefix(f"{raised.where}: "), raised.hint)
        return Patch(at=row.at, file=name, text=substituted, findings=(*unset, no), sources=sources)
    return Patch(at=row.at, file=name, text=substituted, trees=trees, findings=unset, sources=sources)


def _no(raised: FilesInvalid, rule: str = "patch") -> Finding:
    return error(rule, place_in(raised.where), raised.what.removeprefix(f"{raised.where}: "), raised.hint)


def _as_far_as_it_goes(text: str, name: str) -> tuple[Tree, ...]:
    try:
        return tuple(documents(text, name))
    except FilesInvalid:
        return ()


def _inline(sources: Sources, row: Scalar) -> Patch:
    """Substituted already, with the rest of talconfig.yaml."""
    patch = Patch(
        at=row.at,
        file="",
        text=Substituted(row.text, row.text),
        lines=_offsets(sources.talconfig.text, row.at),
        closed=TEMPLATE in row.text,
        sources=sources,
    )
    try:
        trees = tuple(documents(row.text, TALCONFIG))
    except FilesInvalid as raised:
        if patch.closed:
            return patch
        at = patch.place(place_in(raised.where))
        what = raised.what.removeprefix(f"{raised.where}: ")
        return _with(patch, findings=(error("patch", at, f"in this patch: {what}", raised.hint),))
    return _with(patch, trees=trees)


def _with(patch: Patch, *, trees: tuple[Tree, ...] = (), findings: tuple[Finding, ...] = ()) -> Patch:
    return replace(patch, trees=trees, findings=findings)


def _offsets(text: str, at: Place) -> tuple[int, int]:
    """Of a literal block, `|`: its lines are those of the file, further right. (0, 0) for anything else."""
    lines = text.split("\n")
    if at.line > len(lines) or lines[at.line - 1][at.column - 1 : at.column] != "|":
        return 0, 0
    first = next((line for line in lines[at.line :] if line.strip()), "")
    return at.line, len(first) - len(first.lstrip())
