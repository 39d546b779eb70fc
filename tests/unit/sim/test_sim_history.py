"""What a sandbox remembers: when what somebody may have waited for came true."""

from collections.abc import Sequence
from datetime import datetime

from play import cluster

from talops.domain.sandbox import SandboxEvent
from talops.sim.kube.evictions import terminate
from talops.sim.lifecycle import ask_to_reboot
from talops.sim.network.history import KEPT, History
from talops.sim.world import World


def words(events: Sequence[SandboxEvent], node: str) -> list[str]:
    return [event["what"] for event in events if event["node"] == node and event["what"] != "pod-gone"]


def watched() -> tuple[World, History]:
    world = cluster().world
    return world, History(world.truth.cluster)


def test_a_reboot_from_the_beginning_until_ready() -> None:
    world, history = watched()

    ask_to_reboot(world.truth.cluster, world.truth.nodes["w-1"])
    world.advance(120)

    assert words(history.events(), "w-1") == ["going-down", "not-ready", "off", "on", "ready"]


def test_a_cordon_and_a_pod_that_leaves() -> None:
    world, history = watched()
    store = world.truth.cluster.store
    pod = next(pod for pod in store.pods_on("w-1") if pod["metadata"]["namespace"] == "jobs")["metadata"]

    world.truth.cordon("w-1")
    terminate(store, pod["name"], pod["namespace"])
    world.advance(60)
    world.truth.uncordon("w-1")

    told = [(event["what"], event["text"]) for event in history.events() if event["node"] == "w-1"]
    name = f"{pod['namespace']}/{pod['name']}"
    assert told == [("cordoned", ""), ("pod-leaving", name), ("pod-gone", name), ("uncordoned", "")]


def test_every_poll_of_ceph_and_what_postgres_counts() -> None:
    world, history = watched()

    world.truth.power_cut("w-2")
    world.advance(180)

    events = history.events()
    assert {event["text"] for event in events if event["what"] == "ceph"} == {"HEALTH_WARN"}
    assert [event["text"] for event in events if event["what"] == "postgres"] == ["2 of 3"]


def test_the_newest_are_kept_in_order() -> None:
    _, history = watched()

    for number in range(KEPT + 5):
        history.note("called", "w-1", str(number))

    events = history.events()
    assert [event["text"] for event in events] == [str(number) for number in range(5, KEPT + 5)]
    stamps = [datetime.fromisoformat(event["at"]) for event in events]
    assert stamps == sorted(stamps)
    assert stamps[0].tzinfo is not None
