"""One running `talosctl upgrade-k8s`: what it finds out first, and then component by component, node by node."""

from collections.abc import Generator
from functools import partial
from typing import Protocol

import semver

from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command, is_dry_run, option
from talops.sim.components import COMPONENTS, KUBELET
from talops.sim.config.checks import unsupported
from talops.sim.kube.objects import Object
from talops.sim.lifecycle import legacy_pull
from talops.sim.machine import Machine
from talops.sim.process import Process
from talops.sim.served import Ended, Reply, Served
from talops.sim.talosctl import CLIENT, QUICK_SECONDS, SILENT_SECONDS, older_server
from talops.sim.upgradek8s import node
from talops.sim.upgradek8s.asking import Asking, Failed, Steps, until
from talops.sim.upgradek8s.images import PROXY, Versions, wanted

DEFAULT = "1.36.0"
"""Of talosctl 1.13.0, where it is not told `--to`."""
_FIRST_MINOR, _LAST_MINOR = 19, 36
_FIRST_CHECKED = 24
"""From the step after this minor on, it looks for flags and resources that the next release has not any more."""
_SYNCS_ITSELF = Version.parse("v1.13.0")
"""The first Talos whose manifests are applied by the server."""
_INVENTORY = ("configmaps", "talos-bootstrap-manifests-inventory", "kube-system")


class Update(Protocol):
    def __call__(self, node: str, versions: Versions, /, *, dry_run: bool) -> Steps: ...


class UpgradeKubernetes(Process):
    """`hostname` is that of the node at hand."""

    def __init__(self, cluster: Cluster, command: Command) -> None:
        super().__init__(cluster, command)
        self._ask = Asking(cluster=cluster, endpoints=command.endpoints, say=self._stdout.append, at=self._at)
        self._dry_run = is_dry_run(command)
        self._kubelets = "--upgrade-kubelet=false" not in self.words
        self._served: Served | None = None
        self._steps = self._all()
        self.later(QUICK_SECONDS, self._go_on)

    def _at(self, machine: Machine) -> None:
        self.hostname = machine.hostname

    def _go_on(self) -> None:
        try:
            seconds = next(self._steps)
        except StopIteration:
            self.exit(0)
        except Failed as error:
            self.exit(1, str(error))
        else:
            self.later(seconds, self._go_on)

    def _all(self) -> Steps:
        if len(self.nodes) > 1:
            raise Failed('command "upgrade-k8s" is not supported with multiple nodes')
        versions = yield from self._versions()
        control_planes, workers = self._node_addresses()
        everybody = [*control_planes, *workers]
        lowest_talos = yield from self._compatible(everybody, versions)
        if _FIRST_CHECKED < _minor(versions.target) == _minor(versions.lowest) + 1:
            self._ask.say("checking for removed Kubernetes component flags")
            self._ask.say("checking for removed Kubernetes API resource versions")
        if "--pre-pull-images=false" not in self.words:
            yield from _saying("failed pre-pulling images", self._pull(control_planes, workers, versions))
        for component in COMPONENTS:
            self._ask.say(f'updating "{component}" to version "{versions.target}"')
            yield from _saying(
                f'failed updating service "{component}"',
                self._each(control_planes, partial(node.static_pod, self._ask, component), versions),
            )
        self._ask.say(f'updating kube-proxy to version "{versions.target}"')
        yield from _saying(
            "failed updating kube-proxy", self._each(control_planes, partial(node.kube_proxy, self._ask), versions)
        )
        if self._kubelets:
            self._ask.say(f'updating kubelet to version "{versions.target}"')
            yield from _saying(
                "failed upgrading kubelet", self._each(everybody, partial(node.kubelet, self._ask), versions)
            )
        yield from self._manifests(lowest_talos)

    def _versions(self) -> Generator[float, None, Versions]:
        """From the lowest that runs to the one that is asked for. Raises Failed."""
        asked = self._ask.machine(self._node)
        if asked is not None and asked.version < CLIENT:
            self._stderr.append(older_server(self._node, asked.version))
        lowest = option(self.words, "--from", "").lstrip("v")
        if not lowest:
            try:
                yield from self._ask.reached(self._node, "error building kubernetes client")
                lowest = self._lowest()
            except Failed as error:
                raise Failed(f"error detecting the lowest Kubernetes version {error}") from None
            self._ask.say(f"automatically detected the lowest Kubernetes version {lowest}")
        target = option(self.words, "--to", DEFAULT).lstrip("v")
        minor, new_minor = _minor(lowest), _minor(target)
        if not (_FIRST_MINOR <= minor <= new_minor <= min(minor + 1, _LAST_MINOR)):
            path = f'1.{minor}->1.{new_minor} (from "{lowest}" to "{target}")'
            raise Failed(f"unsupported upgrade path {path}")
        return Versions(lowest=lowest, target=target)

    def _lowest(self) -> str:
        """Of the images of the pods that carry the name of a component."""
        found = []
        for pod in self._ask.kube("/api/v1/namespaces/kube-system/pods")["items"]:
            app = (pod["metadata"].get("labels") or {}).get("k8s-app")
            if app in {*COMPONENTS, PROXY}:
                found += [tag for tag in _tags(pod, app) if semver.Version.is_valid(tag)]
        if not found:
            raise Failed("failed to detect lowest Kubernetes version")
        return min(found, key=semver.Version.parse)

    def _node_addresses(self) -> tuple[list[str], list[str]]:
        """Of control planes and of workers, as Kubernetes knows them. Raises Failed."""
        try:
            nodes = self._ask.kube("/api/v1/nodes")["items"]
        except Failed as error:
            raise Failed(f"error fetching controlplane nodes: {error}") from None
        role = "node-role.kubernetes.io/control-plane"
        control_planes = [_internal(one) for one in nodes if role in (one["metadata"].get("labels") or {})]
        workers = [_internal(one) for one in nodes if role not in (one["metadata"].get("labels") or {})]
        if not control_planes:
            raise Failed("no controlplane nodes discovered")
        self._ask.say(f"discovered controlplane nodes {_quoted(control_planes)}")
        if not self._kubelets:
            return control_planes, []
        self._ask.say(f"discovered worker nodes {_quoted(workers)}")
        return control_planes, workers

    def _compatible(self, addresses: list[str], versions: Versions) -> Generator[float, None, Version]:
        """Gives the oldest Talos. Raises Failed."""
        silent = next((one for one in addresses if self._ask.machine(one) is None), "")
        if silent:
            yield SILENT_SECONDS
            raise Failed(f'node "{silent}": {self._ask.no_answer(silent)}')
        yield QUICK_SECONDS
        found = {one: machine.version for one in addresses if (machine := self._ask.machine(one)) is not None}
        for address, version in found.items():
            if why := unsupported(versions.target, _minor(versions.target), version):
                raise Failed(f'node "{address}": {why}')
        for address, version in found.items():
            talos = f"Talos version {str(version).removeprefix('v')}"
            self._ask.say(f'> "{address}": {talos} is compatible with Kubernetes version {versions.target}')
        return min(found.values())

    def _pull(self, control_planes: list[str], workers: list[str], versions: Versions) -> Steps:
        for component in COMPONENTS:
            for address in control_planes:
                yield from self._pull_one(address, component, versions)
        if self._kubelets:
            for address in (*control_planes, *workers):
                yield from self._ask.reached(address, f"error fetching kubelet spec on node {address}")
                yield from self._pull_one(address, KUBELET, versions)

    def _pull_one(self, address: str, component: str, versions: Versions) -> Steps:
        machine = self._cluster.by_address(address)
        if machine is None:
            raise Failed(f"error pre-pulling on {address}: {self._ask.no_answer(address)}")
        image = wanted(component, machine, versions)
        self._ask.say(f' > "{address}": pre-pulling {image}')
        doing = f"error pre-pulling {image} on {address}"
        yield from self._ask.reached(address, doing)
        ended: list[Ended] = []

        def hear(reply: Reply) -> None:
            if isinstance(reply, Ended):
                ended.append(reply)

        self._served = legacy_pull(self._cluster, machine, image, hear)
        yield from until(lambda: bool(ended), lambda: self._ask.now)
        if ended[0].status is not None:
            raise Failed(f"{doing}: {ended[0].status}")

    def _over(self) -> None:
        if self._served is not None:
            self._served.cancel()

    def _each(self, addresses: list[str], update: Update, versions: Versions) -> Steps:
        for address in addresses:
            steps = update(address, versions, dry_run=self._dry_run)
            yield from _saying(f'error updating node "{address}"', steps)

    def _manifests(self, lowest_talos: Version) -> Steps:
        """This cluster has none; the list of those that were applied is written all the same, in a dry run, too."""
        by_server = lowest_talos >= _SYNCS_ITSELF
        self._ask.say("updating manifests (dry run)" if by_server and self._dry_run else "updating manifests")
        yield QUICK_SECONDS
        if by_server:
            _remember(self._cluster, self._ask)
        if self._dry_run:
            return
        if by_server:
            self._ask.say("waiting for kubernetes objects to be fully reconciled")
            self._ask.say("done")
        else:
            self._ask.say("waiting for all manifests to be applied")


def _saying(doing: str, steps: Steps) -> Steps:
    """What fails in these steps failed while it was doing that."""
    try:
        yield from steps
    except Failed as error:
        raise Failed(f"{doing}: {error}") from None


def _remember(cluster: Cluster, ask: Asking) -> None:
    """Raises Failed."""
    plural, name, namespace = _INVENTORY
    try:
        ask.kube(f"/api/v1/namespaces/{namespace}")
    except Failed as error:
        raise Failed(f"error applying manifests: failed to get inventory, {error}") from None
    if cluster.store.get(plural, name, namespace) is None:
        metadata = {"name": name, "namespace": namespace}
        cluster.store.create(plural, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata})


def _tags(pod: Object, app: str) -> list[str]:
    images = [one["image"].partition("@")[0] for one in pod["spec"]["containers"] if one["name"] == app]
    return [image.partition(":")[2].lstrip("v") for image in images]


def _internal(node: Object) -> str:
    return next(str(one["address"]) for one in node["status"]["addresses"] if one["type"] == "InternalIP")


def _quoted(addresses: list[str]) -> str:
    return "[" + " ".join(f'"{address}"' for address in addresses) + "]"


def _minor(version: str) -> int:
    return int(version.split(".")[1])
