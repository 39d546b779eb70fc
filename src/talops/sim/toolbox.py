"""Rook's toolbox: a few commands of `ceph` 19, about the very state that the CephCluster shows later."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from talops.sim.ceph import CEPH_VERSION, TOOLBOX, Ceph
from talops.sim.kube.objects import Object

__all__ = ["TOOLBOX", "Output", "run"]
_PGS, _DEGRADED = 97, 31
_SHELLS = frozenset({"bash", "sh", "/bin/bash", "/bin/sh"})
_INVALID = 22
_NOT_FOUND = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """How a command in a container ended."""

    exit: int = 0
    stdout: str = ""
    stderr: str = ""


def run(ceph: Ceph, words: Sequence[str]) -> Output:
    """One command line. What is not known here is not found, as a shell would say it."""
    if words[0] in _SHELLS and len(words) == 3 and words[1].endswith("c"):
        words = _split(words[2])
    if len(words) > 2 and words[0] == "timeout":
        words = words[2:]
    if not words or words[0] != "ceph":
        return Output(exit=_NOT_FOUND, stderr=f"bash: {words[0] if words else ''}: command not found\n")
    if len(ceph.monitors_down) * 2 >= ceph.monitors:
        return Output(exit=1, stderr="[errno 110] RADOS timed out (error connecting to the cluster)\n")
    command, form = _command(words[1:])
    if command not in _COMMANDS:
        return Output(exit=_INVALID, stderr="no valid command found\nError EINVAL: invalid command\n")
    plain, value = _COMMANDS[command]
    if form == "plain":
        return Output(stdout=plain(ceph))
    # the real one begins its JSON with an empty line
    return Output(stdout="\n" + json.dumps(value(ceph), indent=4 if form == "json-pretty" else None) + "\n")


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


def _command(words: Sequence[str]) -> tuple[str, str]:
    """The command without its flags, and the format that it asks for."""
    rest, form, said = iter(words), "plain", []
    for word in rest:
        name, _, value = word.partition("=")
        if name in {"-f", "--format"}:
            form = value or next(rest, "plain")
        elif name in {"--connect-timeout", "--conf", "-c", "--name", "--keyring"}:
            value = value or next(rest, "")
        else:
            said.append({"-s": "status", "-v": "version"}.get(word, word))
    return " ".join(said), form


def _monitors(ceph: Ceph) -> list[str]:
    """Names of those in quorum."""
    return [name for name in "abc"[: ceph.monitors] if f"rook-ceph-mon-{name}" not in ceph.monitors_down]


def _up(ceph: Ceph) -> int:
    return len(ceph.hosts) - len(ceph.osds_down)


def _health(ceph: Ceph) -> str:
    return "HEALTH_WARN" if ceph.details() else "HEALTH_OK"


def _pgs(ceph: Ceph) -> list[tuple[int, str]]:
    if not ceph.recovering:
        return [(_PGS, "active+clean")]
    return [(_PGS - _DEGRADED, "active+clean"), (_DEGRADED, "active+undersized+degraded")]


def _status(ceph: Ceph) -> str:
    health = [_health(ceph), *(row["message"] for row in ceph.details().values())]
    down = [name for name in "abc"[: ceph.monitors] if name not in _monitors(ceph)]
    out = f", out of quorum: {', '.join(down)}" if down else ""
    pgs = [f"{count} {state}" for count, state in _pgs(ceph)]
    lines = [
        "  cluster:",
        f"    id:     {ceph.fsid}",
        "    health: " + "\n            ".join(health),
        "",
        "  services:",
        f"    mon: {ceph.monitors} daemons, quorum {','.join(_monitors(ceph))}{out}",
        "    mgr: a(active)",
        f"    osd: {len(ceph.hosts)} osds: {_up(ceph)} up, {len(ceph.hosts)} in",
        "",
        "  data:",
        f"    pools:   2 pools, {_PGS} pgs",
        "    objects: 1.27k objects, 4.8 GiB",
        f"    usage:   15 GiB used, {100 * len(ceph.hosts) - 15} GiB / {100 * len(ceph.hosts)} GiB avail",
        "    pgs:     " + "\n             ".join(pgs),
    ]
    return "\n".join([*lines, " ", ""])


def _status_json(ceph: Ceph) -> Object:
    names = _monitors(ceph)
    osds = len(ceph.hosts)
    pgs: Object = {
        "pgs_by_state": [{"state_name": state, "count": count} for count, state in _pgs(ceph)],
        "num_pgs": _PGS,
        "num_pools": 2,
        "num_objects": 1272,
    }
    if ceph.recovering:
        pgs.update(degraded_objects=214, degraded_total=3816, degraded_ratio=0.05607966457023061)
    return {
        "fsid": ceph.fsid,
        "health": _health_json(ceph),
        "election_epoch": 12,
        "quorum": ["abc".index(name) for name in names],
        "quorum_names": names,
        "monmap": {"epoch": 3, "min_mon_release_name": "squid", "num_mons": ceph.monitors},
        "osdmap": {"epoch": 64, "num_osds": osds, "num_up_osds": _up(ceph), "num_in_osds": osds, "num_remapped_pgs": 0},
        "pgmap": pgs,
        "fsmap": {"epoch": 1, "by_rank": [], "up:standby": 0},
        "mgrmap": {"available": True, "num_standbys": 0, "modules": ["iostat", "nfs"], "services": {}},
        "progress_events": {},
    }


def _health_json(ceph: Ceph) -> Object:
    checks = {
        code: {
            "severity": row["severity"],
            "summary": {"message": row["message"], "count": 1},
            "muted": False,
        }
        for code, row in ceph.details().items()
    }
    return {"status": _health(ceph), "checks": checks, "mutes": []}


def _short_health(ceph: Ceph) -> str:
    return " ".join([_health(ceph), *["; ".join(row["message"] for row in ceph.details().values())]]).strip() + "\n"


def _long_health(ceph: Ceph) -> str:
    lines = [
        f"[{row['severity'].removeprefix('HEALTH_')}] {code}: {row['message']}" for code, row in ceph.details().items()
    ]
    return "\n".join([_short_health(ceph).strip(), *lines, ""])


def _tree_rows(ceph: Ceph) -> list[tuple[str, str]]:
    return [(host, "down" if f"rook-ceph-osd-{n}" in ceph.osds_down else "up") for n, host in enumerate(ceph.hosts)]


def _tree(ceph: Ceph) -> str:
    weight = 0.09769
    lines = ["ID   CLASS  WEIGHT   TYPE NAME        STATUS  REWEIGHT  PRI-AFF"]
    lines.append(f"{-1:>3}         {weight * len(ceph.hosts):.5f}  root default")
    for number, (host, state) in enumerate(_tree_rows(ceph)):
        lines.append(f"{-2 * number - 3:>3}         {weight:.5f}      host {host}")
        lines.append(f"{number:>3}    ssd  {weight:.5f}          {f'osd.{number}':<12}{state:>6}   1.00000  1.00000")
    return "\n".join([*lines, ""])


def _tree_json(ceph: Ceph) -> Object:
    rows = _tree_rows(ceph)
    root: Object = {"id": -1, "name": "default", "type": "root", "children": [-2 * n - 3 for n in range(len(rows))]}
    nodes: list[Object] = [root]
    for number, (host, state) in enumerate(rows):
        nodes.append({"id": -2 * number - 3, "name": host, "type": "host", "children": [number]})
        nodes.append({"id": number, "name": f"osd.{number}", "type": "osd", "status": state, "reweight": 1})
    return {"nodes": nodes, "stray": []}


def _version(_ceph: Ceph) -> str:
    return f"{CEPH_VERSION}\n"


_COMMANDS: Mapping[str, tuple[Callable[[Ceph], str], Callable[[Ceph], Object]]] = MappingProxyType(
    {
        "status": (_status, _status_json),
        "health": (_short_health, _health_json),
        "health detail": (_long_health, _health_json),
        "osd tree": (_tree, _tree_json),
        "version": (_version, lambda _ceph: {"version": CEPH_VERSION}),
    }
)
