"""talconfig.yaml as far as it can be read, and what stands beside it: what every check looks at."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from talops.config.comments import without_comments
from talops.config.compose import parse
from talops.config.files import must_be_folder, read_file
from talops.config.problems import node_rows, role_or_nothing
from talops.config.scalar import Place, fail
from talops.config.substitute import Substituted, substitute_all, variables_in
from talops.config.talconfig import addresses_of, hostname_of
from talops.config.tree import Mapping, Tree, bool_of
from talops.errors import FilesInvalid
from talops.files.findings import place_in
from talops.files.variables import NOT_KNOWN, Variables

TALCONFIG = "talconfig.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One row of `nodes`, with the mapping of its role. What cannot be read, or is not known, is empty, or None."""

    row: Mapping
    role: Mapping
    hostname: str
    addresses: tuple[str, ...]
    control_plane: bool | None

    @property
    def name(self) -> str:
        return self.hostname or (self.addresses[0] if self.addresses else f"the node in line {self.row.at.line}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Places of `top` and `nodes` are those of the substituted text: `origin` leads back to the file.

    `written` is the tree before its variables were replaced, None where it has none.
    """

    repo: Path
    talconfig: Substituted
    top: Mapping
    written: Tree | None
    nodes: tuple[Node, ...]
    variables: Variables

    def origin(self, at: Place) -> Place:
        return self.talconfig.origin(at)

    @property
    def control_planes(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.control_plane)


def find_talconfig(repo: Path) -> str:
    """Its text. Raises FilesInvalid where this is no cluster's repository."""
    must_be_folder(repo)
    text = read_file(repo, TALCONFIG)
    if text is None:
        raise FilesInvalid(
            f"there is no {TALCONFIG} in {repo}", hint="go to the cluster's repository, or name it: talops -C DIR …"
        )
    if not text.strip():
        raise FilesInvalid(
            "it is empty", where=TALCONFIG, hint="restore it from git, or begin one: talops init --new NAME"
        )
    return text


def read_sources(repo: Path, text: str, variables: Variables) -> Sources:
    """Raises FilesInvalid where talconfig.yaml is no YAML mapping, before or after its variables are replaced."""
    plain = without_comments(text, TALCONFIG)
    talconfig = substitute_all(plain, variables.environment.values, TALCONFIG, hint=variables.hint, missing=NOT_KNOWN)
    top = _parsed(talconfig)
    if not isinstance(top, Mapping):
        at = talconfig.origin(top.at) if top is not None else Place(TALCONFIG, 1, 1)
        fail(at, "this is no talconfig: it must be a mapping with clusterName, endpoint and nodes")
    nodes = tuple(_node(top, row) for row in node_rows(top))
    written = parse(plain, TALCONFIG) if talconfig.moved else None
    return Sources(repo=repo, talconfig=talconfig, top=top, written=written, nodes=nodes, variables=variables)


def _parsed(talconfig: Substituted) -> Tree | None:
    """It was YAML before; if it is none any more, a value is to blame."""
    try:
        return parse(talconfig.text, TALCONFIG)
    except FilesInvalid as error:
        at = talconfig.origin(place_in(error.where))
        lines = talconfig.source.split("\n") if talconfig.moved else []
        line = lines[at.line - 1] if at.line <= len(lines) else ""
        names = " and ".join(f"${{{name}}}" for name in dict.fromkeys(variables_in(line)))
        what = error.what.removeprefix(f"{error.where}: ")
        if names:
            fail(at, f"the value of {names} makes {what.removeprefix('this is ')}", 'write it in quotes: "${NAME}"')
        fail(at, what, error.hint)


def _node(top: Mapping, row: Mapping) -> Node:
    hostname, addresses, control_plane = "", tuple[str, ...](), None
    with suppress(FilesInvalid):
        control_plane = bool_of(row.get("controlPlane"), "controlPlane")
    with suppress(FilesInvalid):
        hostname = hostname_of(row)
    with suppress(FilesInvalid):
        addresses = addresses_of(row)
    return Node(
        row=row,
        role=role_or_nothing(top, row),
        hostname="" if NOT_KNOWN in hostname else hostname,
        addresses=tuple(address for address in addresses if NOT_KNOWN not in address),
        control_plane=control_plane,
    )
