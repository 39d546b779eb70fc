"""Keys of talconfig.yaml that talhelper 3.1.16 does not know. It ignores them without a word, so talops warns."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache

from talops.config.compose import MERGE
from talops.config.scalar import Place
from talops.config.tree import Mapping

CLOSE = 0.8
"""How alike, whatever their case, two keys must be: `addresses` was not meant to be `ipAddress` (0.78)."""


def keys(names: str) -> frozenset[str]:
    return frozenset(names.split())


TOP = keys(
    "clusterName talosVersion kubernetesVersion endpoint domain allowSchedulingOnMasters allowSchedulingOnControlPlanes"
    " additionalMachineCertSans additionalApiServerCertSans inlineManifests clusterPodNets clusterSvcNets cniConfig"
    " patches nodes imageFactory controlPlane worker"
)
ROLE = keys(
    "nodeLabels nodeAnnotations nodeTaints machineDisks machineFiles disableSearchDomain kernelModules nameservers"
    " networkInterfaces extraManifests certSANs patches talosImageURL noSchematicValidate schematic imageSchematic"
    " machineSpec ingressFirewall extensionServices volumes userVolumes filenameTmpl"
)
NODE = ROLE | keys(
    "hostname ipAddress controlPlane installDisk installDiskSelector ignoreHostname overridePatches"
    " overrideExtraManifests overrideMachineCertSANs"
)
FACTORY = keys("registryURL schematicEndpoint protocol installerURLTmpl ISOURLTmpl")
MACHINE = keys("mode arch secureboot useUKI bootMethod imageSuffix")
"""As its config structs have them, with their case. FACTORY and MACHINE decide which image a node gets."""

LEVELS = (
    (TOP, "the top level"),
    (ROLE, "a node, `controlPlane` or `worker`"),
    (NODE, "a node"),
    (FACTORY, "`imageFactory`"),
    (MACHINE, "`machineSpec`"),
)


def unknown_keys(top: Mapping, nodes: Iterable[Mapping]) -> tuple[str, ...]:
    """A warning for each. What is wrong in many places is told once, with the first of them."""
    found: dict[str, dict[Place, None]] = {}
    for mapping, known in _levels(top, tuple(nodes)):
        for key in mapping.entries:
            if key not in known and key != MERGE and not key.startswith("x-"):
                found.setdefault(_told(key, known), {})[_written(mapping, key)] = None
    return tuple(_warning(told, *places) for told, places in found.items())


def _levels(top: Mapping, nodes: tuple[Mapping, ...]) -> Iterator[tuple[Mapping, frozenset[str]]]:
    roles = _mappings((top,), "controlPlane", "worker")
    yield top, TOP
    yield from ((role, ROLE) for role in roles)
    yield from ((node, NODE) for node in nodes)
    yield from ((factory, FACTORY) for factory in _mappings((top,), "imageFactory"))
    yield from ((spec, MACHINE) for spec in _mappings((*roles, *nodes), "machineSpec"))


def _mappings(of: Iterable[Mapping], *keys: str) -> tuple[Mapping, ...]:
    return tuple(found for mapping in of for key in keys if isinstance(found := mapping.get(key), Mapping))


def _written(mapping: Mapping, key: str) -> Place:
    """A merged key stands where its anchor is, and only the place of its value is known there."""
    return mapping.keys.get(key, mapping.entries[key].at)


@lru_cache(maxsize=256)
def _told(key: str, known: frozenset[str]) -> str:
    for keys, level in LEVELS:
        if key in keys:
            return f"talhelper does not know `{key}` here and ignores it: it belongs to {level}"
    told = f"talhelper does not know `{key}` and ignores it"
    names = {name.lower(): name for name in sorted(known)}
    close = get_close_matches(key.lower(), names, n=1, cutoff=CLOSE)
    return f"{told}; did you mean `{names[close[0]]}`?" if close else told


def _warning(told: str, first: Place, *others: Place) -> str:
    return f"{first}: {told} (and {len(others)} more)" if others else f"{first}: {told}"
