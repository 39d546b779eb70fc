"""Which external tools there are, and whether they are those that the repository wants."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from talops.domain.doctor import State, ToolCheck
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


def tool_checks(programs: Programs) -> tuple[ToolCheck, ...]:
    """A row for each version that is wanted of each tool."""
    return tuple(check for name in NEEDED_FOR for check in _checks(programs, name))


def _checks(programs: Programs, name: str) -> Iterator[ToolCheck]:
    for found in programs.all_of(name):
        wanted = str(found.wanted) if found.wanted else ""
        if isinstance(found, Missing):
            state = State.WARNING if name in _NOT_ALWAYS else State.BAD
            what = f"{found.why}; it is for {NEEDED_FOR[name]}"
            yield ToolCheck(
                name=name, wanted=wanted, found="", origin="", path="", state=state, what=what, hint=found.hint
            )
        else:
            yield _found(programs, found, wanted)


def _found(programs: Programs, program: Program, wanted: str) -> ToolCheck:
    version = programs.version(program)
    return ToolCheck(
        name=program.name,
        wanted=wanted,
        found=str(version) if version else "?",
        origin=str(program.origin.value),
        path=program.path,
        state=State.OK if version else State.BAD,
        what="" if version else "it does not say which version it is",
        hint="" if version else f"{program.path} --version",
    )
