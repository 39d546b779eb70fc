"""A node three ways: what the files want, what its machine config says, and what it runs. Pure."""

import re

from talops.domain.cluster import DesiredNode
from talops.domain.machineconfig import Aspect, Change, NodeDrift, Staged
from talops.domain.talos import TalosNode, Unknown
from talops.errors import FilesInvalid
from talops.files.diff import changes
from talops.files.documents import V1ALPHA1, documents, text_at
from talops.files.redact import Secrets
from talops.observe import Running
from talops.plan.extensions import canonical
from talops.tools.nodeconfig import NodeConfigs

_TAG = re.compile(r":(?P<tag>v?[0-9][^:/@]*)(?:@[^/]*)?$")
_SCHEMATIC = re.compile(r"/(?P<id>[0-9a-f]{64})(?::|@|$)")
NONE = "none"


def drift(node: DesiredNode, wanted: str, running: Running, secrets: Secrets) -> NodeDrift:
    """`wanted` is the config that the files generate for this node. Raises FilesInvalid when that is none."""
    held = running.configs
    active = held if isinstance(held, Unknown) else _active(held)
    if isinstance(active, Unknown):
        return NodeDrift(hostname=node.hostname, changes=active, aspects=_aspects(node, "", running))
    return NodeDrift(
        hostname=node.hostname,
        changes=_changes(active, wanted, secrets),
        aspects=_aspects(node, active, running),
        staged=Staged.NOTHING if isinstance(held, Unknown) else _staged(held, wanted, secrets),
    )


def _active(held: NodeConfigs) -> str | Unknown:
    return Unknown("it names no config that it runs with") if held.active is None else held.active.text


def _changes(active: str, wanted: str, secrets: Secrets) -> tuple[Change, ...] | Unknown:
    documents(wanted)
    try:
        return changes(active, wanted, secrets=secrets)
    except FilesInvalid as error:
        return Unknown(f"its config cannot be read: {secrets.hidden(error.what)}")


def _staged(held: NodeConfigs, wanted: str, secrets: Secrets) -> Staged:
    if held.active is None or held.persistent is None or not _changes(held.active.text, held.persistent.text, secrets):
        return Staged.NOTHING
    return Staged.OTHER if _changes(held.persistent.text, wanted, secrets) else Staged.FILES


def _aspects(node: DesiredNode, active: str, running: Running) -> tuple[Aspect, ...]:
    image, kubelet = _images(active)
    talos = running.talos
    files = node.installer.schematic if node.installer.from_files else None
    version = talos.version if isinstance(talos, TalosNode) else talos
    schematic = talos.schematic if isinstance(talos, TalosNode) else talos
    found = [
        Aspect(
            name="Talos",
            files=str(node.talos_version),
            config=_match(_TAG, image, "tag"),
            running=version if isinstance(version, Unknown) else str(version),
        ),
        Aspect(
            name="schematic",
            files=files or "",
            config=_match(_SCHEMATIC, image, "id"),
            running=schematic if isinstance(schematic, Unknown) else schematic or NONE,
        ),
        Aspect(
            name="extensions",
            files="" if node.extensions is None else _listed(node.extensions),
            config="",
            running=_listed(talos.extensions) if isinstance(talos, TalosNode) else talos,
        ),
        Aspect(
            name="Kubernetes",
            files=str(node.kubernetes_version),
            config=_match(_TAG, kubelet, "tag"),
            running=running.kubelet or Unknown("Kubernetes knows no such node"),
        ),
    ]
    return tuple(aspect for aspect in found if aspect.files or aspect.config)


def _images(active: str) -> tuple[str, str]:
    """Of installer and kubelet, as the node's config has them."""
    try:
        document = documents(active).get(V1ALPHA1)
    except FilesInvalid:
        return "", ""
    return text_at(document, "machine", "install", "image"), text_at(document, "machine", "kubelet", "image")


def _listed(extensions: tuple[str, ...]) -> str:
    return ", ".join(sorted(canonical(extensions))) or NONE


def _match(pattern: re.Pattern[str], image: str, group: str) -> str:
    found = pattern.search(image)
    return found[group] if found else ""
