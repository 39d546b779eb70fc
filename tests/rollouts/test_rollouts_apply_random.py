"""Configs against an adversary: faults, crashes, people and signals at random instants, drawn from a seed."""

from random import Random

import pytest
from adversary import Watcher
from configs import configured, kubelet, live, rebooting, unlike
from play import Played, Rehearsed
from test_rollouts_random import again, disturb, interfere

from talops.domain.cluster import Policy
from talops.domain.event import Step, StepStarted
from talops.errors import Exit

EDITS = (live, kubelet, rebooting, lambda text: live(rebooting(text)))
FAULTS = (
    "config-refused",
    "config-busy",
    "config-ignored",
    "kubelet-fails-after-apply",
    "never-returns",
    "hangs-rebooting",
    "stays-booting",
    "kubelet-stays-down",
    "reboot-refused",
    "dead-node",
    "pdb-blocks",
    "ceph-stays-degraded",
)
DOWN = {Step.UPGRADE, Step.REBOOT}
SEEDS = 60


def scenario(random: Random) -> Rehearsed:
    """A cluster of any size whose files want another config of some nodes, and in every third case another Talos."""
    control_planes, workers = random.choice((1, 2, 3, 3, 3, 4, 5)), random.randint(0, 4)
    hosts = [f"cp-{n + 1}" for n in range(control_planes)] + [f"w-{n + 1}" for n in range(workers)]
    faults = {f"{random.choice(FAULTS)}@{random.choice(hosts)}" for _ in range(random.choice((0, 0, 1, 1, 2)))}
    return configured(
        random.choice(EDITS),
        *sorted(faults),
        nodes=tuple(random.sample(hosts, random.randint(1, len(hosts)))),
        start=random.choice(("v1.13.1", "v1.13.1", "v1.13.0")),
        control_planes=control_planes,
        workers=workers,
        policy=Policy(accept_downtime=frozenset({"etcd"} if control_planes <= 2 else ())),
    )


def play_once(watcher: Watcher, *, upgrades: bool, nodes: tuple[str, ...] = ()) -> Played:
    began, rehearsed = watcher.now, watcher.rehearsed
    played = rehearsed.play(only=nodes, with_config=True) if upgrades else rehearsed.apply(*nodes)
    # who keeps every node running neither harms storage nor waits for it
    live_only = any(isinstance(event, StepStarted) and event.step is Step.APPLY for event in played.events)
    down = any(isinstance(event, StepStarted) and event.step in DOWN for event in played.events)
    watcher.after_run(played, began, spared=bool(nodes), storage=down or not live_only)
    if played.exit is Exit.DONE and not nodes:
        watcher.expect(not unlike(rehearsed), f"law 7: exit 0, and {unlike(rehearsed)} have another config")
    return played


def rampage(seed: int) -> list[str]:
    """A few disturbed runs, then the faults are mended, and one more. Returns what was broken."""
    random = Random(seed)
    rehearsed = scenario(random)
    upgrades = {str(node.version) for node in rehearsed.world.truth.nodes.values()} != {"v1.13.1"}
    watcher = Watcher(rehearsed)
    hosts = list(rehearsed.world.truth.nodes)
    for _ in range(random.randint(1, 3)):
        disturb(random, watcher)
        interfere(random, rehearsed)
        nodes = tuple(random.sample(hosts, random.randint(1, len(hosts)))) if random.random() < 0.3 else ()
        play_once(watcher, upgrades=upgrades, nodes=nodes)
        again(watcher)
        rehearsed.world.advance(random.choice((0, 0, 5, 60, 600)))
    rehearsed.world.advance(1200)
    watcher.mended = watcher.now
    rehearsed.world.mend()
    for host in watcher.persons:
        rehearsed.world.truth.uncordon(host)
    watcher.persons.clear()
    if rehearsed.world.truth.lease_holder == "thief":
        rehearsed.world.truth.cluster.store.remove("leases", "talops", "kube-system")
    rehearsed.world.advance(600)
    last = play_once(watcher, upgrades=upgrades)
    watcher.expect(last.exit is Exit.DONE, f"after mending, the run ended with {last.exit}: {last.exit and last.said}")
    nodes_now = rehearsed.world.truth.kube_nodes()
    left = [node.name for node in nodes_now if node.unschedulable or "talops.dev/in-flight" in node.annotations]
    watcher.expect(not left, f"law 6: after all is well {left} are cordoned or marked")
    return watcher.broken


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_law_is_broken_whatever_happens_to_a_config(seed: int) -> None:
    assert rampage(seed) == []
