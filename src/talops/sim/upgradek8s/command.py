"""One running `talosctl upgrade-k8s`: what it finds out first, and then component by component, node by node."""

from functools import partial
from typing import Protocol

from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command, is_dry_run
from talops.sim.components import COMPONENTS
from talops.sim.machine import Machine
from talops.sim.process import Process
from talops.sim.talosctl import CLIENT, QUICK_SECONDS, older_server
from talops.sim.upgradek8s import finding, node, removed
from talops.sim.upgradek8s.asking import Asking, Failed, Steps
from talops.sim.upgradek8s.images import Versions
from talops.sim.upgradek8s.pulling import pull

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
        asked = self._ask.machine(self._node)
        if asked is not None and asked.version < CLIENT:
            self._stderr.append(older_server(self._node, asked.version))
        versions = yield from finding.versions(self._ask, self._node, self.words)
        control_planes, workers = finding.node_addresses(self._ask, workers_too=self._kubelets)
        everybody = [*control_planes, *workers]
        talos = yield from finding.oldest_talos(self._ask, everybody, versions)
        if _FIRST_CHECKED < finding.minor_of(versions.target) == finding.minor_of(versions.lowest) + 1:
            self._ask.say("checking for removed Kubernetes component flags")
            self._ask.say("checking for removed Kubernetes API resource versions")
            removed.check(self._ask, control_planes, everybody, finding.minor_of(versions.target))
        if "--pre-pull-images=false" not in self.words:
            pulls = pull(self._ask, control_planes, everybody if self._kubelets else (), versions)
            yield from _saying("failed pre-pulling images", pulls)
        yield from self._change(control_planes, everybody, versions)
        yield from self._manifests(talos)

    def _change(self, control_planes: list[str], everybody: list[str], versions: Versions) -> Steps:
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

    def _over(self) -> None:
        self._steps.close()

    def _each(self, addresses: list[str], update: Update, versions: Versions) -> Steps:
        for address in addresses:
            steps = update(address, versions, dry_run=self._dry_run)
            yield from _saying(f'error updating node "{address}"', steps)

    def _manifests(self, talos: Version) -> Steps:
        """This cluster has none; the list of those that were applied is written all the same, in a dry run, too."""
        by_server = talos >= _SYNCS_ITSELF
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
