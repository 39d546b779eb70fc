"""Private copies of talosconfig and kubeconfig for one run, so that a `kubectx` elsewhere changes nothing."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from talops.domain.process import End, Result, Runner
from talops.domain.talos import Unknown
from talops.errors import FilesInvalid, ToolFailed
from talops.tools.answers import why
from talops.tools.calls import Kubectl, Talosctl
from talops.tools.homes import expanded
from talops.tools.programs import missing
from talops.tools.talosctl import ConfigInfo, config_info

_SOCKET_PATH_LIMIT = 60
"""A Unix socket's path has room for about 104 bytes; our folder and file names take the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedTalos:
    """`source` is the file that was copied, for the operator to read."""

    talosctl: Talosctl
    source: Path
    info: ConfigInfo


@contextmanager
def private_folder(environment: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A folder of our own (0700), gone at the end; in memory where the system offers that. Raises ToolFailed."""
    runtime = (os.environ if environment is None else environment).get("XDG_RUNTIME_DIR", "")
    places = [place for place in (runtime, _temporary(), "/tmp") if _has_room(place)]  # noqa: S108
    try:
        folder = Path(tempfile.mkdtemp(prefix="talops-", dir=places[0] if places else None))
    except OSError as error:
        raise ToolFailed(
            f"there is no place for a private folder: {error.strerror}", hint="export TMPDIR=/a/folder/of/yours"
        ) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _temporary() -> str:
    """Empty when there is no folder for temporary files at all."""
    try:
        return tempfile.gettempdir()
    except FileNotFoundError:
        return ""


def _has_room(place: str) -> bool:
    return 0 < len(place) < _SOCKET_PATH_LIMIT and os.access(place, os.W_OK | os.X_OK)


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only we can read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def find_kubeconfig(given: str) -> str:
    """What --kubeconfig names; empty when kubectl shall look by itself. Raises FilesInvalid when it is no file."""
    if given and not _is_file(expanded(given)):
        raise FilesInvalid(f"--kubeconfig names {given}, which is not a file", hint=_KUBECONFIG_HINT)
    return str(expanded(given)) if given else ""


def pin_kubeconfig(runner: Runner, kubectl: Kubectl, folder: Path) -> Kubectl:
    """Copy the one context that kubectl would use, with everything it refers to. Raises ToolMissing, ToolFailed."""
    (result,) = runner.gather((kubectl.config_view(),))
    if result.end is End.NOT_FOUND:
        raise missing("kubectl", result)
    if not result.ok or not result.stdout.strip():
        raise ToolFailed(f"there is no usable kubeconfig: {_why_not(result)}", hint=_KUBECONFIG_HINT)
    path = folder / "kubeconfig"
    write_private(path, result.stdout)
    return Kubectl(path=kubectl.path, kubeconfig=str(path))


_KUBECONFIG_HINT = (
    "`kubectl config get-contexts` shows what there is; name one with --kubeconfig and --kube-context, or let "
    "`talops kubeconfig` get it from a control plane"
)


def _why_not(result: Result) -> str:
    # stderr is no secret: credentials are on stdout
    said = result.stderr.decode("utf-8", "replace").strip().splitlines()
    why_not = said[-1].removeprefix("error: ") if said else result.end.value
    if "current-context must exist" in why_not:
        return "kubectl finds none, or one that names no current context"
    return why_not


def find_talosconfig(given: str, repository: Path, environment: Mapping[str, str] | None = None) -> Path:
    """The talosconfig to use: --talosconfig, $TALOSCONFIG, the one that talhelper generated, then talosctl's own.

    Raises FilesInvalid when there is none.
    """
    variables = os.environ if environment is None else environment
    named = given or variables.get("TALOSCONFIG", "")
    if named:
        path = expanded(named)
        if not _is_file(path):
            by = "--talosconfig" if given else "$TALOSCONFIG"
            raise FilesInvalid(f"{by} names {named}, which is not a file", hint=_TALOSCONFIG_HINT)
        return path
    home = Path(variables.get("TALOS_HOME") or expanded(variables.get("HOME") or "~") / ".talos")
    places = (
        repository / "clusterconfig" / "talosconfig",
        home / "config",
        Path("/var/run/secrets/talos.dev/config"),
    )
    for place in places:
        if _is_file(place):
            return place
    looked = ", ".join(str(place) for place in places[:2])
    raise FilesInvalid(f"no talosconfig: looked for $TALOSCONFIG, {looked}", hint=_TALOSCONFIG_HINT)


def _is_file(path: Path) -> bool:
    """Unlike Path.is_file(), it does not fail where we may not look."""
    return os.path.isfile(path)  # noqa: PTH113


_TALOSCONFIG_HINT = "name one with --talosconfig, or generate one: talops gen config"


def pin_talosconfig(runner: Runner, talosctl: Talosctl, source: Path, folder: Path) -> PinnedTalos:
    """Copy the talosconfig and read which cluster it is for. Raises ToolMissing, ToolFailed and FilesInvalid."""
    path = folder / "talosconfig"
    try:
        write_private(path, source.read_bytes())
    except OSError as error:
        raise FilesInvalid(f"cannot read it: {error.strerror}", where=str(source), hint=_TALOSCONFIG_HINT) from None
    pinned = replace(talosctl, talosconfig=str(path))
    (result,) = runner.gather((pinned.config_info(),))
    if result.end is End.NOT_FOUND:
        raise missing("talosctl", result)
    info = config_info(result.stdout) if result.ok else Unknown(why(result))
    if isinstance(info, Unknown):
        wanted = f" with the context {talosctl.context}" if talosctl.context else ""
        raise ToolFailed(
            f"talosctl cannot use {source}{wanted}: {info.reason}",
            hint=f"talosctl --talosconfig {source} config contexts",
        )
    return PinnedTalos(talosctl=replace(pinned, endpoints=info.endpoints), source=source, info=info)
