"""The argv door: what talosctl 1.13.0 prints for `etcd …`, byte for byte."""

import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

from talops.domain.process import Result
from talops.sim import etcdapi
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command
from talops.sim.exits import fail, nobody_there, plural_errors, refused, summed_up
from talops.sim.machine import Machine
from talops.sim.served import Refused
from talops.sim.snapshot import Snapshot
from talops.sim.tables import alarm_table, member_rows, member_table, status_row, status_table

T = TypeVar("T")
CHANGES = frozenset({"remove-member", "forfeit-leadership", "defrag", "leave", "disarm"})
"""Words of the commands that change the cluster."""
_ALONE = frozenset({"snapshot", "defrag", "leave"})
_HEX = re.compile(r"[0-9a-fA-F]+")
_UNDONE = "error parsing member ID: error parsing etcd member id: strconv.ParseUint"


def etcd_command(cluster: Cluster, command: Command) -> Result:
    """At once. A snapshot is written to its file as the real one does it."""
    return _Commands(cluster, command).run()


class _Commands:
    def __init__(self, cluster: Cluster, command: Command) -> None:
        self._cluster, self._nodes, self._words = cluster, command.nodes, command.words[1:]

    def run(self) -> Result:
        if len(self._nodes) > 1 and not _ALONE.isdisjoint(self._words[:1]):
            return fail(f'command "etcd {self._words[0]}" is not supported with multiple nodes')
        match self._words:
            case ("members",):
                return self._table("getting members", self._members)
            case ("status",):
                return self._table("getting status", self._status)
            case ("alarm", "list"):
                return self._table("getting alarms", lambda: self._alarms(etcdapi.alarms))
            case ("alarm", "disarm"):
                return self._table("disarming alarms", lambda: self._alarms(etcdapi.disarm))
            case ("remove-member", id):
                return self._remove(id)
            case ("forfeit-leadership",):
                return self._tell(etcdapi.forfeit)
            case ("leave",):
                return self._tell(etcdapi.leave)
            case ("defrag",):
                return self._tell(etcdapi.defragment)
            case ("snapshot", file):
                return self._snapshot(file)
        return fail(f'unknown command "{" ".join(self._words)}" for "talosctl etcd"')

    def _table(self, doing: str, print_all: Callable[[], bytes]) -> Result:
        """A table of those that answer: the rest is a warning, unless it is all of them."""
        if nobody := nobody_there(self._cluster):
            return fail(f"error {doing}: {nobody}")
        self._errors: list[tuple[str, str]] = []
        found = print_all()
        return summed_up(doing, found, self._errors, len(self._nodes))

    def _ask(self, call: Callable[[Cluster, Machine], T]) -> Iterator[tuple[str, T]]:
        """What each node answers. Who does not is remembered."""
        for node in self._nodes:
            machine = self._cluster.by_address(node)
            if machine is None or not machine.up:
                self._errors.append((node, refused(node)))
                continue
            try:
                found = call(self._cluster, machine)
            except Refused as error:
                self._errors.append((node, str(error)))
            else:
                yield node, found

    def _members(self) -> bytes:
        rows = [row for node, members in self._ask(etcdapi.members) for row in member_rows(members, node)]
        return member_table(rows) if rows else b""

    def _status(self) -> bytes:
        rows = [status_row(self._cluster.etcd, member, node) for node, member in self._ask(etcdapi.status)]
        return status_table(rows) if rows else b""

    def _alarms(self, call: Callable[[Cluster, Machine], etcdapi.Alarms]) -> bytes:
        return alarm_table([(node, id, alarm) for node, alarms in self._ask(call) for id, alarm in alarms])

    def _tell(self, call: Callable[[Cluster, Machine], object]) -> Result:
        """It prints nothing when all is well."""
        if nobody := nobody_there(self._cluster):
            return fail(nobody)
        self._errors = []
        for _ in self._ask(call):
            pass
        errors = [f"{node}: {error}" for node, error in self._errors]
        return Result(exit=1, stderr=plural_errors(errors).encode()) if errors else Result()

    def _remove(self, id: str) -> Result:
        if not _HEX.fullmatch(id):
            return fail(f'{_UNDONE}: parsing "{id}": invalid syntax')
        number = int(id, 16)
        if number >= 2**64:
            return fail(f'{_UNDONE}: parsing "{id}": value out of range')
        return self._tell(lambda cluster, machine: etcdapi.remove(cluster, machine, f"{number:016x}"))

    def _snapshot(self, name: str) -> Result:
        """Into a file beside it first, which is gone afterwards, whatever comes."""
        part = Path(f"{name}.part")
        try:
            with open(part, "wb", opener=partial(os.open, mode=0o600)) as file:
                if nobody := nobody_there(self._cluster):
                    return fail(f"error reading file: {nobody}")
                found = self._streamed()
                if isinstance(found, str):
                    return fail(f"error reading: {found}")
                file.write(found.file)
            part.rename(name)
        except OSError as error:
            return fail(f"error creating temporary file: open {part}: {(error.strerror or '').lower()}")
        finally:
            part.unlink(missing_ok=True)
        text = f'etcd snapshot saved to "{name}" ({len(found.file)} bytes)\nsnapshot info: {found.told}\n'
        return Result(stdout=text.encode())

    def _streamed(self) -> Snapshot | str:
        """Or why there is none."""
        machine = self._cluster.by_address(self._nodes[0])
        if machine is None or not machine.up:
            return refused(self._nodes[0])
        try:
            return etcdapi.take_snapshot(self._cluster, machine)
        except Refused as error:
            return str(error)
