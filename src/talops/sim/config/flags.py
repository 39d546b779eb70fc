"""The flags of the components of Kubernetes, as far as the machine config adds some."""

from collections.abc import Sequence

from talops.sim.components import COMPONENTS, KUBELET
from talops.sim.config.documents import main_of, read
from talops.sim.config.nodes import Unreadable
from talops.sim.machine import Machine


def added_flags(machine: Machine, component: str) -> list[str]:
    """In the order of their names, as Talos puts them behind its own."""
    try:
        main = main_of(read(machine.config.active, machine.version.minor)) or {}
    except Unreadable:
        return []
    above, key = ("machine", KUBELET) if component == KUBELET else ("cluster", COMPONENTS[component])
    part = (main.get(above) or {}).get(key)
    extra = part.get("extraArgs") if isinstance(part, dict) else None
    if not isinstance(extra, dict):
        return []
    return [f"--{name}={value}" for name, values in sorted(extra.items()) for value in _each(values)]


def _each(values: object) -> Sequence[object]:
    """Since Talos 1.13 one flag may be given several times."""
    return values if isinstance(values, list) else (values,)
