"""Whom a run asks for its boot ID, and when again."""

import json
from dataclasses import replace

from observed_world import BOOT_ID, Machine, World, desired, kube_node, listing

from talops.domain.cluster import Policy
from talops.domain.talos import NOT_ASKED, Unknown
from talops.execute.boots import Boots
from talops.execute.session import Session

ANOTHER = BOOT_ID.format(4711)


def boots(world: World) -> Boots:
    session = Session(
        tools=world.tools(), desired=desired(world.machines), policy=Policy(), run="run-1", emit=lambda _event: None
    )
    return Boots(session=session)


def kubernetes_tells(world: World, hostname: str, boot_id: str) -> None:
    nodes = [kube_node(machine) for machine in world.machines]
    for machine, node in zip(world.machines, nodes, strict=True):
        if machine.hostname == hostname:
            node["status"] = json.loads(json.dumps(node["status"])) | {"nodeInfo": {"bootID": boot_id}}
    world.replies["nodes"] = listing("NodeList", *nodes)


def asked(world: World) -> int:
    found = len(world.asked("boot-id"))
    world.calls.clear()
    return found


def test_every_node_is_asked_once() -> None:
    world = World()
    seen = boots(world)

    first = seen.look()
    assert asked(world) == len(world.machines)
    again = seen.look()

    assert asked(world) == 0
    assert {name: node.boot_id for name, node in again.nodes.items()} == {
        name: node.boot_id for name, node in first.nodes.items()
    }


def test_all_are_asked_again_when_kubernetes_tells_another_boot_of_one() -> None:
    world = World()
    seen = boots(world)
    seen.look()
    asked(world)
    kubernetes_tells(world, "w-1", ANOTHER)

    again = seen.look()

    assert asked(world) == len(world.machines)
    assert again.nodes["w-1"].boot_id == BOOT_ID.format(21)


def test_nobody_is_asked_about_a_boot_that_was_learned() -> None:
    world = World()
    seen = boots(world)
    first = seen.look()
    asked(world)
    kubernetes_tells(world, "w-1", ANOTHER)
    seen.learn(replace(first.nodes["w-1"], boot_id=ANOTHER))

    again = seen.look()

    assert asked(world) == 0
    assert again.nodes["w-1"].boot_id == ANOTHER


def test_a_dead_node_is_no_doubt_and_has_no_boot() -> None:
    world = World()
    seen = boots(world)
    seen.look()
    asked(world)
    dead: Machine = world.machine("w-2")
    dead.alive = False

    again = seen.look()

    assert asked(world) == 0
    assert isinstance(again.nodes["w-2"].talos, Unknown)
    assert again.nodes["w-2"].boot_id == NOT_ASKED
