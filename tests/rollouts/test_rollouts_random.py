"""Rollouts against an adversary: faults, crashes, people and signals at random instants, drawn from a seed."""

from functools import partial
from random import Random

import pytest
from adversary import Watcher
from play import Played, Rehearsed, cluster

from talops.domain.cluster import Policy
from talops.errors import Exit

ON_A_NODE = (
    "silent-rollback",
    "never-returns",
    "hangs-rebooting",
    "stays-booting",
    "kubelet-stays-down",
    "install-fails",
    "pull-fails",
    "installer-hangs",
    "reboot-refused",
    "exit-zero-not-upgraded",
    "extension-lost",
    "dead-node",
    "pdb-blocks",
    "bare-pod",
    "ceph-stays-degraded",
)
ON_THE_CLUSTER = (
    "postgres-never-switches",
    "stale-ceph",
    "kubectl-forbidden",
    "api-flaps",
    "foreign-kured",
    "lease-held",
)
SEEDS = 100


def scenario(random: Random, seed: int) -> Rehearsed:
    """A cluster of any size, from any release, with up to three faults."""
    control_planes, workers = random.choice((1, 2, 3, 3, 3, 4, 5)), random.randint(0, 4)
    hosts = [f"cp-{n + 1}" for n in range(control_planes)] + [f"w-{n + 1}" for n in range(workers)]
    faults = []
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        if random.random() < 0.25:
            faults.append(random.choice(ON_THE_CLUSTER))
        elif random.random() < 0.1:
            faults.append(f"etcd-member-lost@cp-{random.randint(1, control_planes)}")
        else:
            faults.append(f"{random.choice(ON_A_NODE)}@{random.choice(hosts)}")
    policy = Policy(accept_downtime=frozenset({"etcd"} if control_planes <= 2 else ()))
    start = random.choice(("v1.13.0", "v1.13.0", "v1.12.4"))
    if control_planes == 2:
        # an older node refuses that by itself, however often it is asked
        start = "v1.13.0"
    return cluster(
        *dict.fromkeys(faults), start=start, control_planes=control_planes, workers=workers, seed=seed, policy=policy
    )


THINGS = ("power", "cordon", "uncordon", "delete", "lease", "leader", "api", "clock")


def disturb(random: Random, watcher: Watcher) -> None:
    """Arrange for what others do while talops runs: up to three things at random instants."""
    hosts = list(watcher.rehearsed.world.truth.nodes)
    for _ in range(random.choice((0, 0, 0, 1, 2, 3))):
        what, host, size = random.choice(THINGS), random.choice(hosts), random.uniform(5, 3600)
        watcher.rehearsed.world.at(watcher.now + random.uniform(1, 900), partial(happen, watcher, what, host, size))


def happen(watcher: Watcher, what: str, host: str, size: float) -> None:
    truth = watcher.rehearsed.world.truth
    nodes = {node.name: node for node in truth.kube_nodes()}
    match what:
        case "power":
            watcher.disturbed = watcher.now
            truth.power_cut(host)
        case "cordon" if host in nodes and not nodes[host].unschedulable:
            watcher.persons.add(host)
            truth.cordon(host)
        case "uncordon":
            watcher.persons.discard(host)
            watcher.lifted = watcher.now
            truth.uncordon(host)
        case "delete":
            watcher.disturbed = watcher.lifted = watcher.now
            watcher.persons.discard(host)
            truth.delete_node(host)
        case "lease":
            watcher.robbed = watcher.now
            truth.take_lease("thief")
        case "leader":
            truth.etcd.leader = ""
            truth.cluster.timeline.after(1.5, truth.etcd.elect)
        case "api":
            truth.cluster.api_gap_until = watcher.now + size / 10
        case "clock":
            watcher.skewed = True
            watcher.rehearsed.world.skew_clock(size if size > 600 else -size)


def interfere(random: Random, rehearsed: Rehearsed) -> None:
    """Arrange for signals, or for the death of this talops."""
    now = rehearsed.world.clock.now()
    match random.choice(("", "", "INT", "INTINT", "TERM", "kill", "calls")):
        case "INT":
            rehearsed.world.interrupt_at(now + random.uniform(0, 1200), "INT")
        case "INTINT":
            first = now + random.uniform(0, 1200)
            rehearsed.world.interrupt_at(first, "INT")
            rehearsed.world.interrupt_at(first + random.uniform(0.1, 60), "INT")
        case "TERM":
            rehearsed.world.interrupt_at(now + random.uniform(0, 1200), "TERM")
        case "kill":
            rehearsed.world.kill_talops_at(now + random.uniform(0, 1200))
        case "calls":
            rehearsed.world.kill_talops_after_calls(random.randint(1, 1500))


def play_once(watcher: Watcher, *, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> Played:
    began = watcher.now
    played = watcher.rehearsed.play(only=only, skip=skip)
    watcher.after_run(played, began, spared=bool(only or skip))
    return played


def some(random: Random, watcher: Watcher) -> dict[str, tuple[str, ...]]:
    """Now and then only some nodes are asked for."""
    hosts = list(watcher.rehearsed.world.truth.nodes)
    option = random.choice(("", "", "", "only", "skip"))
    return {option: tuple(random.sample(hosts, random.randint(1, len(hosts))))} if option else {}


def again(watcher: Watcher) -> None:
    """A new talops, as closely watched."""
    watcher.rehearsed.restart()
    watcher.rehearsed.watch = watcher.hear


def rampage(seed: int) -> list[str]:
    """A few disturbed runs, then the faults are mended, and one more. Returns what was broken."""
    random = Random(seed)
    rehearsed = scenario(random, seed)
    watcher = Watcher(rehearsed)
    for _ in range(random.randint(1, 3)):
        disturb(random, watcher)
        interfere(random, rehearsed)
        play_once(watcher, **some(random, watcher))
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
    last = play_once(watcher)
    watcher.expect(last.exit is Exit.DONE, f"after mending, the run ended with {last.exit}: {last.exit and last.said}")
    left = [
        n.name for n in rehearsed.world.truth.kube_nodes() if n.unschedulable or "talops.dev/in-flight" in n.annotations
    ]
    watcher.expect(not left, f"law 6: after all is well {left} are cordoned or marked")
    return watcher.broken


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_law_is_broken_whatever_happens(seed: int) -> None:
    assert rampage(seed) == []
