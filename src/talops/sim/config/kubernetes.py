"""The static pods that a control plane runs because its machine config says so."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from talops.sim.cluster import Cluster
from talops.sim.config.documents import main_of, read
from talops.sim.kube.objects import Object
from talops.sim.kubelet import set_ready
from talops.sim.machine import Machine

COMPONENTS: Mapping[str, str] = MappingProxyType(
    {
        "kube-apiserver": "apiServer",
        "kube-controller-manager": "controllerManager",
        "kube-scheduler": "scheduler",
    }
)
"""Static pods, and the key of the config, below `cluster`, that each is made from."""
CONFIG_VERSION = "talos.dev/config-version"
"""The annotation that ties a static pod to the version of the config that it runs with. Source: talos.md 2.9."""
_POD_SECONDS = 5.0


def change_static_pods(cluster: Cluster, machine: Machine, before: Object, after: Object) -> None:
    """Those whose part of the config has changed start anew."""
    for component, key in COMPONENTS.items():
        old, new = _part(before, key), _part(after, key)
        if old == new:
            continue
        version = machine.static_pods.get(component, 1) + 1
        machine.static_pods[component] = version
        _name_image(machine, component, new)
        cluster.later(machine, _POD_SECONDS, partial(_restart, cluster, machine, component, version))


def adopt_images(cluster: Cluster, machine: Machine) -> None:
    """A boot with another config starts its static pods from the images that this names."""
    if not machine.control_plane:
        return
    main = main_of(read(machine.config.active, machine.version.minor)) or {}
    for component, key in COMPONENTS.items():
        _name_image(machine, component, _part(main, key))
        name = f"{component}-{machine.hostname}"
        if component in machine.images and cluster.store.get("pods", name, "kube-system") is not None:
            cluster.store.update("pods", name, "kube-system", partial(_set_image, machine.images[component]))


def _name_image(machine: Machine, component: str, part: Object) -> None:
    if part.get("image"):
        machine.images[component] = str(part["image"])


def _set_image(image: str, pod: Object) -> None:
    pod["spec"]["containers"][0]["image"] = image
    for container in pod["status"].get("containerStatuses") or ():
        container.update(image=image, imageID=image)


def _part(main: Object, key: str) -> Object:
    found = main.get("cluster")
    part = found.get(key) if isinstance(found, dict) else None
    return part if isinstance(part, dict) else {}


def _restart(cluster: Cluster, machine: Machine, component: str, version: int) -> None:
    """Unless it has changed again meanwhile."""
    name, store = f"{component}-{machine.hostname}", cluster.store
    if machine.static_pods.get(component) != version or store.get("pods", name, "kube-system") is None:
        return
    stamp = store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def change(pod: Object) -> None:
        pod["metadata"].setdefault("annotations", {})[CONFIG_VERSION] = str(version)
        if component in machine.images:
            _set_image(machine.images[component], pod)
        set_ready(pod, True, f"{machine.boot_id}-{version}", stamp)

    store.update("pods", name, "kube-system", change)
