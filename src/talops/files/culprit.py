"""Which patch talhelper refuses. It says only what is wrong with it, so it is tried with one patch more at a time."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.config.scalar import Place, Scalar, is_null, number, truth
from talops.config.talconfig import role_of
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Sequence as Rows
from talops.config.tree import Tree, bool_of
from talops.domain.process import Runner
from talops.files.inputs import ALWAYS_FILES, FILES_UNDER
from talops.files.prepare import Prepared
from talops.tools.calls import talhelper_genconfig
from talops.tools.pins import private_folder, write_private

_MOST = 64
"""More patches than that are not tried: it is the message of one command."""


@dataclass(frozen=True, slots=True)
class Patch:
    """`file` is empty for one that stands in talconfig.yaml itself, at `at`."""

    row: Tree
    file: str
    at: Place

    @property
    def name(self) -> str:
        return self.file or "a patch"

    @property
    def where(self) -> str:
        return self.file or str(self.at)


def refused_patch(prepared: Prepared, hostname: str, runner: Runner, talhelper: str) -> Patch | None:
    """The first with which the config of that node cannot be generated; None when it is no patch's fault."""
    row = next((row for row in _nodes(prepared.top) if _text(row.get("hostname")) == hostname), None)
    if row is None:
        return None
    patches = list(_patches(prepared.top, row))
    if not 0 < len(patches) <= _MOST:
        return None
    with private_folder() as folder:
        calls = []
        for number_ in range(len(patches) + 1):
            tried = _with_patches(prepared, row, [patch.row for patch in patches[:number_]])
            file = folder / f"{number_}.yaml"
            write_private(file, tried.encode())
            calls.append(
                talhelper_genconfig(
                    talhelper,
                    talconfig=str(file),
                    env_files=tuple(map(str, prepared.inputs.env_files)),
                    secret_files=(str(prepared.inputs.secret_file),),
                    out=str(folder / f"out-{number_}"),
                )
            )
        results = runner.gather(calls)
    fails = [not result.ok for result in results]
    return None if fails[0] or not any(fails) else patches[fails.index(True) - 1]


def _nodes(top: TreeMapping) -> Iterator[TreeMapping]:
    rows = top.get("nodes")
    yield from (row for row in (rows.rows if isinstance(rows, Rows) else ()) if isinstance(row, TreeMapping))


def _text(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Scalar) else ""


def _patches(top: TreeMapping, row: TreeMapping) -> Iterator[Patch]:
    """In the order in which talhelper applies them: of the role, of the node, of all."""
    own = _rows(row.get("patches"))
    overridden = bool(own) and bool_of(row.get("overridePatches"), "overridePatches")
    of_role = () if overridden else _rows(role_of(top, row).get("patches"))
    for patch in (*of_role, *own, *_rows(top.get("patches"))):
        text = _text(patch)
        yield Patch(row=patch, file=text[1:].strip().removeprefix("./") if text.startswith("@") else "", at=patch.at)


def _rows(tree: Tree | None) -> Sequence[Tree]:
    return tree.rows if isinstance(tree, Rows) else ()


def _with_patches(prepared: Prepared, row: TreeMapping, patches: Sequence[Tree]) -> str:
    """talconfig.yaml with that node alone, and these patches alone."""
    top = prepared.top
    key = "controlPlane" if bool_of(row.get("controlPlane"), "controlPlane") else "worker"
    role = role_of(top, row)
    without = {name: value for name, value in role.entries.items() if name != "patches"}
    node = {**row.entries, "patches": Rows(tuple(patches), row.at)}
    entries = {name: value for name, value in top.entries.items() if name != "patches"}
    entries[key] = TreeMapping(without, role.at)
    entries["nodes"] = Rows((TreeMapping(node, row.at),), row.at)
    return "".join(_written(TreeMapping(entries, top.at), prepared.repo, under=False, always=False))


def _written(tree: Tree, repo: Path, *, under: bool, always: bool) -> Iterator[str]:
    """As YAML in flow style, with absolute file names, and no dollar sign that would be a variable again."""
    match tree:
        case TreeMapping():
            yield "{"
            for key, value in tree.entries.items():
                yield f"{_quoted(key)}: "
                yield from _written(
                    value, repo, under=under or key in FILES_UNDER, always=always or key == ALWAYS_FILES
                )
                yield ", "
            yield "}"
        case Rows():
            yield "["
            for row in tree.rows:
                yield from _written(row, repo, under=under, always=always)
                yield ", "
            yield "]"
        case Scalar() if always or (under and tree.text.startswith("@")):
            yield _quoted(f"@{repo / tree.text.removeprefix('@').strip()}")
        case Scalar():
            yield tree.text or '""' if _means_no_text(tree) else _quoted(tree.text)


def _means_no_text(scalar: Scalar) -> bool:
    return (
        scalar.plain
        and bool(scalar.text)
        and (is_null(scalar) or number(scalar) is not None or truth(scalar) is not None)
    )


def _quoted(text: str) -> str:
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)
