"""Texts as Go's yaml.v4 writes them: that is what the ID of a schematic is the hash of (measured with talhelper)."""

import re

from talops.config.scalar import Place, fail

LONGEST_KEY = 128
BY_ID = "ask the factory for its ID, and set talosImageURL: factory.talos.dev/metal-installer/<ID>"
NOT_A_TEXT = re.compile(
    r"~|null|Null|NULL|true|True|TRUE|false|False|FALSE|y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF"
    r"|[-+]?[0-9][0-9_]*|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"
)

_STRANGE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Go escapes them in double quotes, or breaks lines there."""
_OLD = re.compile(r"y|Y|yes|Yes|YES|on|On|ON|n|N|no|No|NO|off|Off|OFF|<<|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
"""Bools and numbers of YAML 1.1: Go quotes them with one quote, those of today with two."""
_PLAIN = re.compile(r"(?:[^\s\-?:,\[\]{}#&*!|>'\"%@`]|[\-?:](?=\S))(?:[^\n:#]|:(?=\S)|(?<=\S)#)*")


def written(value: str, at: Place) -> list[str]:
    """Plain where it can be, quoted where it would be read as something else.

    More than one line for a literal block, whose lines are not yet indented.
    """
    if _STRANGE.search(value) or value.startswith("\n"):
        # talhelper itself loses a first line that is empty
        fail(at, "talops cannot compute the ID of a schematic with such a text", BY_ID)
    if _OLD.fullmatch(value):
        return [f"'{value}'"]
    if not value or NOT_A_TEXT.fullmatch(value):
        return [f'"{value}"']
    if "\n" in value and not (" \n" in value or value.endswith(" ") or value.isspace()):
        return _literal(value)
    if "\n" in value or "\t" in value:
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n")
        return [f'"{escaped}"']
    plain = _PLAIN.fullmatch(value) and not value.endswith((" ", ":")) and not value.startswith(("---", "..."))
    return [value if plain else "'" + value.replace("'", "''") + "'"]


def written_key(key: str, at: Place) -> str:
    if len(key) > LONGEST_KEY or "\n" in key:
        fail(at, "talops cannot compute the ID of a schematic with such a long key", BY_ID)
    return written(key, at)[0]


def _literal(value: str) -> list[str]:
    """`|`, a 4 where the text itself begins with a space, and what becomes of the last line ends."""
    chomping = "-"
    if value.endswith("\n"):
        chomping = "+" if value.endswith("\n\n") else ""
    return [f"|{'4' if value.startswith(' ') else ''}{chomping}", *value.removesuffix("\n").split("\n")]


def order(one: str, other: str) -> int:
    """How Go sorts keys: negative when `one` comes first. Numbers inside count as numbers: `a9` before `a10`."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)
    if at < 0:
        return len(one) - len(other)
    a, b = one[at], other[at]
    if a.isalpha() and b.isalpha():
        return ord(a) - ord(b)
    if a.isalpha() or b.isalpha():
        after_a_digit = at > 0 and one[at - 1].isdecimal()
        return -1 if a.isalpha() == after_a_digit else 1
    mine, its = _digits(one[at:]), _digits(other[at:])
    if "0" in {a, b} and one[:at][-1:].isdecimal() and _digits(one[:at][::-1]).strip("0"):
        # inside a number that began before: its digits count, even zeros
        mine, its = f"1{mine}", f"1{its}"
    return int(mine or 0) - int(its or 0) or len(mine) - len(its) or ord(a) - ord(b)


def _digits(text: str) -> str:
    found = re.match(r"[0-9]*", text)
    return found.group(0) if found else ""
