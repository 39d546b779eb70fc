"""talconfig.yaml, substituted and parsed, into what a rollout wants to know of it."""

from collections.abc import Iterator
from dataclasses import dataclass

from talops.config.compose import parse
from talops.config.images import Factory, installer
from talops.config.inherit import inherited
from talops.config.names import is_address, is_endpoint, is_hostname
from talops.config.patches import Patches
from talops.config.scalar import Place, Scalar, fail, is_null
from talops.config.schematic import extensions_of
from talops.config.shape import check_shape
from talops.config.template import render
from talops.config.tree import Mapping, bool_of, mapping_of, sequence_of, text_of, texts_of
from talops.config.unknown import unknown_keys
from talops.domain.cluster import Desired, DesiredNode
from talops.domain.talos import Role, Version
from talops.errors import FilesInvalid

DEFAULT_TALOS = "v1.13.8"
"""What talhelper 3.1.16 takes when talosVersion is missing (facts, real-tools.md 7)."""
KUBERNETES_OF = {
    2: (23, 25),
    3: (24, 26),
    4: (25, 27),
    5: (26, 28),
    6: (24, 29),
    7: (25, 30),
    8: (26, 31),
    9: (27, 32),
    10: (28, 33),
    11: (29, 34),
    12: (30, 35),
    13: (31, 36),
    14: (32, 37),
}
"""Minors of Talos 1 that talhelper generates configs for; others are errors there, too. With the oldest and the newest
minor of Kubernetes 1 for each, from Talos' own `compatibility` package, which talhelper asks."""

_FILE_NAME = "{{ .ClusterName }}-{{ .Hostname }}.yaml"


@dataclass(frozen=True, slots=True)
class Cluster:
    """What all nodes share."""

    top: Mapping
    name: str
    talos: Version
    kubernetes: Version
    factory: Factory
    patches: Patches


def read_talconfig(text: str, file: str, patches: Patches) -> Desired:
    """`text` after substitution. Raises FilesInvalid with file, line and column."""
    tree = parse(text, file)
    if not isinstance(tree, Mapping):
        at = tree.at if tree is not None else Place(file, 1, 1)
        fail(at, "this is no talconfig: it must be a mapping with clusterName, endpoint and nodes")
    cluster = _cluster(tree, patches)
    rows = rows_of(tree)
    check_shape(tree, rows)
    warnings = dict.fromkeys(unknown_keys(tree, rows))
    nodes = tuple(_node(cluster, row, warnings) for row in rows)
    _unique(nodes)
    return Desired(
        cluster_name=cluster.name,
        endpoint=endpoint_of(tree),
        talos_version=cluster.talos,
        kubernetes_version=cluster.kubernetes,
        nodes=nodes,
        virtual_ips=tuple(dict.fromkeys(vip for row in rows for vip in _virtual_ips(cluster, row))),
        warnings=tuple(warnings),
    )


def rows_of(top: Mapping) -> tuple[Mapping, ...]:
    rows = sequence_of(top.get("nodes"), "nodes")
    if not rows:
        fail(top.place_of("nodes"), "`nodes` is required: a cluster has at least one")
    for row in rows:
        if isinstance(row, Scalar) and is_null(row):
            fail(row.at, "a node must not be empty", "talhelper skips it: remove the line, or write the node")
    return tuple(node for n, row in enumerate(rows) if (node := mapping_of(row, f"nodes[{n}]")) is not None)


def _cluster(top: Mapping, patches: Patches) -> Cluster:
    name = required(top, "clusterName")
    talos = talos_version(top)
    kubernetes = kubernetes_version(top, talos)
    return Cluster(top, name, talos, kubernetes, factory(top), patches)


def factory(top: Mapping) -> Factory:
    return Factory.of(mapping_of(top.get("imageFactory"), "imageFactory"))


def talos_version(top: Mapping) -> Version:
    """Raises FilesInvalid, for one that talhelper generates no configs for, too."""
    talos = _version(top, "talosVersion", text_of(top.get("talosVersion"), "talosVersion") or DEFAULT_TALOS)
    if talos.major != 1 or talos.minor not in KUBERNETES_OF:
        range_ = f"v1.{min(KUBERNETES_OF)} to v1.{max(KUBERNETES_OF)}"
        hint = f"talhelper 3.1 generates configs for {range_} only"
        fail(value_place(top, "talosVersion"), f"{talos} is no supported Talos version ({range_})", hint)
    return talos


def kubernetes_version(top: Mapping, talos: Version) -> Version:
    """Raises FilesInvalid, for one that this Talos does not run, too."""
    kubernetes = _version(top, "kubernetesVersion", required(top, "kubernetesVersion"))
    oldest, newest = KUBERNETES_OF[talos.minor]
    if kubernetes.major != 1 or not oldest <= kubernetes.minor <= newest:
        much = "old" if (kubernetes.major, kubernetes.minor) < (1, oldest) else "new"
        at = value_place(top, "kubernetesVersion")
        hint = f"Talos v1.{talos.minor} runs Kubernetes v1.{oldest} to v1.{newest}"
        fail(at, f"Kubernetes {kubernetes} is too {much} for Talos {talos}", hint)
    return kubernetes


def _version(top: Mapping, key: str, text: str) -> Version:
    try:
        return Version.parse(text)
    except ValueError:
        fail(value_place(top, key), f"{key} `{text}` is no version", "write it like v1.13.2")


def required(mapping: Mapping, key: str) -> str:
    value = text_of(mapping.get(key), f"`{key}`")
    if not value:
        fail(value_place(mapping, key), f"`{key}` is required and must not be empty")
    if value.startswith("ENC["):
        hint = "decrypt it there, and keep the secret in talenv.sops.yaml"
        fail(value_place(mapping, key), f"`{key}` is encrypted, and talhelper does not decrypt talconfig.yaml", hint)
    return value


def value_place(mapping: Mapping, key: str) -> Place:
    found = mapping.entries.get(key)
    return found.at if found is not None else mapping.at


def _node(cluster: Cluster, node: Mapping, warnings: dict[str, None]) -> DesiredNode:
    hostname = hostname_of(node)
    addresses = addresses_of(node)
    check_install_disk(node)
    control_plane = bool_of(node.get("controlPlane"), "controlPlane")
    shared = role_of(cluster.top, node)
    image = installer(cluster.factory, node, shared, cluster.talos)
    patched = cluster.patches.read(patches_of(cluster.top, node, shared))
    warnings.update(dict.fromkeys(patched.warnings))
    schematic = mapping_of(inherited(node, shared, "schematic"), "schematic")
    inline = schematic is not None and not text_of(inherited(node, shared, "talosImageURL"), "talosImageURL")
    return DesiredNode(
        hostname=hostname,
        role=Role.CONTROL_PLANE if control_plane else Role.WORKER,
        addresses=addresses,
        talos_version=cluster.talos,
        kubernetes_version=cluster.kubernetes,
        installer=image,
        config_file=config_file(cluster.name, node, shared, hostname, control_plane),
        extensions=extensions_of(schematic) if inline and schematic is not None else None,
        patched_image=patched.image if patched.image and patched.image != str(image) else None,
        where=f"{node.at.file}:{node.at.line}",
    )


def endpoint_of(top: Mapping) -> str:
    endpoint = required(top, "endpoint")
    if not is_endpoint(endpoint):
        fail(value_place(top, "endpoint"), f"`{endpoint}` is no endpoint", "write it like https://10.0.0.10:6443")
    return endpoint


def hostname_of(node: Mapping) -> str:
    hostname = required(node, "hostname")
    if not is_hostname(hostname):
        fail(value_place(node, "hostname"), f"`{hostname}` is no valid hostname", "letters, digits, dots and dashes")
    return hostname


def addresses_of(node: Mapping) -> tuple[str, ...]:
    """Comma-separated, trimmed, in the order of the file."""
    addresses = tuple(address.strip() for address in required(node, "ipAddress").split(","))
    for address in addresses:
        if not is_address(address):
            fail(value_place(node, "ipAddress"), f"`{address}` is no IP address and no domain name")
    return addresses


def check_install_disk(node: Mapping) -> None:
    selector = node.get("installDiskSelector")
    if selector is not None:
        mapping_of(selector, "`installDiskSelector`")
    elif not text_of(node.get("installDisk"), "`installDisk`"):
        fail(node.at, "`installDisk` or `installDiskSelector` is required")


def role_of(top: Mapping, node: Mapping) -> Mapping:
    """`controlPlane:` or `worker:`, whose settings a node inherits where it has none."""
    key = "controlPlane" if bool_of(node.get("controlPlane"), "controlPlane") else "worker"
    found = mapping_of(top.get(key), f"`{key}`")
    return found if found is not None else Mapping({}, top.at)


def patches_of(top: Mapping, node: Mapping, shared: Mapping) -> tuple[str, ...]:
    own = texts_of(node.get("patches"), "patches")
    overridden = bool_of(node.get("overridePatches"), "overridePatches") and bool(own)
    of_role = () if overridden else texts_of(shared.get("patches"), "patches")
    return (*of_role, *own, *texts_of(top.get("patches"), "patches"))


def config_file(cluster_name: str, node: Mapping, shared: Mapping, hostname: str, control_plane: bool) -> str:
    found = inherited(node, shared, "filenameTmpl")
    values = {
        "ClusterName": cluster_name,
        "Hostname": hostname,
        "IPAddress": text_of(node.get("ipAddress"), "ipAddress"),
        "Role": "controlplane" if control_plane else "worker",
    }
    at = found.at if found is not None else node.at
    return f"clusterconfig/{render(text_of(found, 'filenameTmpl') or _FILE_NAME, values, at)}"


def _virtual_ips(cluster: Cluster, node: Mapping) -> Iterator[str]:
    """Of interfaces and their VLANs. Only control planes hold one."""
    if not bool_of(node.get("controlPlane"), "controlPlane"):
        return
    interfaces = sequence_of(inherited(node, role_of(cluster.top, node), "networkInterfaces"), "networkInterfaces")
    for interface in interfaces:
        if isinstance(interface, Mapping):
            for link in (interface, *sequence_of(interface.get("vlans"), "vlans")):
                vip = link.get("vip") if isinstance(link, Mapping) else None
                address = text_of(vip.get("ip"), "vip.ip") if isinstance(vip, Mapping) else ""
                if address:
                    yield address


def _unique(nodes: tuple[DesiredNode, ...]) -> None:
    """talhelper lets a later node overwrite the file of an earlier one, without a word."""
    for what, of in (("hostname", lambda node: (node.hostname,)), ("address", lambda node: node.addresses)):
        seen: dict[str, DesiredNode] = {}
        for node in nodes:
            for name in of(node):
                other = seen.setdefault(name, node)
                if other is not node:
                    raise FilesInvalid(
                        f"the {what} {name} is already that of the node in line {other.where.rpartition(':')[2]}",
                        where=node.where,
                        hint="each node needs its own: talhelper would overwrite one with the other",
                    )
