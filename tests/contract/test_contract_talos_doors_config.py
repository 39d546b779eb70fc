"""The two doors of one cluster, where talosctl applies a machine config: both talosctls are told, and do, the same.

Where they differ, the real one is right. What a node answers is the embedded one's through both doors: it is pinned to
`talosctl validate` elsewhere, as far as that says it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from builders import desired_cluster
from contract.talos_changes import SPEED, wait_until
from contract.talos_door import GENERATIONS, open_door
from machine_configs import machine_config
from talops.domain.process import Call, End, Result
from talops.domain.talos import Version
from talops.sim.faults import parse_fault
from talops.sim.machine import Machine
from talops.sim.world import World, rehearsal
from talops.tools import nodeconfig

FILE = "config.yaml"
# an endpoint that is off refuses here, where it is a port of a machine that is up
_PORT = re.compile(r"dial tcp 127\.0\.0\.1:\d+: connect: connection refused")
NODE, HOSTNAME = "10.1.0.4", "w-1"
PLAIN = machine_config()
SYSCTL = machine_config(machine='    sysctls:\n        vm.max_map_count: "262144"\n')
UDEV = machine_config(machine="    udev:\n        rules:\n            - none\n")
NEW_KIND = machine_config(documents="---\napiVersion: v1alpha1\nkind: EnvironmentConfig\nvariables: {}\n")
HOSTNAME_KIND = machine_config(documents="---\napiVersion: v1alpha1\nkind: HostnameConfig\nhostname: w-1\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """`text` is None for a file that is not there."""

    name: str
    text: str | None = SYSCTL
    mode: str = "auto"
    more: Sequence[str] = ()
    faults: Sequence[str] = ()
    start: str = "v1.13.0"
    configs: Mapping[str, str] = field(default_factory=lambda: {HOSTNAME: PLAIN})
    prepare: Callable[[World], object] = lambda _world: None

    def world(self) -> World:
        desired = desired_cluster()
        faults = [parse_fault(fault, desired) for fault in self.faults]
        world = rehearsal(desired, start=Version.parse(self.start), faults=faults, configs=self.configs)
        self.prepare(world)
        return world

    @property
    def words(self) -> tuple[str, ...]:
        return ("apply-config", "--file", FILE, "--mode", self.mode, *self.more)


DRY = ("--dry-run",)
CASES = (
    Applying(name="nothing changes", text=PLAIN),
    *(Applying(name=f"a live change, {mode}", mode=mode) for mode in ("auto", "no-reboot", "staged", "reboot", "try")),
    Applying(name="tried for an hour and a bit", mode="try", more=("--timeout", "1h0m5s")),
    *(
        Applying(name=f"needs a reboot, {mode}", text=UDEV, mode=mode)
        for mode in ("auto", "no-reboot", "staged", "try")
    ),
    *(
        Applying(name=f"dry run of {what}, {mode}", text=text, mode=mode, more=DRY)
        for what, text in (("no change", PLAIN), ("a live change", SYSCTL), ("a change that needs a reboot", UDEV))
        for mode in ("auto", "no-reboot", "reboot", "staged", "try")
    ),
    Applying(name="no YAML", text="a: [1\nb: 2\n"),
    Applying(name="no mapping", text="hello\n"),
    Applying(name="unknown keys", text=machine_config(machine="    sysctl: {}\n")),
    Applying(name="of another kind of machine", text=machine_config(kind="boss")),
    Applying(name="without a main document", text=HOSTNAME_KIND.partition("---\n")[2]),
    Applying(name="a kind that is too new", text=NEW_KIND, start="v1.12.4"),
    Applying(name="a kind that is too new, dry run", text=NEW_KIND, start="v1.12.4", more=DRY),
    Applying(name="HostnameConfig on 1.11", text=HOSTNAME_KIND, start="v1.11.5"),
    Applying(name="HostnameConfig", text=HOSTNAME_KIND),
    Applying(
        name="two hostnames", text=HOSTNAME_KIND.replace("    install:", "    network: {hostname: w-1}\n    install:")
    ),
    Applying(name="a Kubernetes that is too new", text=machine_config(image="v1.37.0")),
    Applying(name="a Kubernetes that is too old", text=machine_config(image="v1.30.9")),
    Applying(
        name="warned of",
        text=machine_config().replace("wipe: false", "extensions:\n            - image: ghcr.io/a/b:v1"),
    ),
    Applying(name="no file", text=None),
    Applying(name="an empty file", text=""),
    Applying(name="off", faults=("dead-node@w-1",)),
    Applying(name="no endpoint", faults=("dead-node@cp-1", "dead-node@cp-2", "dead-node@cp-3")),
    Applying(name="refused", faults=("config-refused@w-1",)),
    Applying(name="busy", faults=("config-busy@w-1",)),
    Applying(name="ignored", faults=("config-ignored@w-1",)),
    Applying(name="an older node", start="v1.12.4"),
    Applying(name="the small config of a node without files", configs={}, more=DRY),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What it said, and the node afterwards."""

    exit: int
    stdout: str
    stderr: str
    active: str
    on_disk: str
    versions: tuple[int, int]


def left(world: World, result: Result) -> Left:
    config = world.truth.nodes[HOSTNAME].config
    return Left(
        exit=result.exit,
        stdout=result.stdout.decode(),
        stderr=_PORT.sub("dial tcp 10.1.0.1:50000: connect: no route to host", result.stderr.decode()),
        active=config.active,
        on_disk=config.on_disk,
        versions=(config.active_version, config.persistent_version),
    )


def embedded(case: Applying) -> Left:
    world = case.world()
    argv = ("talosctl", "-n", NODE, *case.words)
    running = world.runner.start(Call(template=case.words[0], argv=argv, deadline=timedelta(minutes=2)))
    world.advance(0.1)
    result = running.poll()
    assert result is not None
    assert result.end is End.EXITED
    return left(world, result)


def real(case: Applying, home: Path, version: str) -> Left:
    world = case.world()
    with open_door(world, home, still=True) as door:
        result = door.talosctl(*case.words, version=version, nodes=(NODE,))
        return door.do(lambda: left(world, result))


@pytest.mark.parametrize("version", GENERATIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.name))
def test_both_doors_say_and_do_the_same(
    case: Applying, version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if case.text is not None:
        Path(FILE).write_text(case.text)
    assert embedded(case) == real(case, tmp_path, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What becomes of it. `until` the machine is like that."""

    case: Applying
    until: Callable[[Machine], bool]


LATER = (
    Later(case=Applying(name="reboot", text=UDEV), until=lambda machine: machine.new_config and machine.ready),
    Later(
        case=Applying(name="try", mode="try", more=("--timeout", "3m")),
        until=lambda machine: machine.config.active_version == 3,
    ),
    Later(
        case=Applying(name="kubelet", text=machine_config(image="v1.35.2")),
        until=lambda machine: machine.kubernetes == "v1.35.2" and machine.ready,
    ),
)


@pytest.mark.parametrize("version", GENERATIONS)
@pytest.mark.parametrize("later", LATER, ids=lambda later: str(later.case.name))
def test_the_same_becomes_of_it_through_both_doors(later: Later, version: str, tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text(later.case.text or "")
    words = ("apply-config", "--file", str(file), *later.case.words[3:])
    mine, theirs = later.case.world(), later.case.world()
    running = mine.runner.start(
        Call(template="apply-config", argv=("talosctl", "-n", NODE, *words), deadline=timedelta(minutes=2))
    )
    mine.advance(600)
    ours = running.poll()
    assert ours is not None
    with open_door(theirs, tmp_path, speed=SPEED) as door:
        result = door.talosctl(*words, version=version, nodes=(NODE,))
        wait_until(door, lambda: later.until(theirs.truth.nodes[HOSTNAME]))
        assert door.do(lambda: left(theirs, result)) == left(mine, ours)


@pytest.mark.parametrize("version", GENERATIONS)
def test_talosctl_patches_and_edits_the_config_of_a_node(version: str, tmp_path: Path) -> None:
    world = Applying(name="patch").world()
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i s/max_map_count/overcommit_memory/ $1\n")
    editor.chmod(0o700)
    patch = '{"machine": {"sysctls": {"vm.max_map_count": "1"}}}'
    with open_door(world, tmp_path, still=True) as door:
        patched = door.talosctl("patch", "machineconfig", "--patch", patch, version=version, nodes=(NODE,))
        edited = door.talosctl(
            "edit", "machineconfig", version=version, nodes=(NODE,), environment={"EDITOR": str(editor)}
        )
        shown = door.talosctl("get", "machineconfig", "-o", "json", version=version, nodes=(NODE,))
    assert (patched.exit, edited.exit) == (0, 0), (patched.stderr, edited.stderr)
    found = nodeconfig.configs(shown.stdout)
    assert isinstance(found, Mapping)
    configs = found[NODE]
    assert configs.active is not None
    assert "vm.overcommit_memory" in configs.active.text
    assert configs.active.version == 3
    assert not configs.staged


@pytest.mark.parametrize("version", GENERATIONS)
def test_talosctl_takes_the_config_from_a_pipe(version: str, tmp_path: Path) -> None:
    world = Applying(name="pipe").world()
    with open_door(world, tmp_path, still=True) as door:
        words = ("apply-config", "--file", "/dev/stdin")
        result = door.talosctl(*words, version=version, nodes=(NODE,), stdin=SYSCTL.encode())
        assert result.exit == 0, result.stderr
        assert door.do(lambda: world.truth.nodes[HOSTNAME].config.active) == SYSCTL


def test_an_apply_is_called_a_change_and_its_dry_run_is_not(tmp_path: Path) -> None:
    called: list[str] = []
    (tmp_path / FILE).write_text(SYSCTL)
    with open_door(Applying(name="called").world(), tmp_path, still=True, called=called.append) as door:
        for words in (("--dry-run",), ()):
            door.talosctl("apply-config", "--file", FILE, *words, nodes=(NODE,))
    assert called == ["ApplyConfiguration"]
