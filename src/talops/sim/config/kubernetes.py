"""The static pods that a control plane runs because its machine config says so."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from talops.sim.cluster import Cluster
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
        image = str(new.get("image") or "")
        cluster.later(machine, _POD_SECONDS, partial(_restart, cluster, machine, component, version, image))


def _part(main: Object, key: str) -> Object:
    found = main.get("cluster")
    part = found.get(key) if isinstance(found, dict) else None
    return part if isinstance(part, dict) else {}


def _restart(cluster: Cluster, machine: Machine, component: str, version: int, image: str) -> None:
    """Unless it has changed again meanwhile."""
    name, store = f"{component}-{machine.hostname}", cluster.store
    if machine.static_pods.get(component) != version or store.get("pods", name, "kube-system") is None:
        return
    stamp = store.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def change(pod: Object) -> None:
        pod["metadata"].setdefault("annotations", {})[CONFIG_VERSION] = str(version)
        container = pod["spec"]["containers"][0]
        container["image"] = image or container["image"]
        set_ready(pod, True, f"{machine.boot_id}-{version}", stamp)

    store.update("pods", name, "kube-system", change)
