"""What the README promises. `GOLDEN=write pytest tests/unit/test_readme.py` records its screens anew."""

import os
import re
import shutil
from pathlib import Path

import pytest

from talops import wiring
from talops.cli.optiontable import OPTIONS
from talops.cli.table import COMMANDS
from talops.config.policy import read_policy
from talops.domain.context import Context
from talops.domain.event import Event, GatesJudged
from talops.errors import Exit
from talops.execute.runs import upgrade_all
from talops.execute.session import Session
from terminal import Terminal

REPO = Path(__file__).parents[2]
README = (REPO / "README.md").read_text()


@pytest.fixture(scope="module")
def recorded() -> dict[str, str]:
    """The demo on a terminal of 112 columns: while Ceph recovers from the first worker's reboot, and at the end."""
    screens: dict[str, str] = {}

    def emit(event: Event) -> None:
        terminal.play([event])
        if isinstance(event, GatesJudged) and event.hostname == "w-1" and not all(v.passes for v in event.verdicts):
            screens["middle"] = terminal.table()

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SOPS_AGE_KEY_FILE", str(REPO / "example.agekey"))
        with wiring.rehearsal(Context(repo=REPO), faults=(), start=None, seed=0) as stage:
            terminal = Terminal(stage.desired, width=112)
            session = Session(tools=stage.tools, desired=stage.desired, policy=stage.policy, run="demo", emit=emit)
            assert upgrade_all(session, holder="demo", confirm=lambda _plan: True) is Exit.DONE
    return screens | {"end": terminal.seen()}


@pytest.mark.skipif(shutil.which("sops") is None, reason="sops is not installed")
@pytest.mark.parametrize("name", ["middle", "end"])
def test_its_screens_are_those_of_the_demo(name: str, recorded: dict[str, str]) -> None:
    block = re.compile(rf"(?<=<!-- recorded: {name} -->\n```text\n).*?(?=```)", re.DOTALL)
    if os.environ.get("GOLDEN") == "write":
        path = REPO / "README.md"
        path.write_text(block.sub(lambda _old: recorded[name], path.read_text(), count=1))
    found = block.search((REPO / "README.md").read_text())
    assert found is not None
    assert found.group() == recorded[name]


def test_it_explains_every_exit_code() -> None:
    codes = re.findall(r"^\| (\d+) \| \S", README, re.MULTILINE)
    assert [int(code) for code in codes] == [int(exit) for exit in Exit]


def test_it_names_every_command() -> None:
    listed = re.findall(r"^\| `talops ([a-z]+(?: [a-z0-9-]+)?)", README, re.MULTILINE)
    groups = {path[:-1] for path in COMMANDS}
    assert sorted(listed) == sorted(
        " ".join(path)
        for path, entry in COMMANDS.items()
        if not entry.hidden
        and (path in {("rehearse",), ("sandbox",)} if path[0] in {"rehearse", "sandbox"} else path not in groups)
    )


def test_it_names_every_command_of_the_sandbox() -> None:
    assert [path for path in COMMANDS if path[0] == "sandbox" and f"`{path[-1]}`" not in README] == [("sandbox",)]


def test_it_names_no_option_that_is_not_there() -> None:
    known = {name for option in OPTIONS.values() for name in option.names} | {"--help", "--install-completion"}
    assert set(re.findall(r"--[a-z-]{2,}", re.sub(r"<!--|-->", "", README))) <= known


def test_its_policy_can_be_read() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    policy = read_policy(example)
    assert policy.order == ("w-3", "w-1")
    assert policy.ceph_gate.allow == ("OSD_NEARFULL",)
