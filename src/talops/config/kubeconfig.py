"""One kubeconfig merged into another, which keeps its comments, its order and everything that is not ours."""

from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from talops.config.compose import explained
from talops.errors import FilesInvalid, Refused

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_PARTS = (("clusters", "cluster"), ("users", "user"), ("contexts", "context"))
Entry = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """`context` is the one that was put in; `current` the one that kubectl uses by itself, "" for none."""

    text: str
    context: str
    current: str
    changed: bool


def merged(there: str, ours: str, *, where: str, force: bool = False) -> Merged:
    """`ours` is what Talos gives out: one context. `there` is the content of `where`, "" when it is not there.

    The current context is only set where there is none. Raises FilesInvalid where `there` is no kubeconfig, Refused
    where it has a context, a cluster or a user of our names that belong to another cluster.
    """
    new = _read(ours, "the kubeconfig of the node")
    context = _only_context(new)
    if not there.strip():
        return Merged(text=ours, context=context, current=context, changed=True)
    old = _read(there, where)
    before = _dumped(old)
    if not force:
        _must_be_ours(old, new, where)
    for part, kind in _PARTS:
        _replace(old, part, kind, _entries(new, part, "the kubeconfig of the node"), where)
    old["current-context"] = str(old.get("current-context") or context)
    after = _dumped(old)
    return Merged(
        text=after if after != before else there,
        context=context,
        current=str(old["current-context"]),
        changed=after != before,
    )


def _must_be_ours(old: Entry, new: Entry, where: str) -> None:
    for name, cluster in _named(new, "clusters", "cluster", where).items():
        known = _named(old, "clusters", "cluster", where).get(name)
        if known is not None and _authority(known) != _authority(cluster):
            _refuse(f"{where} has a cluster {name} that is another one: its certificate authority differs")
    contexts = _named(old, "contexts", "context", where)
    for name, context in _named(new, "contexts", "context", where).items():
        known = contexts.get(name)
        if known is not None and known.get("cluster") != context.get("cluster"):
            _refuse(f"{where} has a context {name} of another cluster, {known.get('cluster')}")
    # who uses a user of our name must use it for our cluster
    users = set(_named(new, "users", "user", where)) & set(_named(old, "users", "user", where))
    clusters = set(_named(new, "clusters", "cluster", where))
    for name, context in contexts.items():
        if context.get("user") in users and context.get("cluster") not in clusters:
            _refuse(f"{where} has a user {context.get('user')} that its context {name} uses for another cluster")


def _refuse(what: str) -> None:
    raise Refused(what, hint="talops kubeconfig FILE   # into a file of its own; --force replaces what is there")


def _authority(cluster: Entry) -> object:
    return cluster.get("certificate-authority-data") or cluster.get("certificate-authority")


def _replace(old: Entry, part: str, kind: str, entries: list[Entry], where: str) -> None:
    rows = _entries(old, part, where)
    for entry in entries:
        known = next((row for row in rows if row.get("name") == entry.get("name")), None)
        if known is None:
            rows.append(entry)
            continue
        content, theirs = entry.get(kind), known.get(kind)
        if kind == "context" and isinstance(content, dict) and isinstance(theirs, dict):
            # where they left off: a namespace of their choice
            content = {**content, **({"namespace": theirs["namespace"]} if "namespace" in theirs else {})}
        if theirs != content:
            known[kind] = content
    old[part] = rows


def _only_context(new: Entry) -> str:
    names = list(_named(new, "contexts", "context", ""))
    if len(names) != 1:
        raise FilesInvalid(f"the kubeconfig of the node has {len(names)} contexts instead of one")
    return names[0]


def _named(config: Entry, part: str, kind: str, where: str) -> dict[str, Entry]:
    found = ((str(entry.get("name")), entry.get(kind)) for entry in _entries(config, part, where))
    return {name: content for name, content in found if isinstance(content, dict)}


def _entries(config: Entry, part: str, where: str) -> list[Entry]:
    rows = config.get(part)
    if rows is None:
        return []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FilesInvalid(f"`{part}` is no list of mappings", where=where, hint=_HINT)
    return rows


_HINT = "kubectl config view   # what kubectl makes of it; or write another file: talops kubeconfig FILE"


def _read(text: str, where: str) -> Entry:
    with explained(text, where):
        found = _yaml().load(text)
    if not isinstance(found, dict):
        raise FilesInvalid("this is no kubeconfig", where=where, hint=_HINT)
    return found


def _dumped(config: Entry) -> str:
    into = StringIO()
    _yaml().dump(config, into)
    return into.getvalue()


def _yaml() -> "YAML":
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.width = 1_000_000
    # `on` without its quotes is a bool to kubectl
    yaml.preserve_quotes = True
    return yaml
