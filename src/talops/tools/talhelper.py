"""talhelper: generates machine configs and checks them. What it prints is shown only after secrets are taken out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from talops.domain.process import End, Result, Runner
from talops.errors import ToolFailed, ToolMissing
from talops.tools.calls import talhelper_genconfig, talhelper_genschema, talhelper_gensecret, talhelper_validate

TALHELPER = "talhelper"
_MADE = re.compile(r"generated config for (?P<node>\S+) in ")
_PROGRESS = re.compile(
    r"generated (client config|\.gitignore file) in |There are issues with your |.* is valid for \w+ mode"
)
_FIELD = re.compile(r'field: "(?P<field>.*)"')
_POINT = "  * "
_STAMPED = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", re.MULTILINE)
_WARNING = "WARNING: "
_NOTE = re.compile(r"^(  \* )?(WARNING: )?")
_MACHINE_CONFIG = (re.compile(rb"^version: v1alpha1$", re.MULTILINE), re.compile(rb"^machine:$", re.MULTILINE))
PANIC = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing that talhelper says. `field` of talconfig.yaml is like `nodes[0].schematic`, `node` a hostname.

    Both are empty where it does not say.
    """

    what: str
    field: str = ""
    node: str = ""
    warning: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`failure` is why it gave up, empty when it did not; it may be several lines. Both may quote secrets."""

    issues: tuple[Issue, ...]
    failure: str = ""
    panicked: bool = False


def genconfig(
    runner: Runner, path: str, *, talconfig: Path, env_files: Sequence[Path], secret_files: Sequence[Path], out: Path
) -> Answer:
    """Write machine configs and a talosconfig into `out`. All paths absolute.

    Raises ToolMissing, and ToolFailed when it did not end by itself. Source: talhelper genconfig.
    """
    call = talhelper_genconfig(
        path,
        talconfig=str(talconfig),
        env_files=tuple(map(str, env_files)),
        secret_files=tuple(map(str, secret_files)),
        out=str(out),
    )
    (result,) = runner.gather((call,))
    return _answer(result, "genconfig")


def validate_configs(runner: Runner, path: str, configs: Sequence[Path]) -> Answer:
    """Check generated machine configs as Talos itself would. Raises ToolMissing, ToolFailed.

    Source: talhelper validate nodeconfig.
    """
    (result,) = runner.gather((talhelper_validate(path, tuple(map(str, configs))),))
    return _answer(result, "validate nodeconfig")


def new_secrets(runner: Runner, path: str) -> str:
    """A bundle of secrets for a cluster that does not exist. Raises ToolMissing, ToolFailed."""
    (result,) = runner.gather((talhelper_gensecret(path),))
    answer = _answer(result, "gensecret")
    if answer.failure:
        raise ToolFailed("talhelper gensecret failed", hint="talhelper gensecret >/dev/null   # says why")
    return result.stdout.decode("utf-8", "replace")


def json_schema(runner: Runner, path: str) -> str | None:
    """What may stand in talconfig.yaml, as JSON; None when this talhelper cannot tell. Source: talhelper genschema."""
    (result,) = runner.gather((talhelper_genschema(path),))
    return result.stdout.decode("utf-8", "replace") if result.ok else None


def _answer(result: Result, command: str) -> Answer:
    if result.end is End.NOT_FOUND:
        raise ToolMissing(
            "talhelper is not installed, or not on PATH",
            hint="install talhelper (https://github.com/budimanjojo/talhelper/releases), then run the command again",
        )
    if result.end is not End.EXITED:
        raise ToolFailed(
            f"talhelper {command} did not end by itself: {result.end.value}",
            hint="does a key service or a hardware key wait for you? `sops -d FILE` shows it",
        )
    said = result.stdout.decode("utf-8", "replace")
    complaint = _STAMPED.sub("", result.stderr.decode("utf-8", "replace")).strip()
    if result.exit:
        failure = complaint or f"exit {result.exit}"
        return Answer(issues=_issues(said), failure=failure, panicked=result.exit == PANIC)
    heard = tuple(Issue(what=line) for line in complaint.splitlines() if line.strip())
    return Answer(issues=_issues(said) + heard)


def _issues(said: str) -> tuple[Issue, ...]:
    """Its groups come in a random order: sorted, so that two runs say the same.

    What Talos itself warns of when a config is checked stands before the line that names the node.
    """
    issues: list[Issue] = []
    unnamed: list[str] = []
    field = ""
    for line in said.splitlines():
        named, made = _FIELD.fullmatch(line.strip()), _MADE.match(line)
        if named:
            field = named.group("field")
        elif made:
            issues += [Issue(what=what, node=made.group("node")) for what in unnamed]
            unnamed = []
        elif line.startswith(_POINT):
            issues.append(Issue(field=field, what=_NOTE.sub("", line), warning=_WARNING in line))
        elif line.strip() and not _PROGRESS.match(line):
            unnamed.append(_NOTE.sub("", line))
    rest = [Issue(what=what) for what in unnamed]
    return tuple(sorted([*issues, *rest], key=lambda issue: (issue.field, issue.what)))


def is_machine_config(path: Path) -> bool:
    """Whether it begins as talhelper begins a node's file."""
    try:
        with path.open("rb") as file:
            beginning = file.read(4096)
    except (OSError, ValueError):
        return False
    return all(line.search(beginning) for line in _MACHINE_CONFIG)
