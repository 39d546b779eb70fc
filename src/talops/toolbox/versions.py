"""Which version a program is. It is asked once and remembered in the user's cache, as long as the file is the same."""

import contextlib
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from talops.domain.process import Runner
from talops.domain.talos import Version
from talops.toolbox.store import fingerprint
from talops.tools.calls import program_version
from talops.tools.homes import expanded

_SAID = re.compile(r"(?<![\w.])v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)")
_NATIVE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""How programs of Linux and of macOS begin."""


def said_version(output: bytes) -> Version | None:
    """The first version in what a program printed, whatever stands around it. kubectl names Go's own after its own."""
    found = _SAID.search(output.decode("utf-8", "replace"))
    with contextlib.suppress(ValueError):
        return Version.parse(found[1]) if found else None
    return None


def ask(runner: Runner, name: str, path: str) -> Version | None:
    """Run it. None when it cannot be run, or says no version."""
    (result,) = runner.gather((program_version(name, path),))
    return said_version(result.stdout) if result.ok else None


class KnownVersions:
    """Remembers what `ask` has answered, from run to run."""

    def __init__(self, environ: Mapping[str, str], ask: Callable[[str, str], Version | None]) -> None:
        home = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or expanded("~")) / ".cache"
        self._file = Path(home) / "talops" / "versions.json"
        self._ask = ask
        self._known: dict[str, list[str]] | None = None

    def of(self, name: str, path: str) -> Version | None:
        """Of the program at `path`."""
        try:
            print_ = fingerprint(Path(path))
        except OSError:
            return None
        known = self._remembered().get(path)
        if known is not None and known[0] == print_:
            return Version.parse(known[1])
        version = self._ask(name, path)
        if version is not None and _speaks_for_itself(name, path):
            self._remember(path, [print_, str(version.core)])
        return version

    def _remembered(self) -> dict[str, list[str]]:
        if self._known is None:
            self._known = {}
            with contextlib.suppress(OSError, ValueError, AttributeError):
                found = json.loads(self._file.read_text("utf-8"))
                self._known = {path: entry for path, entry in found.items() if _is_entry(entry)}
        return self._known

    def _remember(self, path: str, entry: list[str]) -> None:
        import tempfile

        self._known = None
        known = {kept: one for kept, one in self._remembered().items() if Path(kept).exists()} | {path: entry}
        self._known = known
        # what cannot be remembered is asked again
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor, part = tempfile.mkstemp(dir=self._file.parent)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(known, file, indent=1, sort_keys=True)
            Path(part).replace(self._file)


def _is_entry(entry: object) -> bool:
    match entry:
        case [str(), str(text)]:
            return _SAID.fullmatch(text) is not None
    return False


def _speaks_for_itself(name: str, path: str) -> bool:
    """A script, or the shim of a version manager (mise, asdf), runs another program tomorrow: it is asked each time."""
    real = Path(path).resolve()
    try:
        with real.open("rb") as file:
            return real.name.startswith(name) and file.read(4) in _NATIVE
    except OSError:
        return False
