"""Tables as Go's tabwriter prints them for talosctl: columns as wide as their widest cell and three spaces more."""

import math
from collections.abc import Sequence
from datetime import timedelta

from talops.sim.etcd import Etcd, EtcdMember
from talops.sim.membership import NO_LEADER

_STATUS = (
    "NODE",
    "MEMBER",
    "DB SIZE",
    "IN USE",
    "LEADER",
    "RAFT INDEX",
    "RAFT TERM",
    "RAFT APPLIED INDEX",
    "LEARNER",
    "PROTOCOL",
    "STORAGE",
    "ERRORS",
)
_MEMBERS = ("NODE", "ID", "HOSTNAME", "PEER URLS", "CLIENT URLS", "LEARNER")
NOBODY = "0" * 16
PROTOCOL, STORAGE = "3.6.4", "3.6.0"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Every cell but the last of a row is padded."""
    widths = [max(len(row[number]) for row in (header, *rows)) + 3 for number in range(len(header) - 1)]
    lines = []
    for row in (header, *rows):
        padded = "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(padded + row[-1])
    return ("\n".join(lines) + "\n").encode()


def humanized(size: int) -> str:
    """Bytes as go-humanize writes them: by thousands, with a digit behind the point below ten."""
    units = iter(("B", "kB", "MB", "GB", "TB"))
    value, unit = float(size), next(units)
    while value >= 1000:
        value, unit = value / 1000, next(units)
    value = math.floor(value * 10 + 0.5) / 10
    return f"{value:.1f} {unit}" if value < 10 and size >= 10 else f"{value:.0f} {unit}"


def duration(lasted: timedelta) -> str:
    """As Go writes it, to the second: 79h0m12s."""
    minutes, seconds = divmod(max(round(lasted.total_seconds()), 0), 60)
    hours, rest = divmod(minutes, 60)
    return (f"{hours}h{rest}m" if hours else f"{rest}m" if rest else "") + f"{seconds}s"


def member_errors(etcd: Etcd) -> list[str]:
    """What a member says of itself that is wrong: alarms of others, too."""
    alarms = [f"memberID:{int(id, 16)} alarm:{alarm} " for id, alarm in sorted(etcd.alarms.items())]
    return ([] if etcd.led else [NO_LEADER]) + alarms


def status_row(etcd: Etcd, member: EtcdMember, node: str) -> tuple[str, ...]:
    share = f"({100 * member.in_use / member.db_bytes:.2f}%)"
    sizes = (humanized(member.db_bytes), f"{humanized(member.in_use)} {share}")
    index = str(etcd.index - member.lag)
    return (
        node, member.id, *sizes, etcd.leader if etcd.led else NOBODY, index, str(etcd.term), index,
        str(member.learner).lower(), PROTOCOL, STORAGE, ", ".join(member_errors(etcd)),
    )  # fmt: skip


def status_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(_STATUS, rows)


def member_rows(members: Sequence[EtcdMember], node: str) -> list[tuple[str, ...]]:
    return [
        (node, member.id, member.name, member.peer_url, member.client_url, str(member.learner).lower())
        for member in members
    ]


def member_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(_MEMBERS, rows)


def service_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(("NODE", "SERVICE", "STATE", "HEALTH", "LAST CHANGE", "LAST EVENT"), rows)


def alarm_table(rows: Sequence[Sequence[str]]) -> bytes:
    """Nothing at all when there is no alarm."""
    return table(("NODE", "MEMBER", "ALARM"), rows) if rows else b""
