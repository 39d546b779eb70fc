"""Which patch talhelper means when it refuses a config: it names neither patch nor file nor node."""

import re
from collections.abc import Iterator, Set

from talops.config.compose import parse
from talops.config.scalar import Place, Scalar
from talops.config.tree import Mapping, Sequence, Tree
from talops.domain.finding import Finding
from talops.errors import FilesInvalid
from talops.files.fields import place_of_field
from talops.files.findings import error
from talops.files.patchtexts import Patch, Patches
from talops.files.sources import TALCONFIG, Node, Sources
from talops.tools.talhelper import Issue

RULE = "talhelper"
_PREFIX = re.compile(r"^(failed to (generate talos config|parse config file|validate [^:]*): )+")
_UNKNOWN = re.compile(r"unknown keys found during decoding:\n(?P<keys>.*)", re.DOTALL)
_UNFIT = re.compile(r"line (?P<line>\d+): cannot (construct|unmarshal) !!\w+ `(?P<value>[^`]*)` into (?P<kind>\S+)")
_JSON_PATCH = re.compile(r"(?i)json6902|rfc6902")
_POINTER = re.compile(r'"(?P<pointer>/[^"]*)"')
_FIELD_OF_NODE = re.compile(r"nodes\[(?P<row>\d+)\]\.(?P<key>\w+).*")
_TEMPLATE = re.compile(r"\btemplate: ")


def blamed(sources: Sources, patches: Patches, node: Node | None, why: str) -> Finding:
    """At the value in the patch where that can be told, else at the node, else at talconfig.yaml."""
    reason = _PREFIX.sub("", why)
    of_node = patches.of_node(sources, node) if node is not None else tuple(patches)
    found = next(_suspects(of_node, reason), None)
    name = f"{node.name}: " if node is not None else ""
    if found is not None:
        at, what, hint = found
        return error(RULE, at, f"{name}{what}", hint)
    row = sources.origin(node.row.at) if node is not None else Place(TALCONFIG, 0, 0)
    return error(RULE, row, f"{name}talhelper refuses it: {_shortened(reason)}")


def wrong_kinds(sources: Sources, why: str) -> Iterator[Finding]:
    """Values of talconfig.yaml that do not fit; talhelper's line numbers are those of a text of its own."""
    for unfit in _UNFIT.finditer(why):
        alike = list(_scalars(sources.top, {unfit["value"]}))
        at = sources.origin(alike[0].at) if alike else Place(TALCONFIG, 0, 0)
        yield error(RULE, at, f"`{unfit['value']}` is no {unfit['kind'].lstrip('*')}")


def place_of_issue(sources: Sources, issue: Issue) -> tuple[Place | None, str]:
    """Where the field of an issue stands, and its name: at the node, or at the role that it inherits it from."""
    found = _FIELD_OF_NODE.fullmatch(issue.field)
    node = next((node for node in sources.nodes if node.hostname == issue.node), None) if issue.node else None
    if found is not None and int(found["row"]) < len(sources.nodes):
        node = sources.nodes[int(found["row"])]
        holder = next((one for one in (node.row, node.role) if found["key"] in one.entries), None)
        if holder is not None:
            inside = _quoted(holder.entries[found["key"]], issue.what)
            return inside or holder.place_of(found["key"]), f"{node.name}: {found['key']}"
        return node.row.at, f"{node.name}: {found['key']}"
    if issue.field:
        return place_of_field(sources.top, issue.field), issue.field
    return (node.row.at if node is not None else None), ""


def _quoted(tree: Tree, what: str) -> Place | None:
    """The value below that is quoted in what is said, the first of them."""
    words = set(re.findall(r'"([^"]+)"', what))
    return next((one.at for one in _scalars(tree, words)), None)


def _suspects(patches: tuple[Patch, ...], reason: str) -> Iterator[tuple[Place, str, str]]:
    """The later patch is asked first."""
    unknown, unfit = _UNKNOWN.search(reason), _UNFIT.search(reason)
    for patch in reversed(patches):
        if unknown is not None:
            for path, at in _unknown(patch, unknown["keys"]):
                hint = "compare with the Talos reference of this version, and with its indentation"
                yield at, f"Talos knows no `{path}`", hint
        elif unfit is not None:
            for at in _values(patch, unfit["value"], int(unfit["line"])):
                yield at, f"`{unfit['value']}` is no {unfit['kind'].lstrip('*')}", "write it without quotes, or mend it"
        elif _JSON_PATCH.search(reason) and any(isinstance(tree, Sequence) for tree in patch.trees):
            yield from _json(patch, reason)
        elif _TEMPLATE.search(reason) and "{{" in patch.text.source:
            line = next((n for n, row in enumerate(patch.text.source.splitlines(), 1) if "{{" in row), 1)
            at = patch.place(Place(patch.file or TALCONFIG, line, 1))
            yield (
                at,
                f"talhelper cannot fill in this template: {_shortened(reason)}",
                "a dollar sign of Helm needs none",
            )


def _unknown(patch: Patch, keys: str) -> Iterator[tuple[str, Place]]:
    """`keys` is YAML: the unknown keys below those that lead to them."""
    try:
        wanted = parse(keys, "")
    except FilesInvalid:
        return
    for path in _paths(wanted, ()):
        for tree in patch.trees:
            at = _key(tree, path)
            if at is not None:
                yield ".".join(path), patch.place(at)


def _paths(tree: Tree | None, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Down to where a mapping has more than the way."""
    if isinstance(tree, Mapping) and tree.entries:
        for key, value in tree.entries.items():
            yield from _paths(value, (*path, key))
    elif path:
        yield path


def _key(tree: Tree | None, path: tuple[str, ...]) -> Place | None:
    """Where the last key of the path stands that the tree has; None where it has not even the first of it."""
    at: Place | None = None
    for key in path:
        if isinstance(tree, Sequence):
            tree = next((row for row in tree.rows if isinstance(row, Mapping) and key in row.entries), None)
        if not isinstance(tree, Mapping) or key not in tree.entries:
            return None
        at, tree = tree.place_of(key), tree.entries[key]
    return at


def _values(patch: Patch, value: str, line: int) -> Iterator[Place]:
    alike = [scalar.at for tree in patch.trees for scalar in _scalars(tree, {value})]
    # the line is that of the patch, as talhelper got it
    yield from (patch.place(at) for at in sorted(alike, key=lambda at: abs(at.line - line)))


def _scalars(tree: Tree, wanted: Set[str]) -> Iterator[Scalar]:
    match tree:
        case Scalar():
            if tree.text in wanted:
                yield tree
        case Sequence():
            for row in tree.rows:
                yield from _scalars(row, wanted)
        case Mapping():
            for value in tree.entries.values():
                yield from _scalars(value, wanted)


def _json(patch: Patch, reason: str) -> Iterator[tuple[Place, str, str]]:
    """One that does not fit, or that Talos 1.12 and newer take no more."""
    pointer = _POINTER.search(reason)
    tree = next(tree for tree in patch.trees if isinstance(tree, Sequence))
    hint = "write what it changes as plain YAML, `machine: …`: a strategic merge patch"
    if pointer is None:
        yield patch.place(tree.at), "a JSON patch, which cannot change configs of several documents (Talos 1.12)", hint
        return
    for row in tree.rows:
        path = row.get("path") if isinstance(row, Mapping) else None
        if isinstance(path, Scalar) and path.text == pointer["pointer"]:
            yield patch.place(path.at), f"this step of the patch does not fit: {_shortened(reason)}", hint


def _shortened(reason: str) -> str:
    """One line."""
    return "; ".join(line.strip(" \t*") for line in reason.splitlines() if line.strip(" \t*"))
