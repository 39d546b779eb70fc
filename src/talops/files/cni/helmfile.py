"""A helmfile with a release of a CNI. It may be a Go template: then its releases are known as far as they are YAML."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from talops.config.files import BOM
from talops.domain.cni import Release, Shape, Source
from talops.errors import FilesInvalid
from talops.files.cni.known import network
from talops.files.cni.repository import Fields, Repository, parsed, table, tables, text, texts

_NAMED = re.compile(r"^helmfile\.(yaml|yml)(\.gotmpl)?$|\.helmfile\.(yaml|yml)(\.gotmpl)?$")
_TEMPLATE = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_RUN_ANYWAY = {"prepare", "cleanup"}
"""Hooks of helmfile's that rendering runs, too."""


def is_helmfile(path: Path) -> bool:
    in_parts = path.parent.name == "helmfile.d" and path.suffix in {".yaml", ".yml", ".gotmpl"}
    return bool(_NAMED.search(path.name)) or in_parts


def helmfiles(repository: Repository) -> Iterator[Source]:
    for path in repository.files:
        if is_helmfile(path):
            found = source(repository, path)
            if found.networks:
                yield found


def source(repository: Repository, path: Path) -> Source:
    """Only the releases of a CNI and of what approves certificates: the others wait for a network."""
    fields = _read(repository, path)
    rows = [row for row in tables(fields.get("releases")) if _network(row) and row.get("installed") is not False]
    trouble = "" if rows else "it has no release of a CNI that talops knows"
    return Source(
        shape=Shape.HELMFILE,
        root=repository.root,
        path=repository.shown(path),
        networks=tuple(dict.fromkeys(map(_network, rows))),
        releases=tuple(_release(row, fields) for row in rows),
        notes=tuple(note for row in rows for note in _hooks(row)),
        trouble=trouble,
    )


def _read(repository: Repository, path: Path) -> Fields:
    """Every document of it, put together as helmfile does. What is a template stands for itself."""
    written = repository.text(path).decode("utf-8", "replace").removeprefix(BOM)
    whole: dict[str, object] = {}
    for words in (written, _TEMPLATE.sub("template", written), _without_template_lines(written)):
        try:
            for fields in parsed(words, repository.shown(path)):
                whole |= {key: value for key, value in fields.items() if value}
        except FilesInvalid:
            continue
        if whole:
            break
    return whole


def _without_template_lines(written: str) -> str:
    """Lines that are nothing but control of the template go."""
    lines = (line for line in written.splitlines() if not re.fullmatch(r"\s*\{\{.*\}\}\s*", line))
    return _TEMPLATE.sub("template", "\n".join(lines))


def _network(row: Fields) -> str:
    return network(text(row, "chart"), text(row, "name"))


def _release(row: Fields, fields: Fields) -> Release:
    chart = text(row, "chart")
    repos = {text(repo, "name"): text(repo, "url") for repo in tables(fields.get("repositories"))}
    alias, slash, _ = chart.partition("/")
    return Release(
        name=text(row, "name"),
        namespace=text(row, "namespace") or text(table(fields, "helmDefaults"), "namespace") or "default",
        chart=chart,
        repo=repos.get(alias, "") if slash else "",
        version=text(row, "version"),
    )


def _hooks(row: Fields) -> Iterator[str]:
    for hook in tables(row.get("hooks")):
        events = texts(hook.get("events"))
        command = shlex.join((text(hook, "command"), *texts(hook.get("args"))))
        when, where = " and ".join(events) or "some event", f"the release {text(row, 'name')}"
        if set(events) & _RUN_ANYWAY:
            yield f"helmfile itself runs the hook ({when}) of {where}: {command}"
        else:
            yield f"the hook ({when}) of {where} is not run; by hand, from the helmfile's folder: {command}"
