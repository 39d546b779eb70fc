"""What patches say about the one thing that a plan compares: the installer image.

talhelper applies the patches of the role, then those of the node, then the global ones; the last word counts.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Variables
from dataclasses import dataclass, field
from pathlib import Path

from talops.config.comments import without_comments
from talops.config.compose import documents
from talops.config.scalar import Scalar
from talops.config.substitute import substitute
from talops.config.tree import Mapping, Tree
from talops.config.tree import Sequence as Rows
from talops.errors import FilesInvalid

IMAGE = ("machine", "install", "image")
BOM = "\ufeff"
TEMPLATE = "{{"
ENCRYPTED = "ENC["


@dataclass(frozen=True, slots=True)
class Patched:
    """`image` is what the last patch that sets machine.install.image says, None when none does."""

    image: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patches:
    """Reads patches, each once: nodes share them. File names are relative to `folder`."""

    folder: Path
    variables: Variables[str, str]
    _read: dict[str, Patched] = field(default_factory=dict)

    def read(self, patches: Sequence[str]) -> Patched:
        """`patches` are inline texts or `@file`. What talhelper will refuse when it generates is a warning here."""
        found = [self._one(patch) for patch in patches]
        image = next((patched.image for patched in reversed(found) if patched.image is not None), None)
        return Patched(image, tuple(warning for patched in found for warning in patched.warnings))

    def _one(self, patch: str) -> Patched:
        if patch not in self._read:
            # a lone @ names no file
            name = patch[1:].strip() if patch.startswith("@") else ""
            self._read[patch] = self._file(name) if name else _image("a patch", patch)
        return self._read[patch]

    def _file(self, name: str) -> Patched:
        try:
            text = (self.folder / name).read_text(encoding="utf-8", errors="replace").removeprefix(BOM)
        except (OSError, ValueError):
            # ValueError: a name that no file can have
            return Patched(None, (f"the patch file {name} is not there: talhelper will refuse to generate",))
        if TEMPLATE not in text and "$" in text:
            try:
                text = substitute(without_comments(text, name), self.variables, name)
            except FilesInvalid as error:
                return Patched(None, (f"{error.what}: talhelper will refuse to generate",))
        return _image(name, text)


def _image(where: str, text: str) -> Patched:
    if "image" not in text or "install" not in text:
        return Patched()
    try:
        images = [image.text for tree in documents(text, where) for image in images_in(tree)]
    except FilesInvalid as error:
        if TEMPLATE in text:
            return Patched(None, (f"{where} is a template: talops cannot tell whether it sets machine.install.image",))
        return Patched(None, (f"{error.what}: talhelper will refuse to generate",))
    image = images[-1] if images else None
    if image is not None and (TEMPLATE in image or image.startswith(ENCRYPTED)):
        return Patched(None, (f"{where} sets a machine.install.image that only talhelper can read",))
    return Patched(image)


def images_in(tree: Tree) -> Iterator[Scalar]:
    """What a document of a patch sets machine.install.image to."""
    found = _of_json_patch(tree) if isinstance(tree, Rows) else iter((_at(tree, IMAGE),))
    # a merge with nothing changes nothing
    yield from (image for image in found if isinstance(image, Scalar) and image.text)


def _of_json_patch(patch: Rows) -> Iterator[Tree | None]:
    """RFC 6902: a list of operations, each on a path."""
    for step in patch.rows:
        path = step.get("path") if isinstance(step, Mapping) else None
        does = step.get("op") if isinstance(step, Mapping) else None
        if not isinstance(step, Mapping) or not isinstance(path, Scalar) or not isinstance(does, Scalar):
            continue
        words = tuple(path.text.split("/")[1:])
        if does.text in {"add", "replace"} and IMAGE[: len(words)] == words:
            yield _at(step.get("value"), IMAGE[len(words) :])


def _at(tree: Tree | None, path: Sequence[str]) -> Tree | None:
    for key in path:
        tree = tree.get(key) if isinstance(tree, Mapping) else None
    return tree
