"""What `talosctl etcd …` printed, as values: tables, since these commands have no JSON."""

import re
from collections.abc import Mapping

from talops.domain.talos import Alarm, Member, MemberStatus
from talops.tools.answers import by_node, grouped, remembered
from talops.tools.reading import ParseError
from talops.tools.tables import table_rows

_UNITS = ("B", "kB", "MB", "GB", "TB")
_SIZE = re.compile(rf"(\d{{1,4}}(?:\.\d)?) ({'|'.join(_UNITS)})\b")
_MEMBER_ID = re.compile(r"[0-9a-f]{1,16}")


@remembered
def etcd_members(stdout: bytes) -> Mapping[str, tuple[Member, ...]]:
    """`etcd members`: each node that was asked prints its own view of all members."""
    found = table_rows(stdout, "ID", "HOSTNAME", "PEER URLS", "LEARNER")
    return grouped([(row.get("NODE", ""), _member(row)) for row in found])


def _member(row: Mapping[str, str]) -> Member:
    return Member(
        id=_member_id(row["ID"]),
        hostname=row["HOSTNAME"],
        peer_urls=tuple(url.strip() for url in row["PEER URLS"].split(",") if url.strip()),
        learner=_truth(row["LEARNER"]),
    )


@remembered
def etcd_statuses(stdout: bytes) -> Mapping[str, MemberStatus]:
    """`etcd status`: a row for each node that answered."""
    found = table_rows(stdout, "MEMBER", "LEADER", "RAFT INDEX", "RAFT TERM", "RAFT APPLIED INDEX", "LEARNER", "ERRORS")
    return by_node([(row.get("NODE", ""), _member_status(row)) for row in found])


def _member_status(row: Mapping[str, str]) -> MemberStatus:
    return MemberStatus(
        id=_member_id(row["MEMBER"]),
        leader=_member_id(row["LEADER"]),
        raft_index=_number(row["RAFT INDEX"]),
        raft_term=_number(row["RAFT TERM"]),
        applied=_number(row["RAFT APPLIED INDEX"]),
        learner=_truth(row["LEARNER"]),
        errors=row["ERRORS"],
        db_bytes=_bytes(row.get("DB SIZE", "")),
        in_use_bytes=_bytes(row.get("IN USE", "")),
        protocol=row.get("PROTOCOL", ""),
        storage=row.get("STORAGE", ""),
    )


@remembered
def etcd_alarms(stdout: bytes) -> Mapping[str, tuple[Alarm, ...]]:
    """`etcd alarm list`: nothing at all is printed when there is no alarm."""
    found = table_rows(stdout, "MEMBER", "ALARM")
    return grouped([(row.get("NODE", ""), Alarm(kind=row["ALARM"], member=_member_id(row["MEMBER"]))) for row in found])


def _member_id(word: str) -> str:
    if not _MEMBER_ID.fullmatch(word):
        raise ParseError(f"{word[:40]!r} is not a member's ID")
    return word.rjust(16, "0")


def _number(word: str) -> int:
    if not (word.isascii() and word.isdigit() and len(word) < 20):
        raise ParseError(f"{word[:40]!r} is not a number")
    return int(word)


def _bytes(words: str) -> int:
    """`23 MB`, or `7.3 MB (31.82%)`. 0 where it is said in another way: no judgement rests on it."""
    found = _SIZE.match(words)
    return round(float(found[1]) * 1000 ** _UNITS.index(found[2])) if found else 0


def _truth(word: str) -> bool:
    if word not in {"true", "false"}:
        raise ParseError(f"{word[:40]!r} is neither true nor false")
    return word == "true"
