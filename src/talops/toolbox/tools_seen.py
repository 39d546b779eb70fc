"""Which external tools there are, and whether they are those that the repository wants."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from talops.domain.doctor import State, ToolCheck
from talops.domain.talos import Version
from talops.domain.tool import Missing, Program
from talops.toolbox.find import Programs

NEEDED_FOR: Mapping[str, str] = MappingProxyType(
    {
        "talosctl": "everything that looks at a node",
        "talhelper": "gen config, validate, diff and apply",
        "sops": "encrypted files",
        "kubectl": "everything that looks at Kubernetes",
        "helm": "a CNI that comes as a chart",
        "age": "new keys: talops init --new",
    }
)
"""In the order of the table."""
_NOT_ALWAYS = {"helm", "age"}


def tool_checks(programs: Programs, cluster: Mapping[str, Version]) -> tuple[ToolCheck, ...]:
    """A row for each version that is locked of each tool.

    `cluster` says for talosctl and kubectl what they speak to, where that is known. Without a lock it is what is
    wanted: one minor release to either side is near enough for both.
    """
    return tuple(check for name in NEEDED_FOR for check in _checks(programs, name, cluster.get(name)))


def _checks(programs: Programs, name: str, spoken_to: Version | None) -> Iterator[ToolCheck]:
    for found in programs.all_of(name):
        locked = str(found.wanted) if found.wanted else ""
        wanted = locked or (f"v{spoken_to.major}.{spoken_to.minor}" if spoken_to else "")
        if isinstance(found, Missing):
            state = State.WARNING if name in _NOT_ALWAYS else State.BAD
            what = f"{found.why}; it is for {NEEDED_FOR[name]}"
            yield ToolCheck(
                name=name, wanted=wanted, found="", origin="", path="", state=state, what=what, hint=found.hint
            )
        else:
            yield _found(programs, found, wanted, None if locked else spoken_to)


def _found(programs: Programs, program: Program, wanted: str, spoken_to: Version | None) -> ToolCheck:
    version = programs.version(program)
    row = ToolCheck(
        name=program.name,
        wanted=wanted,
        found=str(version) if version else "?",
        origin=str(program.origin.value),
        path=program.path,
        state=State.OK,
    )
    if version is None:
        hint = f"{program.path} --version"
        return replace(row, state=State.BAD, what="it does not say which version it is", hint=hint)
    if spoken_to is not None and (version.major != spoken_to.major or abs(version.minor - spoken_to.minor) > 1):
        what = f"it is more than one minor release away from {spoken_to}, which the files want of the cluster"
        return replace(row, state=State.WARNING, what=what, hint="talops init   # gets the right one")
    return row
