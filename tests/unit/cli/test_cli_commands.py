"""One table of commands: what it lists can be called, what can be called is in it, and each says how it is used."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from command_line import talops
from talops import __version__
from talops.cli.app import command
from talops.cli.optiontable import GLOBAL, OPTIONS
from talops.cli.table import COMMANDS, below

Path_ = tuple[str, ...]
LEAVES = [path for path in COMMANDS if not below(path)]
GROUPS = [(), *(path for path in COMMANDS if below(path))]


def built(group: Any, path: Path_ = ()) -> Iterator[tuple[Path_, Any]]:
    """Every command of the real application, with what typer knows of it. Any: typer's click is private."""
    context = group.make_context("talops", ["--version"], resilient_parsing=True)
    for name in group.list_commands(context):
        _, found, _ = group.resolve_command(context, [name])
        yield (*path, name), found
        if hasattr(found, "list_commands"):
            yield from built(found, (*path, name))


BUILT = dict(built(command()))


def test_the_table_and_the_application_have_the_same_commands() -> None:
    assert set(BUILT) == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_the_table_and_the_application_agree_about_a_command(path: Path_) -> None:
    entry, found = COMMANDS[path], BUILT[path]
    wanted = {name for key in entry.options for name in OPTIONS[key].names}
    assert {name for parameter in found.params for name in parameter.opts if name.startswith("-")} == wanted
    arguments = [parameter for parameter in found.params if parameter.param_type_name == "argument"]
    assert bool(arguments) is bool(entry.argument)
    takes = {name: OPTIONS[key].takes for key in entry.options for name in OPTIONS[key].names}
    for parameter in found.params:
        if parameter.param_type_name == "option":
            assert parameter.is_flag is (takes[parameter.opts[0]] == ""), parameter.opts


@pytest.mark.parametrize("path", [(), *COMMANDS], ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_says_how_it_is_used(path: Path_, flag: str) -> None:
    said = talops(*path, flag)
    assert (said.exit, said.err) == (0, "")
    assert said.out.startswith(f"Usage: {' '.join(('talops', *path))} [OPTIONS]")
    keys = COMMANDS[path].options if path else GLOBAL
    for key in keys:
        assert OPTIONS[key].names[0] in said.out


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_a_group_lists_the_commands_that_there_are_and_no_hidden_one(group: Path_) -> None:
    listed = re.findall(r"^  ([\w-]+)  ", talops(*group, "--help").out.partition("Commands:")[2], re.MULTILINE)
    assert set(listed) == {name for name, entry in below(group).items() if not entry.hidden}


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_a_group_alone_answers_with_its_help_as_a_usage_error(group: Path_) -> None:
    said = talops(*group)
    assert (said.exit, said.out) == (2, "")
    assert said.err.startswith(f"Usage: {' '.join(('talops', *group))} ")


@pytest.mark.parametrize("words", [("-C", "."), ("--context", "x"), ("--",)])
def test_options_without_a_command_are_a_usage_error(words: tuple[str, ...]) -> None:
    said = talops(*words)
    assert (said.exit, said.out) == (2, "")
    assert "talops --help" in said.err or said.err.startswith("Usage: ")


@pytest.mark.parametrize("words", [("--version",), ("--version", "nodes"), ("-C", "nowhere", "--version")])
def test_the_version_is_said(words: tuple[str, ...]) -> None:
    said = talops(*words)
    assert (said.exit, said.out, said.err) == (0, f"talops {__version__}\n", "")


@pytest.mark.parametrize("before", [(), ("rehearse",)])
def test_the_alias_is_the_command(repo: Path, before: Path_) -> None:
    for rest in (["--plan", "--only", "nobody"], ["--output", "nope", "--yes"], ["--plan", "extra"]):
        alias = talops(*before, "upgrade-all", *rest)
        whole = talops(*before, "upgrade", "all", *rest)
        assert alias.exit == whole.exit
        assert alias.err.replace("upgrade-all", "upgrade all") == whole.err


def test_the_alias_rehearses_the_same_plan(repo: Path) -> None:
    alias = talops("rehearse", "upgrade-all", "--plan")
    assert alias.exit == 3
    assert alias == talops("rehearse", "upgrade", "all", "--plan")


MEANT = {
    "nodse": "nodes",
    "stauts": "status",
    "upgarde all": "upgrade",
    "upgrade al": "all",
    "rehearse plna": "plan",
    "--verison": "--version",
    "plan --onyl cp-1": "--only",
    "rehearse plan --sead 1": "--seed",
    "rehearse upgrade all --show-comands": "--show-commands",
    "rehearse plan --only wrker-1": "worker-1",
    "rehearse plan --skip-node cp1": "cp-1",
    "rehearse rollback worker1": "worker-1",
    "rehearse plan --fault silent-rolback@cp-1": "silent-rollback",
    "rehearse plan --fault silent-rollback@worker-11": "worker-1",
}


@pytest.mark.parametrize(("line", "meant"), MEANT.items())
def test_a_typo_is_answered_with_what_was_probably_meant(repo: Path, line: str, meant: str) -> None:
    said = talops(*line.split())
    assert (said.exit, said.out) == (2, "")
    assert meant in re.sub(r"There is no \S+|No such \w+:? \S+", "", said.err)
    assert "next: " in said.err


def test_a_fault_that_nobody_knows_is_answered_with_where_they_are_listed(repo: Path) -> None:
    assert "talops rehearse --faults" in talops("rehearse", "plan", "--fault", "xyzzy").err


def test_every_fault_is_listed_with_its_summary() -> None:
    from talops.sim.faults import FAULTS

    said = talops("rehearse", "--faults")
    assert said.exit == 0
    for (name, kind), line in zip(FAULTS.items(), said.out.splitlines(), strict=True):
        assert line.split(maxsplit=1) == [name, kind.summary]
