"""The pods of kube-system that Kubernetes itself consists of, as the API tells them. Pure."""

from functools import lru_cache

from talops.domain.components import Component, ComponentPod
from talops.domain.talos import Unknown
from talops.tools.reading import ParseError, load, rows, strings, table, text
from talops.tools.replies import list_reader
from talops.tools.talosctl import read_version

NAMESPACE = "kube-system"
LABEL = "k8s-app"
SELECTOR = f"{LABEL} in (kube-apiserver,kube-controller-manager,kube-scheduler,kube-proxy)"
OURS = {
    **{component: f"registry.k8s.io/{component.value}" for component in Component},
    Component.KUBELET: "ghcr.io/siderolabs/kubelet",
}
"""Where talosctl takes the images from, unless it is told (its upgrade-k8s has a flag for each)."""


def image_parts(image: str) -> tuple[str, str]:
    """Repository and tag. A registry may have a port, and a digest may stand behind the tag."""
    named = image.partition("@")[0]
    folder, slash, last = named.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{folder}{slash}{name}", tag


@lru_cache(maxsize=2048)
def _pod(piece: bytes) -> ComponentPod | None:
    """None for what only carries the label, as pods elsewhere may."""
    found = load(piece)
    metadata = table(found, "metadata")
    app = text(metadata, "labels", LABEL)
    if not text(metadata, "name"):
        raise ParseError("an object without a name")
    images = [text(row, "image") for row in rows(found, "spec", "containers") if text(row, "name") == app]
    if text(metadata, "namespace") != NAMESPACE or app not in set(Component) or not images:
        return None
    repository, tag = image_parts(images[0])
    return ComponentPod(
        component=Component(app),
        name=text(metadata, "name"),
        node=text(found, "spec", "nodeName"),
        version=read_version(tag) if tag else Unknown(f"its image {images[0][:80]!r} has no tag"),
        repository=repository,
        mirror="kubernetes.io/config.mirror" in strings(metadata, "annotations"),
    )


component_pods = list_reader("PodList", _pod)
"""None stands for a pod that is none."""
