"""What the machine configs make Talos install by itself: flannel, unless they say otherwise."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.files.cni.known import WORDS
from talops.files.cni.repository import Repository, text

_SAYS = re.compile(rb"\b(?:cni|cniConfig):\s*(?:#[^\n]*)?(?:\n\s*#[^\n]*)*[\n\s{]*name:\s*[\"']?([a-z]+)")
FLANNEL, NONE, CUSTOM = "flannel", "none", "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class TalosSays:
    """`name` is flannel, none, custom, or empty where nothing says it: then Talos takes flannel."""

    name: str
    where: str

    @property
    def installs(self) -> bool:
        return self.name in {"", FLANNEL, CUSTOM}

    @property
    def what(self) -> str:
        if self.name == CUSTOM:
            return f"Talos installs the CNI by itself, from the URLs that {self.where} names"
        how = f"{self.where} says so" if self.name else "nothing in the files says otherwise"
        return f"Talos installs its own CNI, flannel: {how}"

    def warning(self, networks: Sequence[str]) -> str:
        return f"{self.what}; {' and '.join(networks)} would be a second one: set cniConfig: {{name: none}}"


def applies_manifests(repository: Repository) -> str:
    """The file that gives Talos a CNI among its manifests, which it applies by itself; empty for none."""
    for path in repository.files:
        words = repository.text(path)
        if (b"inlineManifests" in words or b"extraManifests" in words) and WORDS.search(words):
            return repository.shown(path)
    return ""


def says(repository: Repository, repo: Path) -> TalosSays:
    """What talconfig.yaml and the patches say."""
    repo = repo.absolute()
    talconfig = repo / "talconfig.yaml"
    for path in (talconfig, *(path for path in repository.files if path != talconfig and path.is_relative_to(repo))):
        words = repository.text(path)
        if b"cni" not in words or any(text(fields, "kind") for fields in repository.documents(path)):
            continue
        found = _SAYS.search(words)
        if found and found[1].decode() in {FLANNEL, NONE, CUSTOM}:
            return TalosSays(name=found[1].decode(), where=repository.shown(path))
    return TalosSays(name="", where="")
