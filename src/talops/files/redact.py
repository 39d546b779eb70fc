"""Secrets out of texts: what stands under a key that is known for it, and every value that is known to be one.

Both are needed. A key tells a secret that nobody knew before; a value is found wherever it was copied to, inside a
longer text and as Base64, too.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from urllib.parse import quote

from talops.config.compose import explained, yaml_events
from talops.config.environment import SHORTEST
from talops.config.scalar import Scalar, is_null
from talops.config.talenv import read_variables
from talops.config.tree import Mapping, Tree
from talops.config.tree import Sequence as TreeSequence
from talops.errors import FilesInvalid
from talops.files.documents import V1ALPHA1, Area, area_below, trees
from talops.files.secretkeys import HARMLESS, MASK, is_secret, telling, without_lines

_LONG_LINE = 8
"""Lines of a longer value are looked for, too, since YAML indents them anew; shorter ones are braces and the like."""
_SECRET_MANIFEST = re.compile(r"(?m)^[ \t-]*[\"']?kind[\"']?[ \t]*:[ \t]*[\"']?Secret\b|\"kind\"\s*:\s*\"Secret\"")
_TELLING = (
    re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL),
    # the same as Base64
    re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]*"),
    re.compile(r"AGE-SECRET-KEY-1[A-Z0-9]+"),
    re.compile(r"tskey-[A-Za-z0-9_-]+"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?<=jointoken=)[^&\s\"']+"),
)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Texts that must not be shown, longest first."""

    values: tuple[str, ...] = ()

    @staticmethod
    def of(*texts: str) -> "Secrets":
        """Of decrypted talsecret and talenv files every value, of machine configs what stands under a secret's key.

        Raises FilesInvalid for a text that is no YAML.
        """
        return Secrets.among(value for text in texts for value in _values_of(text))

    @staticmethod
    def all_of(*texts: str) -> "Secrets":
        """Every value of files that were encrypted, whatever they are: nobody knows for which of them."""
        return Secrets.among(value for text in texts for value in _all_values_of(text))

    @staticmethod
    def among(values: Iterable[str]) -> "Secrets":
        """These values, and the forms in which they may stand in another text."""
        forms = {form for value in values for form in _forms(value)}
        return Secrets(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def and_of(self, *texts: str) -> "Secrets":
        return self.joined(Secrets.of(*texts))

    def joined(self, other: "Secrets") -> "Secrets":
        forms = {*self.values, *other.values}
        return Secrets(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def hidden(self, text: str) -> str:
        """Without any of the values, and without what tells by its form that it is a key."""
        for form in _TELLING:
            text = form.sub(MASK, text)
        for value in self.values:
            if value in text:
                text = text.replace(value, MASK)
        return text


def _forms(value: str) -> Iterator[str]:
    for text in {value, *(line.strip() for line in value.splitlines() if len(line.strip()) >= _LONG_LINE)}:
        if len(text) < SHORTEST or not text.strip() or HARMLESS.fullmatch(text):
            continue
        yield from {
            text,
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            quote(text, safe="", errors="replace"),
            escape(text),
        }
        encoded = text.encode("utf-8", "surrogateescape")
        for before in range(3):
            # what depends on its neighbours at either end is left out
            found = base64.b64encode(b"\0" * before + encoded)[(before * 8 + 5) // 6 : (before + len(encoded)) * 8 // 6]
            if len(found) >= SHORTEST:
                yield found.decode()
                yield found.translate(_URL).decode()


_URL = bytes.maketrans(b"+/", b"-_")


def _all_values_of(text: str) -> Iterator[str]:
    try:
        for tree in trees(text):
            yield from _scalars(tree)
    except FilesInvalid:
        yield from text.splitlines()


def _values_of(text: str) -> Iterator[str]:
    found = _documents(text)
    if found is None:
        yield from read_variables(text).values.values()
        return
    for label, tree in found:
        if label is None:
            yield from _scalars(tree)
            yield from read_variables(text).values.values()
        else:
            yield from (scalar.text for scalar in _secret_scalars(tree, (label,), Area.TYPED))


def _documents(text: str) -> list[tuple[str | None, Tree]] | None:
    """Its documents, each with its kind, None where it is none of a machine config; None for what is no YAML."""
    try:
        return [(_kind(tree), tree) for tree in trees(text)]
    except FilesInvalid:
        return None


def _kind(tree: Tree) -> str | None:
    if not isinstance(tree, Mapping):
        return None
    kind = tree.get("kind")
    if isinstance(kind, Scalar) and ("apiVersion" in tree.entries or kind.text.endswith("Config")):
        return kind.text
    return V1ALPHA1 if {"machine", "cluster"} & set(tree.entries) and "secrets" not in tree.entries else None


def _scalars(tree: Tree) -> Iterator[str]:
    match tree:
        case Mapping():
            # how sops encrypted it is no secret
            yield from (text for key, row in tree.entries.items() if key != "sops" for text in _scalars(row))
        case TreeSequence():
            yield from (text for row in tree.rows for text in _scalars(row))
        case Scalar() if not is_null(tree):
            yield tree.text


def _secret_scalars(tree: Tree, path: tuple[str, ...], area: Area) -> Iterator[Scalar]:
    """What stands under a secret's key. `path` begins with the kind."""
    match tree:
        case Mapping():
            for key, row in tree.entries.items():
                below = (*path, telling(key, tree.get("name")))
                yield from _secret_scalars(row, below, area_below(area, key, path[-1]))
        case TreeSequence():
            for row in tree.rows:
                yield from _secret_scalars(row, path, area)
        case Scalar() if is_secret(path, tree.text, area):
            yield tree


def hidden_value(path: Sequence[str], text: str, secrets: Secrets, area: Area = Area.TYPED) -> str:
    """One value of a machine config, as it may be shown. `path` as for `is_secret`."""
    if is_secret(path, text, area):
        return MASK
    if path[0] == "ExtensionServiceConfig" and path[-1] == "content":
        # configs of services that are no part of Talos: nobody knows where their passwords stand
        return MASK if text else text
    if path[-1] in {"contents", "content"}:
        return _contents(text, secrets)
    return secrets.hidden(without_lines(text))


@lru_cache(maxsize=128)
def _contents(text: str, secrets: Secrets) -> str:
    """Of a file or a manifest: as YAML or JSON where it is that, and in any case line by line."""
    if _SECRET_MANIFEST.search(text):
        return MASK
    found = _documents(text)
    if found and all(isinstance(tree, Mapping) for _, tree in found):
        text = _without([("", tree) for _, tree in found], text, Area.FREE, secrets)
    return secrets.hidden(without_lines(text))


def redacted(text: str, secrets: Secrets) -> str:
    """A machine config with its comments, and still YAML. Of any other text what is known to be secret goes."""
    found = _documents(text)
    if found is None:
        return secrets.hidden(without_lines(text))
    return secrets.hidden(_without([(kind or "", tree) for kind, tree in found], text, Area.TYPED, secrets))


def _without(found: Sequence[tuple[str, Tree]], text: str, area: Area, secrets: Secrets) -> str:
    instead: dict[tuple[int, int], str] = {}
    for kind, tree in found:
        _note_hidden(tree, (kind,), area, secrets, instead)
    return _spliced(text, instead)


def _note_hidden(
    tree: Tree, path: tuple[str, ...], area: Area, secrets: Secrets, instead: dict[tuple[int, int], str]
) -> None:
    """By line and column, what stands there instead."""
    match tree:
        case Mapping():
            for key, place in tree.keys.items():
                if (hidden := secrets.hidden(key)) != key:
                    instead[place.line, place.column] = hidden
            for key, row in tree.entries.items():
                below = (*path, telling(key, tree.get("name")))
                _note_hidden(row, below, area_below(area, key, path[-1]), secrets, instead)
        case TreeSequence():
            for row in tree.rows:
                _note_hidden(row, path, area, secrets, instead)
        case Scalar():
            hidden = hidden_value(path, tree.text, secrets, area)
            if hidden != tree.text:
                instead[tree.at.line, tree.at.column] = hidden


def _spliced(text: str, instead: dict[tuple[int, int], str]) -> str:
    from ruamel.yaml.events import ScalarEvent

    parts, at = [], 0
    with explained(text, ""):
        for event in yaml_events(text, "") if instead else ():
            if not isinstance(event, ScalarEvent):
                continue
            start, end = event.start_mark, event.end_mark
            hidden = instead.get((start.line + 1, start.column + 1))
            if hidden is not None and start.index >= at:
                parts += [text[at : start.index], _written(hidden, text[start.index : end.index])]
                at = end.index
    return "".join([*parts, text[at:]])


def _written(hidden: str, before: str) -> str:
    """In quotes; what was a block of lines stays one, and ends with its line."""
    header, line_end, block = before.partition("\n")
    first = next((line for line in block.splitlines() if line.strip()), "")
    if header[:1] == "|" and "\n" in hidden.strip("\n") and not hidden[:1].isspace():
        indent = first[: len(first) - len(first.lstrip())]
        lines = [f"{indent}{line}" if line else "" for line in hidden.rstrip("\n").split("\n")]
        return f"{header}{line_end}{line_end.join(lines)}{line_end}"
    return json.dumps(hidden, ensure_ascii=False) + ("\n" if before.endswith("\n") else "")
