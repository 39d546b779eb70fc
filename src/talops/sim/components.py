"""What Kubernetes itself consists of on a node: static pods of a control plane, the kubelet, and their images."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from talops.sim.cluster import Cluster
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
KUBELET = "kubelet"
REPOSITORIES: Mapping[str, str] = MappingProxyType(
    {**{name: f"registry.k8s.io/{name}" for name in (*COMPONENTS, "kube-proxy")}, KUBELET: "ghcr.io/siderolabs/kubelet"}
)
"""Where talosctl and Talos take the images from, unless told."""
_OF_KUBERNETES = re.compile(rf"/({'|'.join(REPOSITORIES)}):[^/]+$")
_FIRST_VERSION = 1
IMAGE_MISSING = "kubernetes-image-missing"


def is_of_kubernetes(image: str) -> bool:
    """Whether this is an image of a component, from whichever registry."""
    return bool(_OF_KUBERNETES.search(image))


def config_version(machine: Machine, component: str) -> int:
    """Of the resource that a static pod is made from. They count from 1 in each boot."""
    return machine.static_pods.get(component, _FIRST_VERSION)


def cannot_have(cluster: Cluster, machine: Machine, component: str) -> bool:
    """Whether the image that the config names for it cannot be got: what is on the disk is not pulled again."""
    image = machine.images[component]
    if image not in machine.pulled and not cluster.faulty(IMAGE_MISSING, machine.hostname):
        machine.pulled.add(image)
    return image not in machine.pulled
