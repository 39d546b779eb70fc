"""One `talosctl upgrade-k8s` through either door of the same cluster, what it said, and what became of the cluster."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from builders import desired_cluster
from talops.domain.cluster import Desired
from talops.domain.process import Call, Result, Running
from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.components import CONFIG_VERSION
from talops.sim.config.effects import restart_kubelet
from talops.sim.faults import parse_fault
from talops.sim.machine import Machine
from talops.sim.world import rehearsal

SPEED = 100.0
LOOKS = 0.02
CP1, CP2, CP3, W1 = "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"
BEFORE, AFTER = "v1.35.4", "v1.36.1"
# whether talosctl sees these states of a pod, or an API server that starts anew, is a matter of milliseconds
_COMPATIBLE = "is compatible with Kubernetes"
_WHERE = re.compile(r"(https://)?\b(127\.0\.0\.1|10\.1\.0\.3):\d+")
"""The Kubernetes API."""
RACE = ("waiting, config version mismatch", "pod is not ready, waiting", "kubernetes endpoint watch error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """`until`: killed when it has said this line: it must be one after which it waits for long.

    `first`: what was done before, and ended somehow; then every fault ended, if they were `mended`, or a person
    restarted the kubelet of the node that is `restarted`.
    `endpoint`: where Kubernetes is, when no virtual IP has it.
    """

    name: str
    version: str = "1.13.0"
    start: str = "v1.13.0"
    node: str = CP1
    kubernetes: str = BEFORE
    to: str = AFTER
    words: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    until: str = ""
    first: "Upgrade | None" = None
    mended: bool = False
    restarted: str = ""
    endpoint: str = ""
    configs: Mapping[str, str] = field(default_factory=dict)
    """By hostname."""
    prepare: Callable[[Cluster], object] = lambda _cluster: None

    @property
    def argv(self) -> tuple[str, ...]:
        flags = ("--with-docs=false", "--with-examples=false")
        return ("-n", self.node, "upgrade-k8s", "--to", self.to, *flags, *self.words)

    @property
    def desired(self) -> Desired:
        found = desired_cluster(workers=1, kubernetes_version=self.kubernetes)
        return replace(found, endpoint=self.endpoint) if self.endpoint else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """`nodes`: by hostname, its kubelet in Kubernetes and in its config. `pods`: by name, image and config version."""

    exit: int
    stdout: tuple[str, ...]
    stderr: tuple[str, ...]
    nodes: Mapping[str, tuple[str, str, bool]]
    pods: Mapping[str, tuple[str, str, bool]]
    config_maps: tuple[str, ...]


def ending(cluster: Cluster, upgrade: Upgrade, result: Result) -> Ending:
    stdout = result.stdout.decode().splitlines()
    if upgrade.until:
        # what it has said since then is a matter of when it was killed
        stdout = stdout[: stdout.index(upgrade.until)]
    store = cluster.store
    versions = {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in store.all("nodes")}
    static = [pod for pod in store.all("pods") if CONFIG_VERSION in (pod["metadata"].get("annotations") or {})]
    return Ending(
        exit=result.exit,
        stdout=_alike(stdout),
        stderr=_alike(result.stderr.decode().splitlines()),
        nodes={
            machine.hostname: (versions[machine.hostname], machine.images["kubelet"], machine.ready)
            for machine in cluster.machines.values()
        },
        pods={
            pod["metadata"]["name"]: (
                pod["spec"]["containers"][0]["image"],
                pod["metadata"]["annotations"][CONFIG_VERSION],
                pod["status"]["conditions"][0]["status"] == "True",
            )
            for pod in static
        },
        config_maps=tuple(found["metadata"]["name"] for found in store.all("configmaps")),
    )


def _alike(lines: Sequence[str]) -> tuple[str, ...]:
    """Without what is a race: that is, too, in which order the nodes tell the older talosctl of their versions."""
    compatible = iter(sorted(line for line in lines if _COMPATIBLE in line))
    ordered = [next(compatible) if _COMPATIBLE in line else line for line in lines]
    return tuple(_WHERE.sub("WHERE", line) for line in ordered if not any(words in line for words in RACE))


def known(cluster: Cluster, address: str) -> Machine:
    machine = cluster.by_address(address)
    assert machine is not None
    return machine


def is_renewed(cluster: Cluster, address: str) -> bool:
    """What runs on it is what its config says."""
    machine, store = known(cluster, address), cluster.store
    node = store.get("nodes", machine.hostname)
    assert node is not None
    pods = [pod for pod in store.pods_on(machine.hostname) if "component" in (pod["metadata"].get("labels") or {})]
    images = {pod["status"]["containerStatuses"][0]["image"] for pod in pods}
    kubelet = machine.images["kubelet"].rpartition(":")[2]
    return images <= set(machine.images.values()) and node["status"]["nodeInfo"]["kubeletVersion"] == kubelet


def at_rest(cluster: Cluster) -> bool:
    """Every pod and every kubelet runs, or something holds it up that will not go away by itself."""
    held = {fault.hostname for fault in cluster.held}
    pods = [pod for pod in cluster.store.all("pods") if CONFIG_VERSION in (pod["metadata"].get("annotations") or {})]
    settled = all(
        pod["status"]["conditions"][0]["status"] == "True"
        and pod["spec"]["containers"][0]["image"]
        == cluster.machines[pod["spec"]["nodeName"]].images[pod["metadata"]["labels"]["component"]]
        for pod in pods
        if pod["spec"]["nodeName"] not in held
    )
    return settled and all(one.ready for one in cluster.machines.values() if one.hostname not in held)


def between(cluster: Cluster, upgrade: Upgrade) -> None:
    if upgrade.mended:
        cluster.faults.clear()
        held, cluster.held = cluster.held, {}
        for go_on in held.values():
            go_on()


def embedded(upgrade: Upgrade) -> Ending:
    """In process, in virtual time."""
    desired = upgrade.desired
    world = rehearsal(
        desired,
        start=Version.parse(upgrade.start),
        faults=[parse_fault(fault, desired) for fault in upgrade.faults],
        kubernetes=Version.parse(upgrade.kubernetes),
        configs=upgrade.configs,
    )
    cluster = world.truth.cluster
    cluster.timeline.speed = SPEED
    upgrade.prepare(cluster)

    def pass_until(true: Callable[[], bool]) -> None:
        until = world.clock.now() + 600
        while not true():
            assert world.clock.now() < until, "it never came to that"
            world.advance(LOOKS)

    def run(one: Upgrade) -> Result:
        argv = ("talosctl", *one.argv)
        running = world.runner.start(Call(template="upgrade-k8s", argv=argv, deadline=timedelta(hours=1)))
        pass_until(lambda: running.poll() is not None or said(running, one.until))
        running.kill()
        result = running.poll()
        assert result is not None
        pass_until(lambda: at_rest(cluster))
        return result

    if upgrade.first is not None:
        run(upgrade.first)
        between(cluster, upgrade)
        if upgrade.restarted:
            restart_kubelet(cluster, known(cluster, upgrade.restarted))
            pass_until(lambda: is_renewed(cluster, upgrade.restarted))
        pass_until(lambda: at_rest(cluster))
    return ending(cluster, upgrade, run(upgrade))


def said(running: Running, line: str) -> bool:
    return bool(line) and f"{line}\n" in running.output().decode()
