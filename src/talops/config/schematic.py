"""Image Factory schematics: their ID, computed offline from what talconfig.yaml says.

The ID is the SHA-256 of the schematic as Go's yaml.v3 writes it, field by field in the order of its struct (facts,
talos.md 5). Fields that the struct does not have are dropped, as talhelper drops them.
"""

import hashlib
import re
from collections.abc import Iterator

from talops.config.tree import Mapping, Scalar, Sequence, Tree, bool_of, mapping_of, number, text_of, texts_of

EMPTY = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"

_INDENT = "    "
_NOT_A_TEXT = re.compile(
    r"~|null|Null|NULL|true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF"
    r"|[-+]?[0-9][0-9_]*|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|=|<<|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
)
_PLAIN = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[\-?:](?=\S))(?:[^\n:#]|:(?=\S)|(?<=\S)#)*")


def schematic_id(schematic: Mapping) -> str:
    """64 hex digits. Raises FilesInvalid when a field has the wrong kind."""
    return hashlib.sha256(schematic_text(schematic).encode()).hexdigest()


def schematic_text(schematic: Mapping) -> str:
    """What is hashed: the schematic as the Image Factory writes it. Raises FilesInvalid when a field is of a wrong kind."""
    return "".join(f"{line}\n" for line in _lines(schematic))


def extensions_of(schematic: Mapping) -> tuple[str, ...]:
    """The official extensions that it asks for, in its order."""
    customization = mapping_of(schematic.get("customization"), "customization")
    return texts_of(_inside(customization, "systemExtensions", "officialExtensions"), "officialExtensions")


def _inside(mapping: Mapping | None, *path: str) -> Tree | None:
    for key in path[:-1]:
        mapping = mapping_of(mapping.get(key), key) if mapping is not None else None
    return mapping.get(path[-1]) if mapping is not None else None


def _lines(schematic: Mapping) -> Iterator[str]:
    owner = text_of(schematic.get("owner"), "owner")
    if owner:
        yield f"owner: {_scalar(owner)}"
    overlay = mapping_of(schematic.get("overlay"), "overlay")
    if overlay is not None and overlay.entries:
        yield from _block("overlay", [*_texts(overlay, "image", "name"), *_options(overlay)])
    inside = list(_customization(mapping_of(schematic.get("customization"), "customization")))
    yield from _block("customization", inside) if inside else ("customization: {}",)


def _customization(found: Mapping | None) -> Iterator[str]:
    if found is None:
        return
    yield from _literal("embeddedMachineConfiguration", text_of(found.get("embeddedMachineConfiguration"), "text"))
    yield from _list("extraKernelArgs", texts_of(found.get("extraKernelArgs"), "extraKernelArgs"))
    yield from _meta(found.get("meta"))
    extensions = texts_of(_inside(found, "systemExtensions", "officialExtensions"), "officialExtensions")
    if extensions:
        yield from _block("systemExtensions", list(_list("officialExtensions", extensions)))
    yield from _texts(found, "bootloader")
    if bool_of(_inside(found, "secureboot", "includeWellKnownCertificates"), "includeWellKnownCertificates"):
        yield from _block("secureboot", ["includeWellKnownCertificates: true"])


def _texts(mapping: Mapping, *keys: str) -> Iterator[str]:
    for key in keys:
        value = text_of(mapping.get(key), key)
        if value:
            yield f"{key}: {_scalar(value)}"


def _literal(key: str, value: str) -> Iterator[str]:
    if not value:
        return
    if "\n" not in value:
        yield f"{key}: {_scalar(value)}"
        return
    yield f"{key}: |{'' if value.endswith(chr(10)) else '-'}"
    yield from (f"{_INDENT}{line}" if line else "" for line in value.removesuffix("\n").split("\n"))


def _meta(found: Tree | None) -> Iterator[str]:
    rows = [row for row in (found.rows if isinstance(found, Sequence) else ()) if isinstance(row, Mapping)]
    if rows:
        yield "meta:"
    for row in rows:
        key = row.get("key")
        meant = number(key) if isinstance(key, Scalar) else None
        value = list(_literal("value", text_of(row.get("value"), "value"))) or ['value: ""']
        yield f"{_INDENT}- key: {int(meant or 0)}"
        yield from (f"{_INDENT}  {line}" if line else "" for line in value)


def _options(overlay: Mapping) -> Iterator[str]:
    """A map of anything: Go writes its keys sorted."""
    options = mapping_of(overlay.get("options"), "options")
    if options is not None and options.entries:
        yield from _block("options", list(_anything(options)))


def _anything(tree: Tree) -> Iterator[str]:
    match tree:
        case Mapping():
            for key in sorted(tree.entries):
                value = tree.entries[key]
                if isinstance(value, Scalar):
                    yield f"{_scalar(key)}: {_as_written(value)}"
                else:
                    inside = list(_anything(value))
                    yield from _block(_scalar(key), inside) if inside else (f"{_scalar(key)}: {_empty(value)}",)
        case Sequence():
            for row in tree.rows:
                first, *rest = list(_anything(row)) or [_empty(row)]
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
        case Scalar():
            yield _as_written(tree)


def _empty(tree: Tree) -> str:
    return "[]" if isinstance(tree, Sequence) else "{}"


def _as_written(scalar: Scalar) -> str:
    if scalar.plain and _NOT_A_TEXT.fullmatch(scalar.text):
        meant = number(scalar)
        return scalar.text.lower() if meant is None else text_of(scalar, "option")
    return _scalar(scalar.text)


def _block(key: str, inside: list[str]) -> Iterator[str]:
    yield f"{key}:"
    yield from (f"{_INDENT}{line}" if line else "" for line in inside)


def _list(key: str, values: tuple[str, ...]) -> Iterator[str]:
    if values:
        yield from _block(key, [f"- {_scalar(value)}" for value in values])


def _scalar(value: str) -> str:
    """As yaml.v3 writes a string: plain where it can, in double quotes where it would be read as something else."""
    if not value or _NOT_A_TEXT.fullmatch(value):
        return f'"{value}"'
    if _PLAIN.fullmatch(value) and not value.endswith((" ", ":")) and not value.startswith(("--- ", "... ")):
        return value
    return "'" + value.replace("'", "''") + "'"
