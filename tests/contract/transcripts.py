"""What talosctl says, with everything taken out that differs from run to run; and the tables that it draws."""

import re
from collections.abc import Sequence

from captures import Capture, capture

from corpus import corpus

ADDRESS = re.compile(r"\b(?:127|10)\.\d+\.\d+\.\d+\b")
_PLAIN = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b(?:ghcr\.io|factory\.talos\.dev)/\S+:v[\d.]+"), "IMAGE"),
    (re.compile(r"\bv?\d+\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"connect: (connection refused|no route to host)"), "connect: WHY"),
    (re.compile(r"(?i)(exit code:?) \d+"), r"\1 N"),
)
_RETRY = "unavailable, retrying..."


def talosctl_capture(name: str, version: str = "v1.13.0") -> Capture:
    return capture(corpus("outputs-real", f"talosctl-{version}") / f"{name}.txt")


def kubectl_capture(name: str) -> Capture:
    """With the blank line taken off that the capture puts after each part."""
    return capture(corpus("outputs-real", "kubectl-1.36.3") / f"{name}.txt")


def http_capture(name: str) -> Capture:
    return capture(corpus("outputs-real", "apiserver-1.36.3-http") / f"{name}.txt")


def plain(text: bytes) -> str:
    """Without addresses, versions and identifiers. The nodes become NODE1, NODE2, in order of their appearance."""
    nodes: dict[str, str] = {}
    words = ADDRESS.sub(lambda found: nodes.setdefault(found[0], f"NODE{len(nodes) + 1}"), text.decode())
    for pattern, instead in _PLAIN:
        words = pattern.sub(instead, words)
    return words


def narrated(stderr: bytes, *, without: Sequence[str] = ()) -> list[str]:
    """The lines of an upgrade. Retries, one a second, count once; lines that contain one of `without` do not."""
    lines: list[str] = []
    for line in plain(stderr).splitlines():
        repeated = bool(lines) and _RETRY in line and lines[-1] == line
        if not repeated and not any(word in line for word in without):
            lines.append(line)
    return lines


def words_of(found: Capture) -> tuple[str, ...]:
    """The command of a capture, without talosctl's global flags."""
    words = found.facts["argv"].split()[1:]
    while words and words[0].startswith("-"):
        words = words[2:]
    return tuple(words)


def table(stdout: bytes) -> list[list[str]]:
    """The cells of a table. Raises ValueError unless every column is as wide as its widest cell and three blanks."""
    lines = stdout.decode().splitlines()
    starts = [0, *(found.end() for found in re.finditer(r"\s{3,}(?=\S)", lines[0]))]
    ends = [*starts[1:], None]
    rows = [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines]
    widths = [max(map(len, column)) + 3 for column in zip(*rows, strict=True)]
    drawn = [
        "".join(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)) + row[-1] for row in rows
    ]
    if "".join(f"{line}\n" for line in drawn).encode() != stdout:
        raise ValueError("not drawn as talosctl draws its tables")
    return rows


def sort_of(cell: str) -> str:
    """What a cell holds, by its look."""
    for name, pattern in _SORTS:
        if re.fullmatch(pattern, cell):
            return name
    return "word"


_SORTS = (
    ("nothing", r""),
    ("member", r"[0-9a-f]{16}"),
    ("node", ADDRESS.pattern),
    ("flag", r"true|false"),
    ("number", r"\d+"),
    ("version", r"\d+\.\d+\.\d+"),
    ("size", r"[\d.]+ [kMG]?B( \([\d.]+%\))?"),
    ("url", r"https://\S+:\d+"),
)
