"""`talops upgrade all` of six nodes on a sandbox, and where its time goes; beside it, what operators write today."""

import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from pathlib import Path

from benchmarks import shares
from benchmarks.practice import Practice, practice
from benchmarks.rollout import REPO
from benchmarks.shares import CLUSTER, TALOPS, TOOLS, WINDOWS, Bare, Split
from talops.domain.sandbox import SandboxEvent
from talops.tools.calls import Talosctl

SPEED = "28"
"""At it a reboot takes five seconds: two until the node is off, two until it is on, and one until it is Ready."""
POLICY = "stability: {samples: 2, window: 1s}\n"
ORDER = ("w-1", "cp-2", "cp-1", "cp-3", "w-2", "w-3")
"""By hand, as in a Taskfile."""
BARE_RUNS = 3
LOOKS = 5
"""Before the rollout, and after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Seconds of the wall."""

    rollout: float
    split: Split
    nodes: int
    reboot: float
    taskfile: float
    table: Sequence[str]


def measure() -> Measured:
    with practice(REPO, "--speed", SPEED) as sandbox:
        (sandbox.repo / "talops.yaml").write_text(POLICY)
        before = _looks(sandbox)
        began = datetime.now(UTC).timestamp()
        printed = sandbox.ran("upgrade", "all", "--yes", "--output", "json")
        end = datetime.now(UTC).timestamp()
        events = [json.loads(line) for line in printed.splitlines()]
        history = sandbox.history()
        images = _images(events)
        bare = _bare(sandbox, images["w-1"], [*before, *_looks(sandbox)])
    nodes = list(shares.spans(events))
    found = shares.split(nodes, history, bare, began=began, end=end)
    with practice(REPO, "--speed", SPEED) as sandbox:
        taskfile = _taskfile(sandbox, images)
    return Measured(
        rollout=end - began,
        split=found,
        nodes=len(nodes),
        reboot=_reboot(history),
        taskfile=taskfile,
        table=list(found.table(len(nodes))),
    )


def _images(events: Sequence[Mapping[str, object]]) -> dict[str, tuple[str, str]]:
    """Address and installer image by hostname, as the plan has them."""
    plan = next(event["plan"] for event in events if event["event"] == "planned")
    assert isinstance(plan, dict)
    return {node["hostname"]: (node["address"], node["image"]) for node in plan["upgrades"]}


def _looks(sandbox: Practice) -> Sequence[tuple[float, float, float]]:
    """Seconds of looks at everything, at the gates and at a node, without talops."""
    make = Talosctl(talosconfig=sandbox.environment["TALOSCONFIG"])
    nodes = sandbox.status()["nodes"]
    every = tuple(node["address"] for node in nodes)
    planes = tuple(node["address"] for node in nodes if node["role"] == "controlplane")
    one = every[-1:]
    gates = [make.etcd_members(planes), make.etcd_status(planes), make.etcd_alarms(planes)]
    node = [make.version(one), make.machinestatus(one), make.extensions(one), make.boot_id(one[0])]
    everything = [make.version(every), make.machinestatus(every), make.extensions(every), make.addresses(every)]
    everything += [make.securitystate(every), make.members(planes[0]), *gates]
    ask = sandbox.side_by_side
    return [(ask(everything), ask(gates), ask(node)) for _ in range(LOOKS)]


def _bare(sandbox: Practice, node: tuple[str, str], looks: Sequence[tuple[float, float, float]]) -> Bare:
    """What talosctl needs besides its node: medians of upgrades by hand, and of looks."""
    address, image = node
    heads, tails = [], []
    for _ in range(BARE_RUNS):
        began = datetime.now(UTC).timestamp()
        sandbox.call("talosctl", "-n", address, "upgrade", "--drain=false", "--image", image)
        end = datetime.now(UTC).timestamp()
        since = [event for event in sandbox.history() if shares.seconds(event["at"]) >= began]
        heads.append(shares.first(since, "called") - began)
        tails.append(end - shares.first(since, "on"))
    everything, gates, one = map(statistics.median, zip(*looks, strict=True))
    return Bare(
        head=statistics.median(heads), tail=statistics.median(tails), everything=everything, gates=gates, node=one
    )


def _reboot(history: Sequence[SandboxEvent]) -> float:
    """From the call until Kubernetes says Ready: the median."""
    took, called = [], dict[str, float]()
    for event in history:
        if (event["what"], event["text"]) == ("called", "Reboot"):
            called[event["node"]] = shares.seconds(event["at"])
        if event["what"] == "ready" and event["node"] in called:
            took.append(shares.seconds(event["at"]) - called.pop(event["node"]))
    return statistics.median(took)


def _taskfile(sandbox: Practice, images: Mapping[str, tuple[str, str]]) -> float:
    version = images[ORDER[0]][1].rpartition(":")[2]
    words = [word for hostname in ORDER for word in images[hostname]]
    began = time.perf_counter()
    sandbox.call("sh", str(Path(__file__).with_name("taskfile.sh")), version, *words)
    return time.perf_counter() - began


def rows() -> list[tuple[str, float, float, str]]:
    """(what, measured, limit, unit) of each number; infinity where nothing is promised. Prints where the time goes."""
    found = measure()
    print("\n".join(found.table), flush=True)
    own = found.split.of(TALOPS) / found.nodes
    least = sum(found.split.of(share) for share in (CLUSTER, WINDOWS, TOOLS))
    return [
        ("upgrade all, six nodes: wall, against what must be waited for", found.rollout / least, 1.25, "x"),
        ("upgrade all, six nodes: talops' own share of a node", own, 3.0, "s"),
        ("  one node there, from the call to reboot until Ready", found.reboot, inf, "s"),
        ("  the whole of it", found.rollout, inf, "s"),
        ("  by a Taskfile's logic: nothing is checked after a node", found.taskfile, inf, "s"),
    ]
