"""What talosctl finds out before it changes anything: which Kubernetes runs where, and whether another one may."""

from collections.abc import Generator, Sequence

import semver

from talops.domain.talos import Version
from talops.sim.commandline import option
from talops.sim.components import COMPONENTS
from talops.sim.config.checks import unsupported
from talops.sim.kube.objects import Object
from talops.sim.refusals import control_planes_only
from talops.sim.served import Code, Status
from talops.sim.talosctl import QUICK_SECONDS, SILENT_SECONDS
from talops.sim.upgradek8s.asking import Asking, Failed
from talops.sim.upgradek8s.images import PROXY, Versions

DEFAULT = "1.36.0"
"""Of talosctl 1.13.0, where it is not told `--to`."""
_FIRST_MINOR, _LAST_MINOR = 19, 36
_CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


def versions(ask: Asking, node: str, words: Sequence[str]) -> Generator[float, None, Versions]:
    """From the lowest that runs to the one that is asked for. Raises Failed."""
    lowest = option(words, "--from", "").lstrip("v")
    if not lowest:
        try:
            yield from ask.reached(node, "error building kubernetes client")
            _get_in(ask, node)
            lowest = _lowest(ask)
        except Failed as error:
            raise Failed(f"error detecting the lowest Kubernetes version {error}") from None
        ask.say(f"automatically detected the lowest Kubernetes version {lowest}")
    target = option(words, "--to", DEFAULT).lstrip("v")
    minor, new_minor = minor_of(lowest), minor_of(target)
    if not (_FIRST_MINOR <= minor <= new_minor <= min(minor + 1, _LAST_MINOR)):
        raise Failed(f'unsupported upgrade path 1.{minor}->1.{new_minor} (from "{lowest}" to "{target}")')
    return Versions(lowest=lowest, target=target)


def _get_in(ask: Asking, node: str) -> None:
    """The node that was named gives the kubeconfig. Raises Failed."""
    machine = ask.machine(node)
    if machine is None or not machine.control_plane:
        status = Status(Code.UNIMPLEMENTED, control_planes_only("kubeconfig"))
        raise Failed(f"error building kubernetes client: {status}")


def _lowest(ask: Asking) -> str:
    """Of the images of the pods that carry the name of a component."""
    found = []
    for pod in ask.kube("/api/v1/namespaces/kube-system/pods")["items"]:
        app = (pod["metadata"].get("labels") or {}).get("k8s-app")
        if app not in {*COMPONENTS, PROXY}:
            continue
        for tag in _tags(pod, app):
            if semver.Version.is_valid(tag):
                found.append(tag)
            else:
                why = f'Invalid character(s) found in major number "{tag.partition(".")[0]}"'
                ask.say(f"failed to parse {app} container version {why}")
    if not found:
        raise Failed("failed to detect lowest Kubernetes version")
    return min(found, key=semver.Version.parse)


def _tags(pod: Object, app: str) -> list[str]:
    """What stands behind the first colon: of a registry with a port, that is no version."""
    images = [one["image"].partition("@")[0] for one in pod["spec"]["containers"] if one["name"] == app]
    return [image.partition(":")[2].lstrip("v") for image in images if ":" in image]


def node_addresses(ask: Asking, *, workers_too: bool) -> tuple[list[str], list[str]]:
    """Of control planes and of workers, as Kubernetes knows them. Raises Failed."""
    try:
        nodes = ask.kube("/api/v1/nodes")["items"]
    except Failed as error:
        raise Failed(f"error fetching controlplane nodes: {error}") from None
    roles = [(_internal(one), _CONTROL_PLANE in (one["metadata"].get("labels") or {})) for one in nodes]
    control_planes = [address for address, leads in roles if leads]
    workers = [address for address, leads in roles if not leads]
    if not control_planes:
        raise Failed("no controlplane nodes discovered")
    ask.say(f"discovered controlplane nodes {_quoted(control_planes)}")
    if not workers_too:
        return control_planes, []
    ask.say(f"discovered worker nodes {_quoted(workers)}")
    return control_planes, workers


def oldest_talos(ask: Asking, addresses: Sequence[str], versions: Versions) -> Generator[float, None, Version]:
    """Of nodes that all run a Talos that the new Kubernetes runs on. Raises Failed."""
    silent = next((one for one in addresses if ask.machine(one) is None), "")
    if silent:
        yield SILENT_SECONDS
        raise Failed(f'node "{silent}": {ask.no_answer(silent)}')
    yield QUICK_SECONDS
    found = {one: machine.version for one in addresses if (machine := ask.machine(one)) is not None}
    for address, version in found.items():
        if why := unsupported(versions.target, minor_of(versions.target), version):
            raise Failed(f'node "{address}": {why}')
    for address, version in found.items():
        talos = f"Talos version {str(version).removeprefix('v')}"
        ask.say(f'> "{address}": {talos} is compatible with Kubernetes version {versions.target}')
    return min(found.values())


def minor_of(version: str) -> int:
    return int(version.split(".")[1])


def _internal(node: Object) -> str:
    return next(str(one["address"]) for one in node["status"]["addresses"] if one["type"] == "InternalIP")


def _quoted(addresses: Sequence[str]) -> str:
    return "[" + " ".join(f'"{address}"' for address in addresses) + "]"
