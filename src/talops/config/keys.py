"""Which keys talconfig.yaml may have, level by level: as talhelper's JSON schema says, or by a table of our own."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeGuard

from talops.config import unknown

TOP = "TalhelperConfig"
ROLE = "NodeConfigs"
NODE = "Node"
TEXT, TEXTS, BOOLEAN, INTEGER = "text", "texts by name", "boolean", "integer"
_KINDS = {"string": TEXT, "boolean": BOOLEAN, "integer": INTEGER, "number": INTEGER, "object": TEXTS}
_WRAPPER = "Wrapper"
_LEVELS = {TOP: "the top level", ROLE: "a node, `controlPlane` or `worker`", NODE: "a node"}


@dataclass(frozen=True)
class Keys:
    """By name of a level: its keys, and the level that begins below each, or what its value is (a kind of the above);
    "" where talhelper looks no further."""

    levels: Mapping[str, Mapping[str, str]]

    @cached_property
    def _homes(self) -> Mapping[str, str]:
        """Where a key belongs, in words. What several levels know is at home in the highest."""
        homes: dict[str, str] = {}
        above = {below: key for keys in self.levels.values() for key, below in keys.items() if below}
        for level in (TOP, ROLE, NODE, *self.levels):
            told = _LEVELS.get(level) or (f"`{above[level]}`" if level in above else "")
            for key in self.levels.get(level, ()) if told else ():
                homes.setdefault(key, told)
        return homes

    def home(self, key: str) -> str:
        """Empty where no level knows it."""
        return self._homes.get(key, "")


def built_in() -> Keys:
    """Of talhelper 3.1.16, without the depths."""
    below = {"machineSpec": "MachineSpec"}
    return Keys(
        {
            TOP: _plain(unknown.TOP)
            | {"nodes": NODE, "controlPlane": ROLE, "worker": ROLE, "imageFactory": "ImageFactory"},
            ROLE: _plain(unknown.ROLE) | below,
            NODE: _plain(unknown.NODE) | below,
            "ImageFactory": _plain(unknown.FACTORY),
            "MachineSpec": _plain(unknown.MACHINE),
        }
    )


def _plain(keys: frozenset[str]) -> dict[str, str]:
    kinds = {TEXT: _TEXT_KEYS, BOOLEAN: _BOOLEAN_KEYS, TEXTS: _TEXTS_KEYS}
    return {key: next((kind for kind, names in kinds.items() if key in names), "") for key in sorted(keys)}


_TEXT_KEYS = unknown.keys(
    "clusterName talosVersion kubernetesVersion endpoint domain additionalMachineCertSans additionalApiServerCertSans"
    " clusterPodNets clusterSvcNets hostname ipAddress installDisk nameservers certSANs talosImageURL filenameTmpl"
    " registryURL schematicEndpoint protocol installerURLTmpl ISOURLTmpl mode arch bootMethod imageSuffix"
)
_TEXTS_KEYS = unknown.keys("nodeLabels nodeAnnotations nodeTaints")
_BOOLEAN_KEYS = unknown.keys(
    "allowSchedulingOnMasters allowSchedulingOnControlPlanes controlPlane ignoreHostname overridePatches"
    " overrideExtraManifests overrideMachineCertSANs disableSearchDomain noSchematicValidate secureboot useUKI"
)


def keys_of(schema: str) -> Keys | None:
    """None when this is no JSON schema of a talconfig.yaml."""
    try:
        found = json.loads(schema)
    except ValueError:
        return None
    defs = found.get("$defs") if _is_object(found) else None
    if not _is_object(defs) or not {TOP, NODE} <= set(defs):
        return None
    return Keys({name: dict(_properties(name, defs)) for name in defs if _is_closed(defs[name])})


def _is_closed(definition: object) -> bool:
    return _is_object(definition) and definition.get("additionalProperties") is False


def _properties(name: str, defs: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Its own, and those of the type that it wraps: the wrapper describes, the type is what talhelper reads."""
    for one in (name.removesuffix(_WRAPPER), name):
        definition = defs.get(one)
        properties = definition.get("properties") if _is_object(definition) else None
        for key, value in (properties if _is_object(properties) else {}).items():
            yield key, _referred(value, defs)


def _referred(value: object, defs: Mapping[str, object]) -> str:
    """The name of the definition that a value, or each row of it, has."""
    if not _is_object(value):
        return ""
    reference = value.get("$ref")
    if isinstance(reference, str):
        name = reference.rpartition("/")[2]
        definition = defs.get(name)
        return _referred(definition, defs) if _is_object(definition) and "items" in definition else name
    if "items" in value:
        return _referred(value["items"], defs)
    kind = value.get("type")
    return _KINDS.get(kind, "") if isinstance(kind, str) else ""


def _is_object(value: object) -> TypeGuard[Mapping[str, object]]:
    return isinstance(value, dict)
