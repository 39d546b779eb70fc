"""What patches say about the things that a plan depends on: the installer image, and virtual IPs.

talhelper applies the patches of the role, then those of the node, then the global ones; the last word counts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.config.compose import documents
from talops.config.scalar import Scalar
from talops.config.tree import Mapping, Tree
from talops.config.tree import Sequence as Rows
from talops.errors import FilesInvalid

IMAGE = ("machine", "install", "image")


@dataclass(frozen=True, slots=True)
class Patched:
    """`image` is what the last patch that sets machine.install.image says, None when none does."""

    image: str | None
    missing: tuple[str, ...]


def read_patches(patches: Sequence[str], folder: Path) -> Patched:
    """`patches` are inline texts or `@file`, relative to `folder`. A file that is not there is named, and left out."""
    image: str | None = None
    missing: list[str] = []
    for patch in patches:
        text = patch
        if patch.startswith("@"):
            try:
                text = (folder / patch[1:]).read_text(encoding="utf-8", errors="replace")
            except OSError:
                missing.append(patch[1:])
                continue
        for found in _images(text):
            image = found
    return Patched(image, tuple(missing))


def _images(text: str) -> Iterator[str]:
    if "image" not in text or "install" not in text:
        return
    try:
        trees = list(documents(text, "patch"))
    except FilesInvalid:
        # templated, or none of ours to judge: talhelper validates it when it generates
        return
    for tree in trees:
        if isinstance(tree, Rows):
            yield from _of_json_patch(tree)
        else:
            found = _at(tree, IMAGE)
            if isinstance(found, Scalar):
                yield found.text


def _of_json_patch(patch: Rows) -> Iterator[str]:
    """RFC 6902: a list of operations, each on a path."""
    for step in patch.rows:
        path = step.get("path") if isinstance(step, Mapping) else None
        value = step.get("value") if isinstance(step, Mapping) else None
        if not isinstance(path, Scalar) or value is None:
            continue
        words = tuple(word for word in path.text.split("/") if word)
        if IMAGE[: len(words)] == words:
            found = _at(value, IMAGE[len(words) :])
            if isinstance(found, Scalar):
                yield found.text


def _at(tree: Tree | None, path: Sequence[str]) -> Tree | None:
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree
