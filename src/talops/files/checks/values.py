"""Values that one reader takes for another kind than the next: words of YAML 1.1, and numbers that were texts."""

from collections.abc import Iterator, Set
from dataclasses import replace

from talops.config.keys import BOOLEAN, TEXT, TEXTS, TOP, Keys
from talops.config.scalar import OLD_FALSE, OLD_TRUE, Place, Scalar, canonical, truth
from talops.config.tree import Mapping, Sequence, Tree
from talops.domain.finding import Finding
from talops.files.findings import warning
from talops.files.patchtexts import Patches
from talops.files.sources import Sources

_WORDS = {word for word in OLD_TRUE | OLD_FALSE if len(word) > 1}
_TEXTS_IN_PATCHES = frozenset({"nodeLabels", "nodeAnnotations", "nodeTaints", "sysctls", "sysfs", "env", "labels"})
"""Below these a word is a text to every reader."""
ANYTHING_IN_PATCHES = frozenset({"extraConfig", "configuration", "auditPolicy"})
"""Talos passes on what stands below these, without knowing what it should be."""
_ARGUMENTS = "extraArgs"


def values_of(tree: Tree, level: str, keys: Keys) -> Iterator[tuple[Scalar, str]]:
    """Each value that talhelper reads, and the kind that it wants there."""
    match tree:
        case Scalar():
            yield tree, level
        case Sequence():
            for row in tree.rows:
                yield from values_of(row, level, keys)
        case Mapping() if level == TEXTS:
            for value in tree.entries.values():
                yield from values_of(value, level, keys)
        case Mapping():
            known = keys.levels.get(level, {})
            for key, value in tree.entries.items():
                if key in known:
                    yield from values_of(value, known[key], keys)


def misread(sources: Sources, keys: Keys, replaced: Set[Place]) -> Iterator[Finding]:
    """Of talconfig.yaml. `replaced` are the places of values that hold variables: they are judged as such."""
    for scalar, kind in values_of(sources.top, TOP, keys):
        if scalar.at in replaced:
            continue
        if kind == BOOLEAN and scalar.text in OLD_TRUE | OLD_FALSE:
            meant = str(truth(scalar)).lower()
            what = f"`{scalar.text}` is {meant} to talhelper, and a text to readers of YAML 1.2"
            yield warning("old-boolean", sources.origin(scalar.at), what, f"write {meant}")
        elif kind in {TEXT, TEXTS} and scalar.plain and canonical(scalar) != scalar.text:
            what = f"`{scalar.text}` is no text to talhelper: it writes {canonical(scalar)}"
            yield warning("changed-value", sources.origin(scalar.at), what, f'write it in quotes: "{scalar.text}"')


def misread_in_patches(patches: Patches) -> Iterator[Finding]:
    """Words of YAML 1.1 without quotes."""
    for patch in patches:
        for tree in patch.trees:
            for scalar, below in _words(tree, ()):
                yield _word(scalar.text, below, warning("old-boolean", patch.place(scalar.at), ""))


def _words(tree: Tree, below: tuple[str, ...]) -> Iterator[tuple[Scalar, tuple[str, ...]]]:
    match tree:
        case Scalar() if tree.plain and tree.text in _WORDS:
            yield tree, below
        case Sequence():
            for row in tree.rows:
                yield from _words(row, below)
        case Mapping():
            for key, value in tree.entries.items():
                if key not in _TEXTS_IN_PATCHES:
                    yield from _words(value, (*below, key))


def _word(word: str, below: tuple[str, ...], found: Finding) -> Finding:
    meant = "true" if word in OLD_TRUE else "false"
    if not ANYTHING_IN_PATCHES.isdisjoint(below):
        what = f"`{word}` is a text there, and not {meant}: Talos passes it on as '{word}'"
    elif _ARGUMENTS in below:
        what = f"--{below[-1]}={word} is what the program gets, and it takes that for no bool"
    else:
        what = f"`{word}` is {meant} to Talos where it wants a bool, and a text to readers of YAML 1.2"
    return replace(found, what=what, hint=f"write {meant}, or '{word}' in quotes for a text")
