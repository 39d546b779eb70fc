"""The static pods that a control plane runs because its machine config says so."""

from collections.abc import Callable
from functools import partial

from talops.sim.cluster import Cluster
from talops.sim.components import COMPONENTS, CONFIG_VERSION, IMAGE_MISSING, cannot_have, config_version
from talops.sim.config.documents import main_of, read
from talops.sim.kube.objects import Object
from talops.sim.kubelet import set_ready, set_waiting
from talops.sim.machine import Machine

_API_SERVER = "kube-apiserver"
_POD_SECONDS, _READY_SECONDS = 5.0, 4.0
"""Until the pod of the new config is there, and then until it is Ready."""


def change_static_pods(cluster: Cluster, machine: Machine, before: Object, after: Object) -> None:
    """Those whose part of the config has changed start anew. What they are made from is another one at once."""
    for component, key in COMPONENTS.items():
        old, new = _part(before, key), _part(after, key)
        if old == new:
            continue
        machine.static_pods[component] = config_version(machine, component) + 1
        name_image(machine, component, new)
        _renew(cluster, machine, component, after=_POD_SECONDS)


def adopt_config(cluster: Cluster, machine: Machine) -> None:
    """A boot starts its static pods from what the config says, whatever ran before."""
    main = main_of(read(machine.config.active, machine.version.minor)) or {}
    for component, key in COMPONENTS.items():
        name_image(machine, component, _part(main, key))
        _change(cluster, machine, component, partial(_adopt, machine, component))


def renew_static_pods(cluster: Cluster, machine: Machine, *, by_hand: bool = False) -> None:
    """Those that are not what their config says: what kept them as they were is over, or a person mends it."""
    for component in COMPONENTS:
        pod = cluster.store.get("pods", f"{component}-{machine.hostname}", "kube-system")
        if pod is not None and not _is_renewed(pod, config_version(machine, component)):
            _renew(cluster, machine, component, after=0, by_hand=by_hand)


def _is_renewed(pod: Object, version: int) -> bool:
    ready = any(row["type"] == "Ready" and row["status"] == "True" for row in pod["status"]["conditions"])
    return ready and (pod["metadata"].get("annotations") or {}).get(CONFIG_VERSION) == str(version)


def _renew(cluster: Cluster, machine: Machine, component: str, *, after: float, by_hand: bool = False) -> None:
    version = config_version(machine, component)
    cluster.later(machine, after, lambda: _replace(cluster, machine, component, version, by_hand=by_hand))


def _replace(cluster: Cluster, machine: Machine, component: str, version: int, *, by_hand: bool) -> None:
    """Unless its config has changed again meanwhile."""
    if config_version(machine, component) != version:
        return
    if not by_hand and cluster.holds("static-pod-stays", machine, lambda: renew_static_pods(cluster, machine)):
        return
    stamp = cluster.store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    machine.api_away |= component == _API_SERVER

    def begin(pod: Object) -> None:
        _adopt(machine, component, pod)
        set_ready(pod, False, machine.boot_id, stamp)

    _change(cluster, machine, component, begin)
    cluster.later(machine, _READY_SECONDS, lambda: _start(cluster, machine, component, version))


def _start(cluster: Cluster, machine: Machine, component: str, version: int) -> None:
    if config_version(machine, component) != version:
        return
    if cannot_have(cluster, machine, component):
        cluster.holds(IMAGE_MISSING, machine, lambda: renew_static_pods(cluster, machine))
        _change(cluster, machine, component, partial(set_waiting, reason="ErrImagePull"))
        return
    stamp = cluster.store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    machine.api_away &= component != _API_SERVER
    incarnation = f"{machine.boot_id}-{version}"
    _change(cluster, machine, component, lambda pod: set_ready(pod, True, incarnation, stamp))


def _change(cluster: Cluster, machine: Machine, component: str, change: Callable[[Object], None]) -> None:
    name = f"{component}-{machine.hostname}"
    if cluster.store.get("pods", name, "kube-system") is not None:
        cluster.store.update("pods", name, "kube-system", change)


def _adopt(machine: Machine, component: str, pod: Object) -> None:
    pod["metadata"].setdefault("annotations", {})[CONFIG_VERSION] = str(config_version(machine, component))
    image = machine.images[component]
    pod["spec"]["containers"][0]["image"] = image
    for container in pod["status"].get("containerStatuses") or ():
        container.update(image=image, imageID=image)


def name_image(machine: Machine, component: str, part: object) -> None:
    if isinstance(part, dict) and part.get("image"):
        machine.images[component] = str(part["image"])


def _part(main: Object, key: str) -> Object:
    found = main.get("cluster")
    part = found.get(key) if isinstance(found, dict) else None
    return part if isinstance(part, dict) else {}
