"""`talosctl services` of nodes, as values: a table, since the resource of a service has no state."""

from collections.abc import Mapping
from datetime import timedelta

from durationpy import DurationError, from_str

from talops.domain.talos import ServiceState
from talops.tools.answers import grouped, remembered
from talops.tools.tables import table_rows


@remembered
def service_states(stdout: bytes) -> Mapping[str, tuple[ServiceState, ...]]:
    """`services`: each node lists its own."""
    found = table_rows(stdout, "SERVICE", "STATE", "HEALTH", "LAST EVENT")
    return grouped((row.get("NODE", ""), _state(row)) for row in found)


def _state(row: Mapping[str, str]) -> ServiceState:
    return ServiceState(
        id=row["SERVICE"],
        state=row["STATE"],
        health=row["HEALTH"],
        event=row["LAST EVENT"],
        since=_ago(row.get("LAST CHANGE", "")),
    )


def _ago(words: str) -> timedelta | None:
    """`14m30s ago`."""
    try:
        return from_str(words.removesuffix(" ago")) if words.endswith(" ago") else None
    except (DurationError, OverflowError):
        return None
