"""talenv.yaml: variables, read line by line as talhelper's dotenv parser does, which knows YAML only by resemblance.

A line that it cannot read costs talhelper every variable of that file, without a word (facts, real-tools.md 7). So it
does here, but we say so.
"""

import re
from dataclasses import dataclass, field

NAMES = ("talenv.yaml", "talenv.sops.yaml", "talenv.yml", "talenv.sops.yml")
"""Where talhelper looks, in this order; what a later one says wins."""

_KEY = re.compile(r"(?:export[ \t]+)?(?P<key>[\w. \t]*)[:=]", re.ASCII)
_BLANK = " \t\v\f\r\x85\xa0"
_REFERENCE = re.compile(r"(?P<escaped>\\)?\$\(?\{?(?P<name>[A-Z0-9_]+)?\}?")
_LINE_END = re.compile(r"[\r\n]")
_COMMENT = re.compile(r"[ \t\v\f\x85\xa0]#")
_ESCAPES = {"n": "\n", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Variables:
    """What one file sets. `lost` is the line (1-based) that cost all of them, 0 when there is none."""

    values: dict[str, str] = field(default_factory=dict)
    lost: int = 0


def read_variables(text: str) -> Variables:
    """Read a decrypted or plain talenv file."""
    # in this order: a `---` that ends in CRLF stays, and costs talhelper the file
    source = re.sub(r"(?m)^---\n", "\n", text).replace("\r\n", "\n")
    values: dict[str, str] = {}
    at = 0
    while (start := _statement(source, at)) < len(source):
        key = _KEY.match(source, start)
        if key is None and re.fullmatch(r"[\w. \t]+", source[start:], re.ASCII):
            # the last word of a file, without a line end, is a value of no name
            break
        if key is None:
            return Variables({}, source.count("\n", 0, start) + 1)
        value, at = _value(source, key.end(), values)
        if value is None:
            return Variables({}, source.count("\n", 0, start) + 1)
        values[key.group("key").rstrip()] = value
    return Variables(values)


def _statement(source: str, at: int) -> int:
    """The next thing that is neither space nor comment."""
    while at < len(source):
        if source[at].isspace():
            at += 1
        elif source[at] == "#":
            end = source.find("\n", at)
            at = len(source) if end < 0 else end
        else:
            break
    return at


def _value(source: str, at: int, values: dict[str, str]) -> tuple[str | None, int]:
    """The value that begins there and where it ends. None for quotes that never close."""
    while at < len(source) and source[at] in _BLANK:
        at += 1
    if source[at : at + 1] in {"'", '"'} and source[at]:
        return _quoted(source, at, values)
    line_end = _LINE_END.search(source, at)
    end = line_end.start() if line_end else len(source)
    line = source[at:end]
    # a comment is what follows the last of all ` #`, and is none where the value begins
    comment = max((found.end() - 1 for found in _COMMENT.finditer(line)), default=len(line))
    return _expand(line[:comment].strip(_BLANK), values), end


def _quoted(source: str, at: int, values: dict[str, str]) -> tuple[str | None, int]:
    quote = source[at]
    end = at + 1
    while end < len(source) and (source[end] != quote or source[end - 1] == "\\"):
        end += 1
    if end >= len(source):
        return None, end
    inside = source[at:end].strip(quote)
    if quote == '"':
        inside = re.sub(r"\\([^$])", lambda m: _ESCAPES.get(m.group(1), m.group(1)), inside)
        inside = _expand(inside, values)
    return inside, end + 1


def _expand(text: str, values: dict[str, str]) -> str:
    """`$NAME` of an earlier key of the same file, capitals only; what is not there becomes empty."""

    def value(found: re.Match[str]) -> str:
        if found.group("escaped"):
            return found.group(0)[1:]
        name = found.group("name")
        return values.get(name, "") if name else found.group(0)

    return _REFERENCE.sub(value, text)
