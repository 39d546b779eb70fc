"""What a node has against a machine config that it can read.

Words and order are those of `talosctl validate` (which runs the same checks), but for the versions of Kubernetes, which
only a node checks. Source of these: Talos v1.13.0, v1alpha1_validation.go.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from talops.domain.talos import Role, Version
from talops.sim.config.documents import Document, main_of
from talops.sim.config.kinds import kubernetes_of
from talops.sim.kube.objects import Object

_IMAGE = re.compile(r":v(?P<major>\d+)\.(?P<minor>\d+)[^:@]*(@.*)?$")
_COMPONENTS = (
    ("apiServer", "kube-apiserver"),
    ("controllerManager", "kube-controller-manager"),
    ("scheduler", "kube-scheduler"),
)
_BOOT_ASSETS = {
    12: "https://www.talos.dev/latest/talos-guides/install/boot-assets/",
    13: "https://docs.siderolabs.com/talos/latest/platform-specific-installations/boot-assets",
}


def objection_to(documents: tuple[Document, ...], version: Version, *, has_ca: bool) -> str:
    """Empty when there is none. `has_ca` is whether the node has a CA already: the smallest configs here have none."""
    main = main_of(documents)
    if main is None:
        return (
            "the applied machine configuration doesn't contain v1alpha1 config, "
            "did you mean to patch the machine config instead?"
        )
    errors = [f"v1alpha1.Config: {listed(found)}"] if (found := list(_of_main(main, has_ca=has_ca))) else []
    named = [document.value for document in documents if document.kind == "HostnameConfig"]
    if any(not {"auto", "hostname"} & value.keys() for value in named):
        errors.append("HostnameConfig: either 'auto' or 'hostname' must be set")
    if named and _part(main, "machine", "network", "hostname"):
        errors.append("static hostname is already set in v1alpha1 config")
    if errors:
        return listed(errors)
    of_images = list(_of_images(main, version))
    return listed([f"v1alpha1.Config: {listed(of_images)}"]) if of_images else ""


def warnings_about(documents: tuple[Document, ...], version: Version) -> tuple[str, ...]:
    main = main_of(documents) or {}
    found: list[str] = []
    if _part(main, "machine", "type") in {"", None}:
        found.append('use "worker" instead of "" for machine type')
    if _part(main, "machine", "install", "extensions"):
        where = _BOOT_ASSETS[12 if version.minor < 13 else 13]
        found += [f".machine.install.extensions is deprecated, please see {where}"] * 2
    return tuple(found)


def listed(errors: Sequence[str]) -> str:
    """As Go's multierror writes several errors."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    points = "\n\t".join(f"* {error}" for error in errors)
    return f"{count} occurred:\n\t{points}\n\n"


def _part(value: object, *path: str) -> object:
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _of_main(main: Object, *, has_ca: bool) -> Iterator[str]:
    if main.get("machine") is None:
        yield "machine instructions are required"
        return
    kind = str(_part(main, "machine", "type") or Role.WORKER.value)
    worker = kind in {Role.WORKER.value, "join"}
    yield from _of_cluster(main.get("cluster"), worker=worker)
    yield from _of_install(_part(main, "machine", "install"))
    ca, accepted = _part(main, "machine", "ca"), _part(main, "machine", "acceptedCAs")
    if has_ca and not ca and not accepted:
        yield "issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)"
    if worker:
        yield from _of_worker(main, accepted)
    elif kind not in {Role.CONTROL_PLANE.value, "init"}:
        yield f'unknown machine type "{kind}"'
    elif has_ca and not ca:
        yield "issuing CA is required (.machine.ca)"
    elif ca and not _part(ca, "key"):
        yield "issuing CA key is required for controlplane nodes (.machine.ca.key)"
    if main.get("persist") is False:
        yield ".persist should be enabled"


def _of_cluster(cluster: object, *, worker: bool) -> Iterator[str]:
    if cluster is None:
        yield "cluster instructions are required"
        return
    endpoint = _part(cluster, "controlPlane", "endpoint")
    if endpoint is None:
        yield "cluster controlplane endpoint is required"
        return
    if not _host_of(str(endpoint)):
        yield "invalid controlplane endpoint: hostname must not be blank"
    if worker and _part(cluster, "etcd") is not None:
        yield "etcd config is only allowed on control plane machines"
    if worker and _part(cluster, "ca", "key"):
        yield "cluster CA key is not allowed on non-controlplane nodes (.cluster.ca)"


def _host_of(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        # half of an IPv6 address
        return None


def _of_install(install: object) -> Iterator[str]:
    if install is None:
        yield 'install instructions are required in "metal" mode'
    elif not _part(install, "disk") and not _part(install, "diskSelector"):
        yield "either install disk or diskSelector should be defined"


def _of_worker(main: Object, accepted: object) -> Iterator[str]:
    interfaces = _part(main, "machine", "network", "interfaces")
    for interface in interfaces if isinstance(interfaces, list) else []:
        if _part(interface, "vip") is not None:
            yield "virtual (shared) IP is not allowed on non-controlplane nodes"
    ca = _part(main, "machine", "ca")
    if ca and _part(ca, "key"):
        yield "issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)"
    if ca and not _part(ca, "crt") and not accepted:
        yield ("trusted CA certificates are required on non-controlplane nodes (.machine.ca.crt, .machine.acceptedCAs)")
    if _part(main, "cluster", "ca", "key"):
        yield "issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)"


def _of_images(main: Object, version: Version) -> Iterator[str]:
    """A node runs only the Kubernetes that its Talos was made for. An image that is not set is of such a one."""
    named = [("kubelet", _part(main, "machine", "kubelet", "image"))]
    if _part(main, "machine", "type") in {Role.CONTROL_PLANE.value, "init"}:
        named += [(name, _part(main, "cluster", key, "image")) for key, name in _COMPONENTS]
    for name, image in named:
        if image and (problem := _misfit(str(image), version)):
            yield f"{name} image is not valid: {problem}"


def _misfit(image: str, version: Version) -> str:
    tag = _IMAGE.search(image)
    if tag is None:
        return f'failed to parse Kubernetes version from image reference "{image}": invalid image reference: "{image}"'
    return unsupported(tag[0].lstrip(":v").partition("@")[0], int(tag["minor"]), version)


def unsupported(kubernetes: str, minor: int, version: Version) -> str:
    """Why this Kubernetes does not run on this Talos; empty when it does."""
    known = kubernetes_of(version.minor)
    if known is None:
        return f"compatibility with version {version.core} is not supported"
    if minor < known[0]:
        return f"version of Kubernetes {kubernetes} is too old to be used with Talos {version.core}"
    if minor > known[1]:
        return f"version of Kubernetes {kubernetes} is too new to be used with Talos {version.core}"
    return ""
