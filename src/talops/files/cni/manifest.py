"""A rendered manifest that was committed: it holds the workloads of a CNI as they are to be."""

from collections.abc import Iterator
from pathlib import Path

from talops.domain.cni import Shape, Source
from talops.files.cni.known import DAEMONS, DEPLOYMENTS, WORDS
from talops.files.cni.repository import Fields, Repository, table, text


def manifests(repository: Repository) -> Iterator[Source]:
    for path in repository.files:
        words = repository.text(path)
        if (b"DaemonSet" in words or b"Deployment" in words) and WORDS.search(words):
            found = source(repository, path)
            if found.networks:
                yield found


def source(repository: Repository, path: Path) -> Source:
    documents = repository.documents(path)
    networks = tuple(dict.fromkeys(name for fields in documents if (name := _network(fields))))
    return Source(
        shape=Shape.MANIFEST,
        root=repository.root,
        path=repository.shown(path),
        networks=networks,
        trouble="" if documents else "it has no object that can be read",
    )


def _network(fields: Fields) -> str:
    """A patch of a workload has its name, too, but no selector."""
    if not table(fields, "spec", "selector"):
        return ""
    known = {"DaemonSet": DAEMONS, "Deployment": DEPLOYMENTS}.get(text(fields, "kind"), {})
    return known.get(text(fields, "metadata", "name"), "")
