"""Image Factory schematics: their ID, computed offline from what talconfig.yaml says.

The ID is the SHA-256 of the schematic as Go's yaml.v4 writes it, field by field in the order of its struct (facts,
talos.md 5). Fields that the struct does not have are dropped, as talhelper drops them.
"""

import hashlib
from collections.abc import Iterator
from functools import cmp_to_key

from talops.config.goyaml import NOT_A_TEXT, order, written, written_key
from talops.config.scalar import Place, Scalar, canonical, fail, is_null, number
from talops.config.tree import Mapping, Sequence, Tree, bool_of, mapping_of, sequence_of, text_of, texts_of

EMPTY = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"

_INDENT = "    "
_BOOTLOADERS = ("none", "sd-boot", "grub", "dual-boot")


def schematic_id(schematic: Mapping) -> str:
    """64 hex digits. Raises FilesInvalid when a field has the wrong kind."""
    return hashlib.sha256(schematic_text(schematic).encode()).hexdigest()


def schematic_text(schematic: Mapping) -> str:
    """What is hashed: the schematic as the Image Factory writes it. Raises FilesInvalid for a wrong field."""
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
    yield from _texts(schematic, "owner")
    overlay = mapping_of(schematic.get("overlay"), "overlay")
    if overlay is not None:
        yield from _overlay(overlay)
    inside = list(_customization(mapping_of(schematic.get("customization"), "customization")))
    yield from _block("customization", inside) if inside else ("customization: {}",)


def _overlay(overlay: Mapping) -> Iterator[str]:
    """Left out when it says nothing; else its image and its name are written even when they are empty."""
    named = [(key, text_of(overlay.get(key), key), overlay.place_of(key)) for key in ("image", "name")]
    options = list(_options(overlay))
    if options or any(value for _, value, _ in named):
        lines = [line for key, value, at in named for line in _entry(key, value, at)]
        yield from _block("overlay", [*lines, *options])


def _customization(found: Mapping | None) -> Iterator[str]:
    if found is None:
        return
    yield from _texts(found, "embeddedMachineConfiguration")
    yield from _list("extraKernelArgs", found.get("extraKernelArgs"))
    yield from _meta(found.get("meta"))
    extensions = list(_list("officialExtensions", _inside(found, "systemExtensions", "officialExtensions")))
    if extensions:
        yield from _block("systemExtensions", extensions)
    yield from _bootloader(found)
    if bool_of(_inside(found, "secureboot", "includeWellKnownCertificates"), "includeWellKnownCertificates"):
        yield from _block("secureboot", ["includeWellKnownCertificates: true"])


def _bootloader(found: Mapping) -> Iterator[str]:
    name = text_of(found.get("bootloader"), "bootloader")
    if found.get("bootloader") is not None and name not in _BOOTLOADERS:
        fail(found.entries["bootloader"].at, f"there is no bootloader `{name}`", f"known: {', '.join(_BOOTLOADERS)}")
    if name != "none":
        yield from _texts(found, "bootloader")


def _texts(mapping: Mapping, *keys: str) -> Iterator[str]:
    for key in keys:
        value = text_of(mapping.get(key), key)
        if value:
            yield from _entry(key, value, mapping.entries[key].at)


def _entry(key: str, value: str, at: Place, indent: str = _INDENT) -> Iterator[str]:
    """`key: value`; a text of several lines as a literal block, `indent` deeper than its key."""
    first, *rest = written(value, at)
    yield f"{key}: {first}"
    yield from (f"{indent}{line}" if line else "" for line in rest)


def _row(value: str, at: Place) -> Iterator[str]:
    first, *rest = written(value, at)
    yield f"- {first}"
    yield from (f"  {line}" if line else "" for line in rest)


def _meta(found: Tree | None) -> Iterator[str]:
    rows = [mapping_of(row, "a row of meta") for row in sequence_of(found, "meta")]
    if rows:
        yield "meta:"
    for row in (row for row in rows if row is not None):
        yield f"{_INDENT}- key: {_meta_key(row)}"
        value = row.get("value")
        # Go indents by whole fours, and the value stands two beside one
        lines = _entry("value", text_of(value, "value"), value.at if value is not None else row.at, "  ")
        yield from (f"{_INDENT}  {line}" if line else "" for line in lines)


def _meta_key(row: Mapping) -> int:
    key = row.get("key")
    if key is None:
        return 0
    meant = number(key) if isinstance(key, Scalar) else None
    if meant is None or not float(meant).is_integer() or not 0 <= meant < 256:
        fail(key.at, "a meta key must be a number from 0 to 255", "such as 0xc, the key of the network configuration")
    return int(meant)


def _options(overlay: Mapping) -> Iterator[str]:
    """A map of anything: Go writes its keys sorted."""
    options = mapping_of(overlay.get("options"), "options")
    if options is not None and options.entries:
        yield from _block("options", list(_anything(options)))


def _anything(tree: Tree) -> Iterator[str]:
    match tree:
        case Mapping():
            for key in sorted(tree.entries, key=cmp_to_key(order)):
                yield from _option(written_key(key, tree.place_of(key)), tree.entries[key])
        case Sequence():
            for row in tree.rows:
                first, *rest = list(_anything(row)) or [_empty(row)]
                yield f"- {first}"
                yield from (f"  {line}" if line else "" for line in rest)
        case Scalar():
            yield from _as_written(tree)


def _option(key: str, value: Tree) -> Iterator[str]:
    if isinstance(value, Scalar):
        first, *rest = _as_written(value)
        yield f"{key}: {first}"
        yield from (f"{_INDENT}{line}" if line else "" for line in rest)
    else:
        inside = list(_anything(value))
        yield from _block(key, inside) if inside else (f"{key}: {_empty(value)}",)


def _empty(tree: Tree) -> str:
    return "[]" if isinstance(tree, Sequence) else "{}"


def _as_written(scalar: Scalar) -> list[str]:
    if scalar.plain and NOT_A_TEXT.fullmatch(scalar.text):
        if is_null(scalar):
            return ["null"]
        if number(scalar) is not None or scalar.text.lower() in {"true", "false"}:
            return [canonical(scalar)]
    return written(scalar.text, scalar.at)


def _block(key: str, inside: list[str]) -> Iterator[str]:
    yield f"{key}:"
    yield from (f"{_INDENT}{line}" if line else "" for line in inside)


def _list(key: str, found: Tree | None) -> Iterator[str]:
    values = texts_of(found, key)
    if found is not None and values:
        yield from _block(key, [line for value in values for line in _row(value, found.at)])
