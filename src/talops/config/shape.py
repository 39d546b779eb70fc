"""The kinds of talconfig's fields that a rollout does not look at: a wrong one makes talhelper refuse the file."""

from collections.abc import Callable, Iterable, Mapping

from talops.config.scalar import Scalar, is_null
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import Tree, bool_of, mapping_of, sequence_of, text_of, texts_of

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
    _check(TOP, top)
    for role in ("controlPlane", "worker"):
        _check(ROLE, mapping_of(top.get(role), f"`{role}`"))
    for node in nodes:
        _check(NODE, node)


def _check(fields: Mapping[str, Check], found: TreeMapping | None) -> None:
    for name in found.entries if found is not None else ():
        if found is not None and name in fields:
            fields[name](found.get(name), f"`{name}`")
