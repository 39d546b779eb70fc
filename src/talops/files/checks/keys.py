"""Keys that talhelper does not know. It ignores them without a word, and so what they say is lost."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from talops.config.compose import MERGE
from talops.config.keys import NODE, ROLE, TOP, Keys
from talops.config.problems import is_node
from talops.config.scalar import Place
from talops.config.tree import Mapping, Sequence, Tree
from talops.config.unknown import CLOSE
from talops.domain.finding import Finding
from talops.files.findings import warning
from talops.files.sources import Sources

DEPRECATED_KEY = "deprecated-key"
_IMAGES = "`controlPlane.talosImageURL` and `worker.talosImageURL`, or that of a node"
OBSOLETE = {
    (TOP, "talosImageURL"): f"write {_IMAGES}, without a version",
    (TOP, "configPatches"): "write them as texts into `patches`",
    (TOP, "inlinePatch"): "write it as a text into `patches`",
    (TOP, "encryptedPatches"): "name the file in `patches`: an @file is decrypted by itself",
    (ROLE, "configPatches"): "write them as texts into `patches`",
    (ROLE, "inlinePatch"): "write it as a text into `patches`",
    (ROLE, "encryptedPatches"): "name the file in `patches`: an @file is decrypted by itself",
    (ROLE, "extensions"): "write `schematic`, with `customization.systemExtensions.officialExtensions`",
    (ROLE, "isoSchematic"): "write `imageSchematic`",
}
"""Keys that talhelpers before 3 knew, and what replaced them (its git history)."""
DEPRECATED = {
    (TOP, "allowSchedulingOnMasters"): "write `allowSchedulingOnControlPlanes`",
    (TOP, "additionalMachineCertSans"): "write `certSANs` of `controlPlane`, `worker` or a node",
    (ROLE, "extraManifests"): "write `patches`",
    (ROLE, "machineDisks"): "write `userVolumes`",
}
"""Keys that talhelper still reads, and tells not to write any more."""


def unknown_keys(sources: Sources, keys: Keys) -> Iterator[Finding]:
    """What talhelper ignores. What is wrong in many places is told once, with the first of them."""
    return (found for found in _odd_keys(sources, keys) if found.rule != DEPRECATED_KEY)


def deprecated_keys(sources: Sources, keys: Keys) -> Iterator[Finding]:
    """What talhelper still reads."""
    return (found for found in _odd_keys(sources, keys) if found.rule == DEPRECATED_KEY)


def _odd_keys(sources: Sources, keys: Keys) -> Iterator[Finding]:
    found: dict[tuple[str, str, str], dict[Place, None]] = {}
    for level, mapping, key in _odd(sources.top, TOP, keys):
        found.setdefault(_told(level, key, keys), {})[_place(mapping, key)] = None
    for (rule, what, hint), places in found.items():
        first, *others = places
        more = f" (and {len(others)} more)" if others else ""
        yield warning(rule, sources.origin(first), f"{what}{more}", hint)


def _odd(tree: Tree, level: str, keys: Keys) -> Iterator[tuple[str, Mapping, str]]:
    match tree:
        case Sequence():
            for row in tree.rows:
                yield from _odd(row, level, keys)
        case Mapping() if level in keys.levels and (level != NODE or is_node(tree)):
            known = keys.levels[level]
            for key, value in tree.entries.items():
                if key in known:
                    if (_general(level), key) in DEPRECATED:
                        yield level, tree, key
                    yield from _odd(value, known[key], keys)
                elif key != MERGE and not key.startswith("x-"):
                    yield level, tree, key


def _general(level: str) -> str:
    return ROLE if level == NODE else level


def _place(mapping: Mapping, key: str) -> Place:
    """A merged key stands where its anchor is, and only the place of its value is known there."""
    return mapping.keys.get(key, mapping.entries[key].at)


def _told(level: str, key: str, keys: Keys) -> tuple[str, str, str]:
    """Rule, what, hint."""
    known, home = keys.levels[level], keys.home(key)
    place = (_general(level), key)
    if place in DEPRECATED:
        return DEPRECATED_KEY, f"`{key}` is deprecated, though talhelper still reads it", DEPRECATED[place]
    if place in OBSOLETE:
        return "obsolete-key", f"`{key}` is obsolete, and talhelper ignores it", OBSOLETE[place]
    if (level, key) == (TOP, "sops"):
        hint = "decrypt it in place, and keep secrets in talenv.sops.yaml"
        return "unknown-key", "sops was here, and talhelper does not decrypt talconfig.yaml", hint
    close = _close(key, known)
    if close and close.lower() == key.lower():
        return "unknown-key", f"talhelper does not know `{key}` and ignores it", f"did you mean `{close}`?"
    if home:
        return "misplaced-key", f"talhelper does not know `{key}` here and ignores it", f"it belongs to {home}"
    hint = f"did you mean `{close}`?" if close else "remove it, or write what this talhelper knows instead"
    return "unknown-key", f"talhelper does not know `{key}` and ignores it", hint


def _close(key: str, known: Iterable[str]) -> str:
    names = {name.lower(): name for name in sorted(known)}
    close = get_close_matches(key.lower(), names, n=1, cutoff=CLOSE)
    return names[close[0]] if close else ""
