"""The schematics of talconfig.yaml, as the Image Factory is told of them."""

from talops.config.inherit import inherited
from talops.config.problems import node_rows, role_or_nothing
from talops.config.scalar import Place
from talops.config.schematic import schematic_id, schematic_text
from talops.config.tree import Mapping as TreeMapping
from talops.config.tree import mapping_of, text_of
from talops.files.factory import Schematic


def schematics_of(top: TreeMapping) -> tuple[Schematic, ...]:
    """Each that a node would pull an image of, once. `top` is the substituted talconfig.yaml."""
    url = _url(mapping_of(top.get("imageFactory"), "imageFactory"))
    found: dict[str, Schematic] = {}
    seen: dict[int, str] = {}
    for row in node_rows(top):
        role = role_or_nothing(top, row)
        if text_of(inherited(row, role, "talosImageURL"), "talosImageURL"):
            continue
        schematic = mapping_of(inherited(row, role, "schematic"), "schematic") or _NOTHING
        if id(schematic) not in seen:
            seen[id(schematic)] = schematic_id(schematic)
            text = schematic_text(schematic)
            found[seen[id(schematic)]] = Schematic(url=url, id=seen[id(schematic)], text=text)
    return tuple(found.values())


_NOTHING = TreeMapping({}, Place("", 0, 0))


def _url(factory: TreeMapping | None) -> str:
    def said(key: str, default: str) -> str:
        return (text_of(factory.get(key), key) if factory is not None else "") or default

    host = said("registryURL", "factory.talos.dev")
    return f"{said('protocol', 'https')}://{host}{said('schematicEndpoint', '/schematics')}"
