"""The services of nodes: which there ought to be, and which are not well. Shown by `ui`."""

from dataclasses import dataclass

from talops.domain.talos import SERVICES, SERVICES_OF_CONTROL_PLANES, Role, ServiceState, Unknown


def expected(role: Role) -> tuple[str, ...]:
    """Services that every node of this role has."""
    return (*SERVICES, *(SERVICES_OF_CONTROL_PLANES if role is Role.CONTROL_PLANE else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeServices:
    """Of one node."""

    hostname: str
    role: Role
    address: str
    states: tuple[ServiceState, ...] | Unknown

    @property
    def missing(self) -> tuple[str, ...]:
        """Services that it ought to have and does not list."""
        if isinstance(self.states, Unknown):
            return ()
        listed = {state.id for state in self.states}
        return tuple(name for name in expected(self.role) if name not in listed)

    @property
    def unwell(self) -> tuple[ServiceState, ...]:
        return () if isinstance(self.states, Unknown) else tuple(state for state in self.states if not state.well)

    @property
    def well(self) -> bool:
        return not isinstance(self.states, Unknown) and not self.unwell and not self.missing
