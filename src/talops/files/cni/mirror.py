"""A copy of a repository in which kustomize may put charts: real folders, in which every file is a link."""

import os
from pathlib import Path

_NOT_COPIED = {".git", ".venv", "node_modules"}


def mirror(root: Path, place: Path) -> None:
    """Contents are not copied: secrets stay where they are."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_COPIED and not (Path(folder) / name).is_symlink()]
        here = place / Path(folder).relative_to(root)
        here.mkdir(parents=True, exist_ok=True)
        linked = (name for name in os.listdir(folder) if name in names or (Path(folder) / name).is_symlink())  # noqa: PTH208
        for name in linked:
            (here / name).symlink_to((Path(folder) / name).resolve())
