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


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
    """Every cell but the last of a row is padded."""
    widths = [max(len(row[number]) for row in (header, *rows)) + 3 for number in range(len(header) - 1)]
    lines = []
    for row in (header, *rows):
        padded = "".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(padded + row[-1])
    return ("\n".join(lines) + "\n").encode()


def status_row(etcd: Etcd, member: EtcdMember, node: str) -> tuple[str, ...]:
    leader = etcd.leader if etcd.quorate else ""
    errors = "" if leader else "etcdserver: no leader"
    index = str(etcd.index)
    learner = str(member.learner).lower()
    sizes = ("23 MB", "7.3 MB (31.82%)")
    return (
        node, member.id, *sizes, leader or NO_LEADER, index, str(etcd.term), index, learner, "3.6.4", "3.6.0", errors
    )  # fmt: skip


def status_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(_STATUS, rows)


def member_rows(etcd: Etcd, node: str) -> list[tuple[str, ...]]:
    return [
        (
            node,
            member.id,
            member.machine.hostname,
            f"https://{_host(member.machine.address)}:2380",
            f"https://{_host(member.machine.address)}:2379",
            str(member.learner).lower(),
        )
        for member in etcd.members
    ]


def member_table(rows: Sequence[Sequence[str]]) -> bytes:
    return table(_MEMBERS, rows)


def alarm_table(rows: Sequence[Sequence[str]]) -> bytes:
    """Nothing at all when there is no alarm."""
    return table(("NODE", "MEMBER", "ALARM"), rows) if rows else b""


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
