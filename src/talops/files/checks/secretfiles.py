"""The file of the cluster's secrets. Where talhelper finds none, it invents those of a new cluster."""

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from talops.domain.finding import Finding, Severity
from talops.files.findings import of_file
from talops.files.inputs import TALSECRET

_USUAL = "talsecret.sops.yaml"


def secret_files(repo: Path) -> Iterator[Finding]:
    """Looks at names and sizes only."""
    there = [name for name in TALSECRET if (repo / name).is_file()]
    if not there:
        yield of_file(
            "no-secret-file",
            Severity.ERROR,
            "",
            f"there is no {_USUAL}: talhelper would invent those of a new cluster, which no node knows",
            _hint(repo),
        )
    for name in there:
        if not (repo / name).stat().st_size:
            hint = f"restore it from git: git log -- {name}"
            yield of_file("empty-secret-file", Severity.ERROR, name, "it is empty: no node knows such secrets", hint)
    if len(there) > 1:
        what = f"{' and '.join(there)}: talhelper takes what {there[-1]} says"
        yield of_file("several-secret-files", Severity.WARNING, there[-1], what, "keep one of them")


def _hint(repo: Path) -> str:
    names = [path.name for path in repo.iterdir() if path.is_file()]
    close = get_close_matches(_USUAL, [name for name in names if name.startswith("tals")], n=1, cutoff=0.8)
    if close:
        return f"did you mean to name {close[0]} so?"
    return "restore it from git; only for a new cluster: talhelper gensecret > talsecret.sops.yaml, then sops -e -i"
