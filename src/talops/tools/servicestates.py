"""`talosctl services` of nodes, as values."""

from collections.abc import Mapping
from dataclasses import dataclass

from talops.tools.answers import grouped, remembered
from talops.tools.tables import table_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    id: str
    state: str
    health: str
    event: str


@remembered
def service_states(stdout: bytes) -> Mapping[str, tuple[ServiceState, ...]]:
    found = table_rows(stdout, "SERVICE", "STATE", "HEALTH", "LAST EVENT")
    return grouped(
        [
            (
                row.get("NODE", ""),
                ServiceState(id=row["SERVICE"], state=row["STATE"], health=row["HEALTH"], event=row["LAST EVENT"]),
            )
            for row in found
        ]
    )
