"""The two doors of one cluster: what the embedded talosctl prints is what the real one prints at the network door.

Every read that talops makes, in every state of a cluster that changes what is printed. Where they differ, the real
one is right.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, OpenDoor, open_door
from machine_configs import machine_config
from talops.domain.machineconfig import ApplyMode
from talops.domain.process import Call, Result
from talops.domain.talos import Unknown, Version
from talops.sim.config.applying import apply
from talops.sim.config.stored import StoredConfig
from talops.sim.machine import System
from talops.sim.sequences import reboot
from talops.sim.world import World
from talops.tools import etcd, nodeconfig, talosctl
from talops.tools.commands import TALOSCTL_TEMPLATES, TEMPLATES

CP1, CP2, CP3, W1, W2, W3 = (f"10.1.0.{number}" for number in range(1, 7))
PLANES, ALL = (CP1, CP2, CP3), (CP1, CP2, CP3, W1, W2, W3)
GENERATION = "1.13.0"
"""The one whose text the embedded talosctl prints."""

READS: Mapping[str, Callable[[bytes], object]] = MappingProxyType(
    {
        "version": talosctl.versions,
        "machinestatus": talosctl.stages,
        "extensions": talosctl.extensions,
        "addresses": talosctl.addresses,
        "securitystate": talosctl.secureboots,
        "services": nodeconfig.services,
        "diagnostics": nodeconfig.diagnostics,
        "machineconfig": nodeconfig.configs,
        "members": talosctl.machines,
        "metakeys": talosctl.meta_keys,
        "boot-id": talosctl.boot_id,
        "etcd-members": etcd.etcd_members,
        "etcd-status": etcd.etcd_statuses,
        "etcd-alarms": etcd.etcd_alarms,
    }
)
"""Every read template, with the parser of its answer."""
LOCAL = frozenset({"client-version", "config-info"})
ELSEWHERE = frozenset(
    {
        "kubeconfig",
        "upgrade",
        "rollback",
        "reboot",
        "apply-config",
        "apply-dry-run",
        "service-states",
        "etcd-snapshot",
        "etcd-remove-member",
        "etcd-forfeit-leadership",
        "etcd-alarm-disarm",
        "etcd-defrag",
        "upgrade-k8s",
    }
)
"""Templates that change a node, what tells of the time, and what no rehearsal asks: pinned where their calls are."""
_FIRST_IS_OFF = f"dial tcp {CP1}:50000: connect: no route to host"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A cluster in some condition, and the nodes worth asking in it."""

    name: str
    asked: Sequence[tuple[str, ...]]
    faults: Sequence[str] = ()
    start: str = "v1.13.0"
    change: Callable[[World], object] = lambda _world: None
    older_client: bool = False
    """Worth the older talosctl, too."""


def _alarm(world: World) -> None:
    etcd = world.truth.etcd
    etcd.alarms |= {etcd.members[0].id: "NOSPACE", etcd.members[2].id: "CORRUPT"}


def _older(world: World) -> None:
    world.truth.nodes["w-1"].slots["A"] = System(version=Version.parse("v1.12.4"), schematic=None, extensions=())


def _installed(world: World) -> None:
    machine = world.truth.nodes["cp-1"]
    machine.install(System(version=Version.parse("v1.13.1"), schematic=None, extensions=("a", "b")))


def _many_extensions(world: World) -> None:
    names = tuple(f"extension-{number}" for number in range(12))
    world.truth.nodes["cp-1"].slots["A"] = System(
        version=Version.parse("v1.13.0"), schematic="1" * 64, extensions=names
    )


def _configured(world: World) -> None:
    """The first runs with another config than its next boot, the second tries one, the third says no more of its own.

    What a text may hold that YAML could spoil on the way is in the first, which gives its own network to its pods.
    """
    cluster, nodes = world.truth.cluster, world.truth.nodes
    network = "    network:\n        podSubnets:\n            - 10.1.0.0/16\n"
    spoilt = machine_config(
        kind="controlplane", cluster=network, machine="    env:\n        A: |\n            # <&>\n\n            b\n\n"
    )
    for hostname, text, mode in (
        ("cp-1", spoilt, ApplyMode.REBOOT),
        ("cp-2", machine_config(kind="controlplane"), ApplyMode.STAGED),
        ("cp-3", machine_config(kind="controlplane", image="v1.35.3"), ApplyMode.TRY),
    ):
        machine = nodes[hostname]
        machine.config = StoredConfig(lambda: machine_config(kind="controlplane", hostname="before"))
        apply(cluster, machine, text, mode)
    world.advance(120)


def _mid_reboot(world: World) -> None:
    reboot(world.truth.cluster, world.truth.nodes["cp-2"])
    world.advance(6)


STATES = (
    State(name="healthy", older_client=True, asked=((CP1,), ALL)),
    State(name="one-off", older_client=True, faults=("dead-node@w-3",), asked=((W3,), (CP1, W3))),
    State(name="all-asked-off", faults=("dead-node@w-3", "dead-node@w-2"), asked=((W3, W2), (W3, CP1))),
    State(name="control-plane-off", faults=("dead-node@cp-1",), asked=((CP1,), (CP2, CP1))),
    State(
        name="all-control-planes-off", faults=tuple(f"dead-node@cp-{n}" for n in (1, 2, 3)), asked=((CP1,), (W1, W2))
    ),
    State(name="nobody-there", asked=(("10.1.0.77",),)),
    State(name="workers", older_client=True, asked=((W1,), (CP1, W1))),
    State(name="etcd-member-down", older_client=True, faults=("etcd-member-lost@cp-2",), asked=((CP2,), PLANES)),
    State(name="no-quorum", faults=("etcd-member-lost@cp-2", "etcd-member-lost@cp-3"), asked=((CP1,), PLANES)),
    State(name="alarm", older_client=True, change=_alarm, asked=((CP1,), (CP1, CP2))),
    State(name="older-server", older_client=True, start="v1.12.4", asked=((CP1, CP2),)),
    State(name="mixed-versions", change=_older, asked=((CP1, W1),)),
    State(name="installed-not-rebooted", change=_installed, asked=((CP1,),)),
    State(name="twelve-extensions", change=_many_extensions, asked=((CP1,),)),
    State(name="configured", older_client=True, change=_configured, asked=((CP1,), PLANES)),
    State(name="mid-reboot", change=_mid_reboot, asked=((CP2,),)),
)


def calls(name: str, state: State) -> list[Call]:
    template = TEMPLATES[name]
    return [
        Call(template=name, argv=("talosctl", "-n", ",".join(nodes), *template.command), deadline=template.deadline)
        for nodes in state.asked
        if len(nodes) <= template.nodes
    ]


CASES = [(state, name) for state in STATES for name in READS if calls(name, state)]
OLDER_CLIENT = [(state, name) for state, name in CASES if state.older_client]


def named(value: object) -> str:
    return value.name if isinstance(value, State) else str(value)


@pytest.fixture(scope="module")
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[State, OpenDoor]]:
    state: State = request.param
    world = cluster(*state.faults, start=state.start, target="v1.13.1").world
    state.change(world)
    with open_door(world, tmp_path_factory.mktemp("door"), still=True) as door:
        yield state, door


def test_every_template_is_read_here_or_elsewhere() -> None:
    assert {template.name for template in TALOSCTL_TEMPLATES} == READS.keys() | LOCAL | ELSEWHERE
    assert {name for _, name in CASES} == READS.keys()


def both(door: OpenDoor, call: Call, version: str) -> tuple[Result, Result]:
    """The answer of the real one, and of the embedded one."""
    _, _, nodes, *words = call.argv
    real = door.talosctl(*words, version=version, nodes=(nodes,))
    return real, door.do(lambda: door.world.runner.gather((call,))[0])


@pytest.mark.parametrize(("opened", "name"), CASES, indirect=["opened"], ids=named, scope="module")
def test_a_read_is_printed_alike_to_the_last_byte(opened: tuple[State, OpenDoor], name: str) -> None:
    state, door = opened
    for call in calls(name, state):
        real, ours = both(door, call, GENERATION)
        assert (ours.exit, ours.stdout.decode(), said(ours)) == (real.exit, real.stdout.decode(), said(real)), call.argv


def said(result: Result) -> str:
    """An endpoint that is off refuses here, where it is a port of a machine that is up."""
    return re.sub(r"dial tcp 127\.0\.0\.1:\d+: connect: connection refused", _FIRST_IS_OFF, result.stderr.decode())


@pytest.mark.parametrize(("opened", "name"), OLDER_CLIENT, indirect=["opened"], ids=named, scope="module")
def test_the_older_talosctl_is_understood_alike(opened: tuple[State, OpenDoor], name: str) -> None:
    state, door = opened
    for call in calls(name, state):
        real, ours = both(door, call, GENERATIONS[0])
        assert ours.exit == real.exit
        assert READS[name](ours.stdout) == READS[name](real.stdout)
        assert not isinstance(READS[name](real.stdout), Unknown) or real.exit != 0


@pytest.mark.parametrize("version", GENERATIONS)
def test_what_talosctl_knows_without_a_node_is_understood_alike(version: str, tmp_path: Path) -> None:
    world = cluster().world
    with open_door(world, tmp_path, still=True) as door:
        real = {name: door.talosctl(*TEMPLATES[name].command, version=version) for name in LOCAL}
    mine = {name: _local(world, name) for name in LOCAL}
    assert {one.exit for one in real.values()} == {0}
    assert talosctl.client_version(real["client-version"].stdout) == Version.parse(f"v{version}")
    info, ours = (talosctl.config_info(one["config-info"].stdout) for one in (real, mine))
    assert isinstance(info, talosctl.ConfigInfo)
    assert isinstance(ours, talosctl.ConfigInfo)
    # endpoints are of the loopback here, and certificates of today
    assert (info.context, info.nodes) == (ours.context, ours.nodes)


def _local(world: World, name: str) -> Result:
    template = TEMPLATES[name]
    call = Call(template=name, argv=("talosctl", *template.command), deadline=template.deadline)
    return world.runner.gather((call,))[0]
