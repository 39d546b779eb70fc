"""talops.yaml: how carefully to go. Optional; without it the defaults of `Policy` hold."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from talops.config.compose import parse
from talops.config.files import read_file
from talops.config.scalar import Place, Scalar, fail, is_null, number
from talops.config.tree import Mapping, Tree, bool_of
from talops.config.tree import Sequence as Rows
from talops.domain.cluster import Desired, Policy
from talops.domain.cni import Charts, Release
from talops.domain.tool import ToolSettings
from talops.errors import FilesInvalid

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from talops.config.policy_model import Chart, PolicyFile

POLICY = "talops.yaml"


def load_policy(repo: Path) -> Policy:
    """The repository's policy. Raises FilesInvalid with file, line and column of the first mistake."""
    text = read_file(repo, POLICY)
    return Policy() if text is None else read_policy(text)


def load_tools(repo: Path) -> ToolSettings:
    """What the same file says about the external tools. Raises FilesInvalid."""
    text = read_file(repo, POLICY)
    file = None if text is None else _read(text)
    return ToolSettings() if file is None else file.tools.settings()


def load_charts(repo: Path) -> Charts:
    """What the same file says about the CNI. Raises FilesInvalid."""
    text = read_file(repo, POLICY)
    file = None if text is None else _read(text)
    if file is None:
        return Charts()
    return Charts(source=file.cni.source or "", releases=tuple(_release(repo, chart) for chart in file.cni.charts))


def _release(repo: Path, chart: "Chart") -> Release:
    values = []
    for name in chart.values:
        words = read_file(repo, name)
        if words is None:
            hint = "file names are relative to talops.yaml's folder; mend the name, or git add the file"
            raise FilesInvalid(f"`cni.charts` names {name}, which is not there", where=POLICY, hint=hint)
        values.append(words)
    in_folder = chart.repo is None and "://" not in chart.chart
    return Release(
        name=chart.release or chart.chart.rstrip("/").rpartition("/")[2],
        namespace=chart.namespace,
        chart=str(repo.absolute() / chart.chart) if in_folder else chart.chart,
        repo=chart.repo or "",
        version=chart.version or "",
        values=tuple(values),
    )


def read_policy(text: str) -> Policy:
    """Raises FilesInvalid."""
    file = _read(text)
    return Policy() if file is None else file.policy()


def _read(text: str) -> "PolicyFile | None":
    """None when nothing stands in it."""
    tree = parse(text, POLICY)
    if tree is None or (isinstance(tree, Scalar) and is_null(tree)):
        return None
    if not isinstance(tree, Mapping):
        fail(tree.at, "the policy must be a mapping", "see talops.schema.json for its keys")
    from pydantic import ValidationError

    from talops.config.policy_model import PolicyFile, keys_at

    try:
        return PolicyFile.model_validate(_plain(tree))
    except ValidationError as error:
        raise _explained(tree, error.errors()[0], keys_at(error.errors()[0]["loc"][:-1])) from None


def check_policy(desired: Desired, policy: Policy, repo: Path) -> None:
    """Names of nodes in the policy must be names of the files: a typo must not change what is upgraded."""
    check_names([node.hostname for node in desired.nodes], policy, repo)


def check_names(hostnames: Sequence[str], policy: Policy, repo: Path) -> None:
    """The same, by the names alone. Raises FilesInvalid."""
    for key, names in (("order", policy.order), ("skip", policy.skip)):
        for number_, name in enumerate(names):
            if name not in hostnames:
                close = get_close_matches(name, hostnames, n=1)
                raise FilesInvalid(
                    f"`{key}` names {name}, which is no node of talconfig.yaml",
                    where=str(_place_in(repo, key, number_)),
                    hint=f"did you mean {close[0]}?" if close else "`talops nodes` lists them",
                )


def _place_in(repo: Path, key: str, row: int) -> Place:
    tree = parse(read_file(repo, POLICY) or "", POLICY)
    return _place(tree, (key, row)) if tree is not None else Place(POLICY, 1, 1)


def _plain(tree: Tree) -> object:
    """Plain values, for pydantic. Only `enabled` and `required` are bools; they speak YAML 1.1, as talconfig does."""
    match tree:
        case Mapping():
            bools = {"enabled", "required"}
            return {
                k: bool_of(row, k) if k in bools and tree.get(k) is not None else _plain(row)
                for k, row in tree.entries.items()
            }
        case Rows():
            return [_plain(row) for row in tree.rows]
        case Scalar():
            if is_null(tree):
                return None
            meant = number(tree)
            whole = isinstance(meant, float) and meant.is_integer()
            return tree.text if meant is None else int(meant) if whole else meant


def _place(tree: Tree, path: Sequence[str | int], *, of_key: bool = False) -> Place:
    """The place of a value; of its key where the key is what is wrong."""
    at = tree.at
    for step in path:
        if isinstance(tree, Mapping) and isinstance(step, str) and step in tree.entries:
            at = tree.place_of(step)
            tree = tree.entries[step]
            at = at if of_key else tree.at
        elif isinstance(tree, Rows) and isinstance(step, int) and step < len(tree.rows):
            tree = tree.rows[step]
            at = tree.at
    return at


def _explained(tree: Mapping, error: "ErrorDetails", known: Sequence[str]) -> FilesInvalid:
    path = error["loc"]
    dotted = ".".join(str(step) for step in path)
    if error["type"] == "extra_forbidden":
        close = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known)}"
        return FilesInvalid(f"unknown key `{dotted}`", where=str(_place(tree, path, of_key=True)), hint=hint)
    what = "must be a mapping" if error["type"] == "model_type" else error["msg"].removeprefix("Value error, ")
    return FilesInvalid(f"`{dotted}`: {what.replace('Input should', 'must')}", where=str(_place(tree, path)))
