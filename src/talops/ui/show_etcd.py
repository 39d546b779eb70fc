"""`talops etcd status`, `members` and `alarms` as text."""

from collections.abc import Iterator, Sequence

from talops.domain.etcd_status import EtcdReport, MemberRow, Quorum
from talops.domain.words import count
from talops.ui.colours import Paint
from talops.ui.columns import Column, side_by_side
from talops.ui.show_health import meaning, paragraphs
from talops.ui.words import folded

_UNITS = ("B", "kB", "MB", "GB", "TB")


def show_etcd(report: EtcdReport, *, width: int = 80, colour: bool = False) -> str:
    """Every member as every control plane sees it, what is wrong, the quorum, and what to type next."""
    paint = Paint(on=colour)
    lines = [_heading(report), "", *_table(report.rows, width, paint), *paragraphs(report.troubles, width, paint)]
    return "\n".join([*lines, "", *_quorum(report, width, paint), "", *_end(report)])


def show_members(report: EtcdReport, *, width: int = 80) -> str:
    """The list of members, and the control planes that are none."""
    rows = report.rows
    first = [_column("NODE", [row.hostname or "-" for row in rows]), _column("MEMBER", [row.id or "-" for row in rows])]
    group = [
        _column("NAME", [row.name or "-" for row in rows]),
        _column("ROLE", [_role(row) for row in rows]),
        _column("ANSWERS", ["yes" if row.status is not None else "NO" for row in rows]),
        _column("PEER URLS", [", ".join(row.peer_urls) or "-" for row in rows]),
    ]
    lines = [_heading(report), "", *side_by_side(first, [group], width, instead={})]
    silent = [f"{row.label}: {row.silence}" for row in rows if row.silence]
    lines += ["", *(line for words in silent for line in folded(words, width, rest="  "))] if silent else []
    return "\n".join([*lines, "", *_end(report, look="talops etcd status")])


def show_alarms(report: EtcdReport, *, width: int = 80) -> str:
    """Every alarm that a control plane sees."""
    alarms = [(kind, row) for row in report.rows for kind in row.alarms or ()]
    if alarms:
        first = [_column("ALARM", [kind for kind, _ in alarms])]
        group = [_column("NODE", [row.label for _, row in alarms]), _column("MEMBER", [row.id for _, row in alarms])]
        table = side_by_side(first, [group], width, instead={})
        return "\n".join([*table, "", "next: talops etcd recover   # what it means, and the commands for it"])
    if any(row.alarms is not None for row in report.rows):
        return "no alarm"
    return "\n".join([*folded(f"NOT KNOWN: {report.troubles[0].what}", width, rest="  "), *_end(report)[1:]])


def _heading(report: EtcdReport) -> str:
    planes = sum(bool(row.hostname) for row in report.rows)
    known = count(len(report.membership.peers), "member") if report.listed else "members not known"
    return f"etcd of {report.cluster}: {count(planes, 'control plane')}, {known}"


def _table(rows: Sequence[MemberRow], width: int, paint: Paint) -> Iterator[str]:
    first = [_column("NODE", [row.label for row in rows]), _column("MEMBER", [row.id or "-" for row in rows])]
    said = [row.status for row in rows]
    raft = [
        _column("ROLE", [_role(row) for row in rows]),
        _numbers("TERM", [status.raft_term if status else None for status in said]),
        _numbers("INDEX", [status.raft_index if status else None for status in said]),
        _numbers("BEHIND", [row.behind for row in rows]),
        _numbers("TO APPLY", [row.to_apply for row in rows]),
    ]
    store = [
        _column("DB", [_size(status.db_bytes) if status else "-" for status in said]),
        _column("IN USE", [_in_use(row) for row in rows]),
        _column("ETCD", [status.protocol or "-" if status else "-" for status in said]),
        _column("STORAGE", [status.storage or "-" if status else "-" for status in said]),
        _column("SEES", [_sees(row) for row in rows]),
        _column("ALARM", [_alarms(row) for row in rows]),
    ]
    silent = {number: _silence(row) for number, row in enumerate(rows) if row.status is None}
    groups = [raft, store] if any(said) else []
    return side_by_side(first, groups, width, instead=silent, loud=paint.red)


def _column(heading: str, cells: Sequence[str]) -> Column:
    return Column(heading, tuple(cells))


def _numbers(heading: str, cells: Sequence[int | None]) -> Column:
    return Column(heading, tuple("-" if cell is None else str(cell) for cell in cells), right=True)


def _role(row: MemberRow) -> str:
    if not row.id:
        return "-"
    return "leader" if row.leads else "learner" if row.learner else "voter"


def _silence(row: MemberRow) -> str:
    return f"DOES NOT ANSWER: {row.silence}" if row.hostname else f"{_role(row)}, {row.silence}"


def _sees(row: MemberRow) -> str:
    if row.sees is None:
        return "-"
    return count(row.sees, "member") + ("" if row.agrees else ", OTHERS")


def _alarms(row: MemberRow) -> str:
    return "?" if row.alarms is None else ", ".join(row.alarms) or "none"


def _in_use(row: MemberRow) -> str:
    if row.status is None or not row.status.db_bytes:
        return "-"
    share = round(100 * row.status.in_use_bytes / row.status.db_bytes)
    return f"{_size(row.status.in_use_bytes)} ({share}%)"


def _size(number: int) -> str:
    """As exact as talosctl says it."""
    at = min(max(0, (len(str(number)) - 1) // 3), len(_UNITS) - 1)
    amount = number / 1000**at
    return "-" if not number else f"{amount:.{1 if amount < 10 and at else 0}f} {_UNITS[at]}"


def _quorum(report: EtcdReport, width: int, paint: Paint) -> Iterator[str]:
    now = report.membership
    many = f"{now.healthy} of {count(now.voters, 'voter')} healthy, needs {now.needs}"
    match report.quorum:
        case Quorum.HOLDS:
            spare = f"{now.losses_left} more may be lost" if now.losses_left else "NOT ONE MORE may be lost"
            loud = paint.green if now.losses_left else paint.yellow
            yield loud(f"quorum holds: {many}: {spare}")
        case Quorum.LOST:
            yield paint.red(f"quorum is LOST: {many}")
        case Quorum.UNKNOWN:
            yield paint.yellow(f"quorum is NOT PROVEN: {many}" if now.voters else "quorum is NOT KNOWN")
    if report.quorum is Quorum.HOLDS:
        for one in report.without:
            yield from folded(_without(one.label, one.healthy, one.stays, one.leads, now.healthy), width, rest="    ")


def _without(label: str, healthy: int, stays: bool, leads: bool, now: int) -> str:
    if healthy == now:
        return f"  {label} is not counted: as if it were lost already"
    left = f"quorum stays, with {healthy}" if stays else f"quorum is LOST, with {healthy}"
    return f"  if {label} is lost: {left}" + ("; a new leader is elected" if leads and stays else "")


def _end(report: EtcdReport, *, look: str = "") -> list[str]:
    if not report.troubles or (report.well and look):
        return ["Healthy."]
    if report.well:
        return [f"Healthy. {meaning(report.troubles)}"]
    return [f"NOT HEALTHY. {meaning(report.troubles)}" if not look else f"NOT HEALTHY. next: {look}"]
