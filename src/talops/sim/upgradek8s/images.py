"""What talosctl writes into a machine config to change an image, and what it says of the old one."""

from dataclasses import dataclass

from talops.domain.applymode import ApplyMode
from talops.sim.cluster import Cluster
from talops.sim.components import COMPONENTS, KUBELET, REPOSITORIES
from talops.sim.config.applying import apply
from talops.sim.config.documents import Document, encoded, main_of, read
from talops.sim.config.nodes import Unreadable
from talops.sim.kube.objects import Object, copied
from talops.sim.machine import Machine
from talops.sim.served import Refused
from talops.sim.upgradek8s.asking import Failed

PROXY = "kube-proxy"
_PLACES = {PROXY: ("cluster", "proxy"), KUBELET: ("machine", "kubelet")}
_SUFFIXES = ("-fat", "-slim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """As talosctl writes them: without the v."""

    lowest: str
    target: str


def wanted(component: str, machine: Machine, versions: Versions) -> str:
    suffix = suffix_of(machine.images[KUBELET]) if component == KUBELET else ""
    return f"{REPOSITORIES[component]}:v{versions.target}{suffix}"


def suffix_of(image: str) -> str:
    """Of a kubelet's image that is a fat or a slim one."""
    return next((suffix for suffix in _SUFFIXES if image.partition("@")[0].endswith(suffix)), "")


def is_there(component: str, machine: Machine, versions: Versions) -> bool:
    """Whether the node is configured for that already, whatever runs on it."""
    image = wanted(component, machine, versions)
    if component == KUBELET:
        return machine.images[KUBELET].partition("@")[0] == image
    return image in {_named(machine, component), machine.images[component]}


def change(component: str, machine: Machine, versions: Versions) -> str:
    """From which tag to which: of the image that the config names, cut at its first colon."""
    old = machine.images[KUBELET] if component == KUBELET else _named(machine, component)
    tag = old.partition("@")[0].partition(":")[2] or versions.lowest
    new = versions.target
    if component == KUBELET:
        tag, new = tag.lstrip("v"), new + suffix_of(old)
    return f"{component}: {tag} -> {new}"


def patch(cluster: Cluster, machine: Machine, component: str, image: str) -> None:
    """The whole config, applied anew. An empty image changes nothing in it. Raises Failed."""
    documents = _documents(machine)
    main = copied(main_of(documents) or {})
    if image:
        above, key = _PLACES.get(component) or ("cluster", COMPONENTS[component])
        main.setdefault(above, {})
        part = main[above].get(key)
        main[above][key] = {**(part if isinstance(part, dict) else {}), "image": image}
    others = (document for document in documents if document.kind)
    text = encoded((Document(kind="", name="", value=main), *others))
    try:
        apply(cluster, machine, text, ApplyMode.NO_REBOOT)
    except Refused as error:
        raise Failed(f"error applying config: {error}") from None


def _named(machine: Machine, component: str) -> str:
    """Empty when the config leaves that to Talos."""
    main: Object = main_of(_documents(machine)) or {}
    part = (main.get("cluster") or {}).get(COMPONENTS[component])
    return str(part.get("image") or "") if isinstance(part, dict) else ""


def _documents(machine: Machine) -> tuple[Document, ...]:
    try:
        return read(machine.config.active, machine.version.minor)
    except Unreadable:
        return ()
