"""The two doors of one cluster, where talosctl applies a machine config: both talosctls are told, and do, the same.

Where they differ, the real one is right. What a node answers is the embedded one's through both doors: it is pinned to
`talosctl validate` elsewhere, as far as that says it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from builders import desired_cluster
from contract.talos_door import GENERATIONS, open_door
from machine_configs import machine_config
from talops.domain.process import Call, End, Result
from talops.domain.talos import Version
from talops.sim.faults import parse_fault
from talops.sim.world import World, rehearsal

FILE = "config.yaml"
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
        stderr=result.stderr.decode(),
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
