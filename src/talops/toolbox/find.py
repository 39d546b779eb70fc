"""Which program each tool is: PATH's if that is the locked version, else the store's. Without a lock file, PATH's."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path

from talops.domain.talos import Version
from talops.domain.tool import Missing, Origin, Platform, Program
from talops.errors import ToolMissing
from talops.toolbox.lock import LOCK, Lock, read_lock
from talops.toolbox.store import Store
from talops.toolbox.versions import KnownVersions, ask
from talops.tools.programs import how_to_get, installed, not_installed
from talops.tools.sops import with_own_key

INIT = "talops init"
RELEASE_OF = {"age-keygen": "age"}
"""Programs that come in another tool's release."""


class Programs:
    """The programs of one repository. Each is looked for when it is first wanted, and then stays the same one."""

    def __init__(
        self,
        lock: Callable[[], Lock | None],
        store: Store,
        environ: Mapping[str, str],
        ask: Callable[[str, str], Version | None],
    ) -> None:
        self._read = lock
        self._store = store
        self.environ = environ
        """What the programs shall see."""
        self._versions = KnownVersions(environ, ask)
        self._platform = Platform.here()
        self._found: dict[tuple[str, Version | None], Program | Missing] = {}

    @cached_property
    def lock(self) -> Lock | None:
        """Read when the first tool is wanted: most commands can do without. Raises FilesInvalid."""
        return self._read()

    def find(self, name: str) -> Program | Missing:
        """The one that commands use: of the newest version that is locked. Raises FilesInvalid for a broken lock."""
        return self._once(name, next(iter(self._locked(name)), None))

    def path(self, name: str) -> str:
        """Raises ToolMissing."""
        found = self.find(name)
        if isinstance(found, Missing):
            raise ToolMissing(found.why, hint=found.hint)
        return found.path

    def all_of(self, name: str) -> tuple[Program | Missing, ...]:
        """Of every locked version, the newest first; the one of `find` where nothing is locked."""
        return tuple(self._once(name, version) for version in self._locked(name)) or (self.find(name),)

    def talosctls(self) -> tuple[tuple[Version, str], ...]:
        """Every locked one that is here, the newest first: a node is changed with the one of its own release."""
        there = [program for program in self.all_of("talosctl") if isinstance(program, Program)]
        return tuple((program.version, program.path) for program in there if program.version is not None)

    def version(self, program: Program) -> Version | None:
        """What the program itself says, asked at most once."""
        return program.version or self._versions.of(program.name, program.path)

    def _locked(self, name: str) -> tuple[Version, ...]:
        return self.lock.versions(RELEASE_OF.get(name, name)) if self.lock is not None else ()

    def _once(self, name: str, wanted: Version | None) -> Program | Missing:
        if (name, wanted) not in self._found:
            self._found[name, wanted] = self._any(name) if wanted is None else self._of_version(name, wanted)
        return self._found[name, wanted]

    def _any(self, name: str) -> Program | Missing:
        for origin, path in self._installed_elsewhere(name):
            return Program(name=name, path=path, origin=origin)
        return Missing(name=name, why=not_installed(name), hint=how_to_get(name))

    def _of_version(self, name: str, wanted: Version) -> Program | Missing:
        others = []
        for origin, path in self._installed_elsewhere(name):
            version = self._versions.of(name, path)
            if version == wanted:
                return Program(name=name, path=path, origin=origin, version=version, wanted=wanted)
            others.append(f"{path} is {version or 'of a version that it does not say'}")
        stored = self._stored(name, wanted)
        if stored is not None:
            return Program(name=name, path=str(stored), origin=Origin.STORE, version=wanted, wanted=wanted)
        but = f" ({'; '.join(others)})" if others else ""
        return Missing(
            name=name, why=f"{name} {wanted}, which {LOCK} names, is not installed{but}", hint=INIT, wanted=wanted
        )

    def _stored(self, name: str, wanted: Version) -> Path | None:
        release = RELEASE_OF.get(name, name)
        asset = self.lock.asset(release, wanted, self._platform) if self.lock is not None else None
        return self._store.installed(release, wanted, self._platform, asset, name) if asset is not None else None

    def _installed_elsewhere(self, name: str) -> Iterator[tuple[Origin, str]]:
        return installed(name, self.environ.get("PATH", ""))


def programs(repo: Path, environ: Mapping[str, str]) -> Programs:
    """Runs nothing, until one must be asked its version.

    What they see of `environ` names the repository's own age key where no other is named.
    """
    environ = with_own_key(repo, environ)
    return Programs(lambda: read_lock(repo), Store.of(environ), environ, _asked)


def _asked(name: str, path: str) -> Version | None:
    from talops.tools.runner import ShRunner

    runner = ShRunner()
    try:
        return ask(runner, name, path)
    finally:
        runner.close()
