"""The installer image that talhelper would give a node: `talosImageURL`, else schematic, else the plain installer."""

import re
from dataclasses import dataclass

from talops.config.inherit import inherited
from talops.config.names import is_image
from talops.config.scalar import Place, fail
from talops.config.schematic import EMPTY, schematic_id
from talops.config.template import render
from talops.config.tree import Mapping, bool_of, mapping_of, text_of
from talops.domain.cluster import Installer
from talops.domain.talos import Version

_TEMPLATE = "{{.RegistryURL}}/{{.Mode}}-installer{{if .Secureboot}}-secureboot{{end}}/{{.ID}}:{{.Version}}"
_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Factory:
    """`imageFactory` of talconfig.yaml."""

    registry: str
    template: str
    at: Place | None

    @staticmethod
    def of(found: Mapping | None) -> "Factory":
        if found is None:
            return Factory("factory.talos.dev", _TEMPLATE, None)
        registry = text_of(found.get("registryURL"), "registryURL") or "factory.talos.dev"
        return Factory(registry, text_of(found.get("installerURLTmpl"), "installerURLTmpl") or _TEMPLATE, found.at)


def installer(factory: Factory, node: Mapping, shared: Mapping, version: Version) -> Installer:
    """`node` wins over `shared`, its role's settings. Raises FilesInvalid."""
    url = inherited(node, shared, "talosImageURL")
    image = text_of(url, "`talosImageURL`")
    if url is not None and image:
        last = image.rpartition("/")[2]
        if ":" in last or "@" in last:
            fail(url.at, "`talosImageURL` must have no version and no digest", "talosVersion is appended to it")
        if not is_image(image):
            fail(url.at, f"`{image}` is no image", "write its registry too, such as ghcr.io/siderolabs/installer")
        return Installer(repository=image, tag=str(version), schematic=_id_in(last), from_files=True)
    schematic = mapping_of(inherited(node, shared, "schematic"), "`schematic`")
    spec = mapping_of(inherited(node, shared, "machineSpec"), "`machineSpec`")
    known = schematic_id(schematic) if schematic is not None else EMPTY
    return _of_factory(factory, spec or Mapping({}, node.at), known, version, from_files=schematic is not None)


def _id_in(last: str) -> str | None:
    return last if _ID.fullmatch(last) else None


def _of_factory(factory: Factory, spec: Mapping, known: str, version: Version, *, from_files: bool) -> Installer:
    values = {
        "RegistryURL": factory.registry,
        "Mode": text_of(spec.get("mode"), "machineSpec.mode") or "metal",
        "Secureboot": "yes" if bool_of(spec.get("secureboot"), "machineSpec.secureboot") else "",
        "ID": known,
        "Version": str(version),
    }
    at = factory.at or spec.at
    repository, colon, tag = render(factory.template, values, at).rpartition(":")
    if not colon or "/" in tag:
        fail(at, "`installerURLTmpl` must end in a version, such as `:{{.Version}}`")
    return Installer(repository=repository, tag=tag, schematic=known, from_files=from_files)
