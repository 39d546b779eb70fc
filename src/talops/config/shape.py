"""The kinds of talconfig's fields that a rollout does not look at: a wrong one makes talhelper refuse the file."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from talops.config.scalar import Scalar, is_null
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Tree, bool_of, mapping_of, sequence_of, text_of, texts_of
from talops.errors import FilesInvalid

Check = Callable[[Tree | None, str], object]


def _mappings(tree: Tree | None, what: str) -> None:
    for number, row in enumerate(sequence_of(tree, what)):
        if not (isinstance(row, Scalar) and is_null(row)):
            mapping_of(row, f"{what}[{number}]")


def _of(*kinds: tuple[Check, str]) -> Mapping[str, Check]:
    return {name: check for check, names in kinds for name in names.split()}


TOP = _of(
    (texts_of, "additionalMachineCertSans additionalApiServerCertSans clusterPodNets clusterSvcNets patches"),
    (bool_of, "allowSchedulingOnMasters allowSchedulingOnControlPlanes"),
    (text_of, "domain"),
    (mapping_of, "cniConfig"),
    (_mappings, "inlineManifests"),
)
ROLE = _of(
    (texts_of, "nameservers certSANs extraManifests patches"),
    (bool_of, "disableSearchDomain noSchematicValidate"),
    (mapping_of, "nodeLabels nodeAnnotations nodeTaints ingressFirewall imageSchematic"),
    (_mappings, "networkInterfaces machineFiles machineDisks kernelModules extensionServices volumes userVolumes"),
)
NODE = {**ROLE, **_of((bool_of, "ignoreHostname overridePatches overrideExtraManifests overrideMachineCertSANs"))}


def check_shape(top: TreeMapping, nodes: Iterable[TreeMapping]) -> None:
    """Raises FilesInvalid at the first field of a wrong kind."""
    for wrong in wrong_shapes(top, nodes):
        raise wrong


def wrong_shapes(top: TreeMapping, nodes: Iterable[TreeMapping]) -> Iterator[FilesInvalid]:
    """Each field of a wrong kind."""
    yield from _wrong(TOP, top)
    for name in ("controlPlane", "worker"):
        role = top.get(name)
        if isinstance(role, TreeMapping):
            yield from _wrong(ROLE, role)
        else:
            yield from _tried(mapping_of, role, f"`{name}`")
    for node in nodes:
        yield from _wrong(NODE, node)


def _wrong(fields: Mapping[str, Check], found: TreeMapping) -> Iterator[FilesInvalid]:
    for name in found.entries:
        if name in fields:
            yield from _tried(fields[name], found.get(name), f"`{name}`")


def _tried(check: Check, tree: Tree | None, what: str) -> Iterator[FilesInvalid]:
    try:
        check(tree, what)
    except FilesInvalid as error:
        yield error
