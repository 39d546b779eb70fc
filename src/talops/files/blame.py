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
_UNFIT = re.compile(
    r"line (?P<line>\d+): cannot (construct|unmarshal) !!(?P<tag>\w+)( `(?P<value>[^`]*)`)? into (?P<kind>\S+)"
)
_JSON_PATCH = re.compile(r"(?i)json6902|rfc6902")
_POINTER = re.compile(r'"(?P<pointer>/[^"]*)"')
_FIELD_OF_NODE = re.compile(r"nodes\[(?P<row>\d+)\]\.(?P<key>\w+).*")
_QUOTED = re.compile(r'"([^"]+)"')
_COUNTED = re.compile(r"(\S+: )?\d+ errors? occurred:")
_TAGS = {"seq": "list", "map": "mapping"}
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
    place = _quoted_anywhere(sources, of_node, node, reason) or row
    return error(RULE, place, f"{name}talhelper refuses it: {_shortened(reason)}")


def _quoted_anywhere(sources: Sources, patches: tuple[Patch, ...], node: Node | None, reason: str) -> Place | None:
    """Where a value stands that is quoted in the reason, the last of them first."""
    for word in reversed(_QUOTED.findall(reason)):
        for patch in reversed(patches):
            for tree in patch.trees:
                for scalar in _scalars(tree, {word}):
                    return patch.place(scalar.at)
        for tree in (node.row, node.role) if node is not None else ():
            for scalar in _scalars(tree, {word}):
                return sources.origin(scalar.at)
    return None


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
    words = set(_QUOTED.findall(what))
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
            what = f"`{unfit['value']}`" if unfit["value"] else f"this {_TAGS.get(unfit['tag'], unfit['tag'])}"
            for at in _values(patch, unfit["value"], unfit["tag"], int(unfit["line"])):
                yield at, f"{what} is no {unfit['kind'].lstrip('*')}", "write it without quotes, or mend it"
        elif _JSON_PATCH.search(reason) and any(isinstance(tree, Sequence) for tree in patch.trees):
            yield from _json(patch, reason)
        elif _TEMPLATE.search(reason) and "{{" in patch.text.source:
            line = next((n for n, row in enumerate(patch.text.source.splitlines(), 1) if "{{" in row), 1)
            at = patch.place(Place(patch.file or TALCONFIG, line, 1))
            hint = (
                "it may use fields of the machine config, such as {{ .MachineConfig.MachineNetwork.NetworkHostname }}"
            )
            yield (
                at,
                f"talhelper cannot fill in this template: {_shortened(reason)}",
                hint,
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


def _values(patch: Patch, value: str | None, tag: str, line: int) -> Iterator[Place]:
    """The line is that of the patch, as talhelper got it."""
    if value is None:
        kind = Sequence if tag == "seq" else Mapping
        alike = [
            tree.at for top in patch.trees for tree in trees_in(top) if isinstance(tree, kind) and tree.at.line == line
        ]
    else:
        alike = [scalar.at for tree in patch.trees for scalar in _scalars(tree, {value})]
    yield from (patch.place(at) for at in sorted(alike, key=lambda at: abs(at.line - line)))


def trees_in(tree: Tree) -> Iterator[Tree]:
    """Itself and all below."""
    yield tree
    below = tree.rows if isinstance(tree, Sequence) else tree.entries.values() if isinstance(tree, Mapping) else ()
    for one in below:
        yield from trees_in(one)


def _scalars(tree: Tree, wanted: Set[str]) -> Iterator[Scalar]:
    return (one for one in trees_in(tree) if isinstance(one, Scalar) and one.text in wanted)


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
    """One line, without the counting of errors."""
    lines = (line.strip(" \t*") for line in reason.splitlines())
    return "; ".join(line for line in lines if line and not _COUNTED.fullmatch(line))
