"""Tables as Go's tabwriter prints them for talosctl: columns as wide as their widest cell and three spaces more."""

from collections.abc import Sequence

from talops.sim.etcd import Etcd, EtcdMember

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
NO_LEADER = "0" * 16
DB_BYTES, DB_IN_USE = 23_068_672, 7_340_032
"""What `etcd status` shows as 23 MB and 7.3 MB (31.82%)."""
PROTOCOL, STORAGE = "3.6.4", "3.6.0"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Every cell but the last of a row is padded."""
    widths = [max(len(row[number]) for row in (header, *rows)) + 3 for number in range(len(header) - 1)]
    lines = []
    for row in (header, *rows):
        padded = "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(padded + row[-1])
    return ("\n".join(lines) + "\n").encode()


def member_errors(etcd: Etcd) -> str:
    return "" if etcd.leader and etcd.quorate else "etcdserver: no leader"


def status_row(etcd: Etcd, member: EtcdMember, node: str) -> tuple[str, ...]:
    leader = etcd.leader if etcd.quorate else ""
    index = str(etcd.index)
    learner = str(member.learner).lower()
    sizes = ("23 MB", "7.3 MB (31.82%)")
    return (
        node, member.id, *sizes, leader or NO_LEADER, index, str(etcd.term), index, learner, PROTOCOL, STORAGE,
        member_errors(etcd),
    )  # fmt: skip


def status_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(_STATUS, rows)


def member_urls(member: EtcdMember) -> tuple[str, str]:
    """For peers and for clients."""
    host = _host(member.machine.address)
    return f"https://{host}:2380", f"https://{host}:2379"


def member_rows(etcd: Etcd, node: str) -> list[tuple[str, ...]]:
    return [
        (node, member.id, member.machine.hostname, *member_urls(member), str(member.learner).lower())
        for member in etcd.members
    ]


def member_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(_MEMBERS, rows)


def alarm_table(rows: Sequence[Sequence[str]]) -> bytes:
    """Nothing at all when there is no alarm."""
    return table(("NODE", "MEMBER", "ALARM"), rows) if rows else b""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
