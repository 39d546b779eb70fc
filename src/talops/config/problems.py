"""Everything that keeps talconfig.yaml from being read, and not only the first of it."""

from collections.abc import Callable, Iterator
from functools import partial

from talops.config.images import Factory, installer
from talops.config.shape import wrong_shapes
from talops.config.talconfig import (
    KUBERNETES_OF,
    addresses_of,
    check_install_disk,
    config_file,
    endpoint_of,
    factory,
    hostname_of,
    kubernetes_version,
    required,
    role_of,
    rows_of,
    talos_version,
)
from talops.config.tree import Mapping, Sequence, bool_of, text_of
from talops.domain.talos import Version
from talops.errors import FilesInvalid

Problem = tuple[str, FilesInvalid]
"""The name of the rule that is broken, and how."""
Check = Callable[[], object]

_ESSENTIAL = frozenset({"hostname", "ipAddress", "installDisk", "installDiskSelector"})
_NEWEST = Version.parse(f"v1.{max(KUBERNETES_OF)}.0")


def problems(top: Mapping) -> Iterator[Problem]:
    """Of the substituted talconfig.yaml. What is wrong with a role is told once for each of its nodes."""
    nodes = node_rows(top)
    checks: tuple[tuple[str, Check], ...] = (
        ("cluster-name", partial(required, top, "clusterName")),
        ("endpoint", partial(endpoint_of, top)),
        ("talos-version", partial(talos_version, top)),
        ("kubernetes-version", partial(_kubernetes, top)),
        ("image-factory", partial(factory, top)),
        ("nodes", partial(rows_of, top)),
    )
    yield from _tried(checks)
    yield from (("wrong-kind", wrong) for wrong in wrong_shapes(top, nodes))
    for node in nodes:
        if is_node(node):
            yield from _tried(_of_node(top, node))
        else:
            yield "node", _no_node(node)


def is_node(row: Mapping) -> bool:
    """Whether a row of `nodes` was meant to be one."""
    return not _ESSENTIAL.isdisjoint(row.entries)


def _no_node(row: Mapping) -> FilesInvalid:
    """Seen in the wild: a row of networkInterfaces that stands too far left."""
    keys = ", ".join(f"`{key}`" for key in list(row.entries)[:3])
    what = f"this is no node: it has {keys or 'nothing'}, and neither hostname nor ipAddress nor installDisk"
    return FilesInvalid(what, where=str(row.at), hint="compare its indentation with the lines before it")


def node_rows(top: Mapping) -> tuple[Mapping, ...]:
    """The nodes that can be read as such."""
    rows = top.get("nodes")
    return tuple(row for row in rows.rows if isinstance(row, Mapping)) if isinstance(rows, Sequence) else ()


def role_or_nothing(top: Mapping, node: Mapping) -> Mapping:
    """What the node inherits; empty where that cannot be told."""
    try:
        return role_of(top, node)
    except FilesInvalid:
        return Mapping({}, top.at)


def _kubernetes(top: Mapping) -> None:
    """Whether Talos itself is of a known release is another rule's."""
    try:
        talos = talos_version(top)
    except FilesInvalid:
        required(top, "kubernetesVersion")
    else:
        kubernetes_version(top, talos)


def _of_node(top: Mapping, node: Mapping) -> tuple[tuple[str, Check], ...]:
    role = role_or_nothing(top, node)
    return (
        ("hostname", partial(hostname_of, node)),
        ("address", partial(addresses_of, node)),
        ("install-disk", partial(check_install_disk, node)),
        ("wrong-kind", partial(bool_of, node.get("controlPlane"), "controlPlane")),
        ("installer", partial(_installer, top, node, role)),
        ("file-name", partial(_file, node, role)),
    )


def _installer(top: Mapping, node: Mapping, role: Mapping) -> None:
    try:
        version, images = talos_version(top), factory(top)
    except FilesInvalid:
        version, images = _NEWEST, Factory.of(None)
    installer(images, node, role, version)


def _file(node: Mapping, role: Mapping) -> None:
    text_of(node.get("ipAddress"), "ipAddress")
    config_file("cluster", node, role, "hostname", False)


def _tried(checks: tuple[tuple[str, Check], ...]) -> Iterator[Problem]:
    for rule, check in checks:
        try:
            check()
        except FilesInvalid as error:
            yield rule, error
