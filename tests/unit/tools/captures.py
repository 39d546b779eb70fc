"""Captures of real tool runs, taken apart: `# key: value` lines, then parts such as `## stdout` and `## body`."""

from dataclasses import dataclass
from pathlib import Path

from corpus import CORPUS
from talops.domain.process import End, Response, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    facts: dict[str, str]
    parts: dict[str, bytes]

    @property
    def result(self) -> Result:
        code = self.facts["exit"]
        return Result(
            end=End.EXITED if code.isdigit() else End.TIMED_OUT,
            exit=int(code) if code.isdigit() else 0,
            stdout=self.parts["stdout"],
            stderr=self.parts["stderr"],
        )

    @property
    def response(self) -> Response:
        return Response(status=int(self.facts["status"]), body=self.parts["body"])


def capture(path: Path) -> Capture:
    facts: dict[str, str] = {}
    parts: dict[str, list[bytes]] = {}
    current: list[bytes] | None = None
    for line in path.read_bytes().splitlines(keepends=True):
        name = line.strip().removeprefix(b"## ").decode("utf-8", "replace")
        if line.startswith(b"## ") and name in {"stdout", "stderr", "headers", "body"}:
            current = parts.setdefault(name, [])
        elif current is not None:
            current.append(line)
        elif line.startswith(b"# "):
            key, _, value = line[2:].decode("utf-8", "replace").strip().partition(": ")
            facts[key] = value
    return Capture(facts=facts, parts={name: b"".join(lines) for name, lines in parts.items()})


def captures(*folders: str) -> list[Path]:
    """Every capture of these folders, nothing when the corpus is missing: for parametrising at import."""
    return sorted(path for folder in folders for path in CORPUS.joinpath(*folder.split("/")).glob("*.txt"))


def table(*rows: tuple[str, ...]) -> bytes:
    """A table as talosctl prints it: every column padded by three blanks."""
    widths = [max(len(row[column]) for row in rows) + 3 for column in range(len(rows[0]))]
    lines = ("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(lines).encode() + b"\n"
