"""Resources of a node, as `talosctl get` shows them: what one is, what its kind is called, and how it is printed."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from talops.sim.cluster import Cluster
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine

CREATED = "2026-01-01T00:00:00Z"
_NUMBER = re.compile(r"0|[1-9][0-9]*|0x[0-9a-fA-F]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`spec` has the keys of Talos in the order of Talos; a few kinds are one text."""

    id: str
    spec: Object | str
    version: int = 1
    yaml_text: bool = False
    """The text is YAML itself: a machine config."""
    born: int = 0
    """It was away that many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`columns` are those of the table after the common ones: heading and JSON path. Source: talosctl get rd."""

    type: str
    namespace: str
    of: Callable[[Cluster, Machine], list[Resource]]
    owner: str | None = None
    aliases: Sequence[str] = ()
    columns: Sequence[tuple[str, str]] = ()
    sensitive: bool = False
    alone: bool = False
    """It shows nothing but its own machine: what it says stays true until that changes."""

    def all(self, cluster: Cluster, machine: Machine) -> list[Resource]:
        """In the order in which a node lists them."""
        return sorted(self.of(cluster, machine), key=lambda resource: resource.id)

    @property
    def singular(self) -> str:
        """MachineStatuses: MachineStatus."""
        name = self.type.partition(".")[0]
        for ending, instead in (("sses", "ss"), ("uses", "us"), ("ies", "y"), ("s", "")):
            if name.endswith(ending):
                return name.removesuffix(ending) + instead
        return name

    @property
    def short(self) -> tuple[str, ...]:
        """Aliases: own ones, the singular, and initials."""
        name = self.type.partition(".")[0]
        initials = "".join(letter for letter in name if letter.isupper()).lower()
        letters = [initials] if len(initials) > 1 else []
        if letters and not initials.endswith("s"):
            letters.append(f"{initials}s")
        return (*self.aliases, self.singular.lower(), *letters)

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that `get` takes for this kind, but its full type."""
        name, *suffix = self.type.lower().split(".")
        dotted = [".".join((name, *suffix[:count])) for count in range(len(suffix))]
        return (*dotted, *self.short)


def printed(kind: Kind, resource: Resource, node: str) -> bytes:
    """As `talosctl get -o json` prints it: indented, keys sorted."""
    metadata: Object = {
        "created": CREATED,
        "id": _retyped(resource.id),
        "namespace": kind.namespace,
        "owner": kind.owner,
        "phase": "running",
        "type": kind.type,
        "updated": CREATED,
        "version": resource.version,
    }
    if resource.yaml_text:
        metadata["annotations"] = {"talos.dev/yaml-spec": 1}
    found = {"metadata": metadata, "node": node, "spec": resource.spec}
    text = json.dumps(found, indent=4, sort_keys=True, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").encode() + b"\n"


def _retyped(word: str) -> int | str:
    """talosctl turns what looks like a number into one."""
    return int(word, 0) if _NUMBER.fullmatch(word) else word
