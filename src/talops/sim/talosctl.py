"""The argv door: what talosctl 1.13.0 prints for the commands that read, byte for byte."""

import json
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TypeVar

from talops.domain.process import Result
from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command, parse
from talops.sim.etcdcommands import CHANGES, etcd_command
from talops.sim.exits import fail, nobody_there, plural_errors, refused, summed_up
from talops.sim.kinds import kind_called
from talops.sim.machine import Machine
from talops.sim.resources import Kind, printed
from talops.sim.services import services
from talops.sim.tables import duration, service_table

T = TypeVar("T")
CLIENT = Version.parse("v1.13.0")
SILENT_SECONDS = 3.0
"""How long a call to a machine that is off takes to say so."""
QUICK_SECONDS = 0.03
SERVER_BUILD = {"sha": "abcdef12", "go_version": "go1.26.1", "os": "linux", "arch": "amd64"}

_ALWAYS_ANEW = CHANGES | {"services", "snapshot"}
"""Words of commands that do something, or whose answers tell of the time that has passed."""


class Talosctl:
    """Answers reads. Identical questions to an unchanged cluster get the identical answer object."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._remembered: dict[tuple[str, ...], tuple[tuple[int, int], Result]] = {}
        self._chunks: dict[tuple[str, str], tuple[int, bytes]] = {}

    def answer(self, argv: tuple[str, ...]) -> Result:
        if not _ALWAYS_ANEW.isdisjoint(argv):
            return self._answer(parse(argv))
        stamp = (self._cluster.changes, self._cluster.etcd.changes)
        known = self._remembered.get(argv)
        if known is not None and known[0] == stamp:
            return known[1]
        result = self._answer(parse(argv))
        if known is not None and known[1] == result:
            result = known[1]
        self._remembered[argv] = (stamp, result)
        return result

    def seconds(self, argv: tuple[str, ...]) -> float:
        nodes = parse(argv).nodes
        asked = (self._cluster.by_address(node) for node in nodes)
        silent = any(machine is None or not machine.up for machine in asked) or (nodes and nobody_there(self._cluster))
        return SILENT_SECONDS if silent else QUICK_SECONDS

    def _answer(self, command: Command) -> Result:
        match command.words:
            case ("version", "--client", "--short"):
                return Result(stdout=f"Client:\nTalos {CLIENT}\n".encode())
            case ("config", "info", "-o", "json"):
                return self._config_info()
            case ("version", "--json"):
                return self._each("getting version", command.nodes, self._version, b"".join)
            case ("get", word, *rest) if rest == ["-o", "json"] or kind_called(word) is None:
                return self._get(word, command.nodes)
            case ("read", "/proc/sys/kernel/random/boot_id"):
                return self._boot_id(command.nodes)
            case ("etcd", *_):
                return etcd_command(self._cluster, command)
            case ("services" | "service",):
                return self._services(command.nodes)
        word = command.words[0] if command.words else ""
        return fail(f'unknown command "{word}" for "talosctl"')

    def _config_info(self) -> Result:
        control_planes = [machine.address for machine in self._cluster.control_planes]
        info = {
            "context": self._cluster.desired.cluster_name,
            "nodes": [machine.address for machine in self._cluster.machines.values()],
            "endpoints": control_planes,
            "roles": ["os:admin"],
            "certTTL": "1 year from now",
            "certNotAfter": "2027-03-01",
        }
        return Result(stdout=json.dumps(info, indent=2).encode() + b"\n")

    def _version(self, machine: Machine, node: str) -> bytes:
        answer = {
            "metadata": {"hostname": node},
            "version": {
                "tag": str(machine.version),
                "sha": SERVER_BUILD["sha"],
                "goVersion": SERVER_BUILD["go_version"],
                "os": SERVER_BUILD["os"],
                "arch": SERVER_BUILD["arch"],
            },
            "platform": {"name": "metal", "mode": "metal"},
            "features": {"rbac": True},
        }
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"

    def _each(
        self,
        doing: str,
        nodes: Sequence[str],
        ask: Callable[[Machine, str], T],
        print_all: Callable[[Sequence[T]], bytes],
    ) -> Result:
        """A call that goes on when a node fails: exit 0 and a warning, unless all fail."""
        if nobody := nobody_there(self._cluster):
            return fail(f"error {doing}: {nobody}")
        found, errors = [], []
        for node in nodes:
            machine = self._cluster.by_address(node)
            if machine is None or not machine.up:
                errors.append((node, refused(node)))
            else:
                found.append(ask(machine, node))
        return summed_up(doing, print_all(found), errors, len(nodes))

    def _get(self, word: str, nodes: Sequence[str]) -> Result:
        """A call whose errors do not name their node, and fail it as a whole after the others have answered.

        The first node is asked what this kind of resource is: when that one is silent, nobody is heard.
        """
        if nobody := nobody_there(self._cluster):
            return fail(nobody)
        kind = kind_called(word)
        found, errors, older = [], [], []
        for node in nodes:
            machine = self._cluster.by_address(node)
            if machine is None or not machine.up:
                if node == nodes[0]:
                    return fail(refused(node))
                errors.append(refused(node))
                continue
            if machine.version < CLIENT:
                older.append((node, machine.version))
            if kind is not None:
                found.append(self._chunk(kind, machine, node))
        stderr = f"{older_servers(older)}\n" if older else ""
        if kind is None:
            return fail(f'{stderr}rpc error: code = NotFound desc = resource "{word}" is not registered')
        if errors:
            stderr += plural_errors(errors)
        return Result(exit=1 if errors else 0, stdout=b"".join(found), stderr=stderr.encode())

    def _chunk(self, kind: Kind, machine: Machine, node: str) -> bytes:
        known = self._chunks.get((kind.type, node))
        if known is None or known[0] != machine.changes or not kind.alone:
            found = (printed(kind, resource, node) for resource in kind.all(self._cluster, machine))
            known = (machine.changes, b"".join(found))
            self._chunks[kind.type, node] = known
        return known[1]

    def _boot_id(self, nodes: Sequence[str]) -> Result:
        machine = self._cluster.by_address(nodes[0])
        if nobody := nobody_there(self._cluster):
            return fail(f"error reading file: {nobody}")
        if machine is None or not machine.up:
            return fail(f"error reading: {refused(nodes[0])}")
        return Result(stdout=machine.boot_id.encode() + b"\n")

    def _services(self, nodes: Sequence[str]) -> Result:
        """Without the age of what has happened it would be the same for long."""
        now = self._cluster.timeline.wall()

        def rows(machine: Machine, node: str) -> list[tuple[str, ...]]:
            health = {None: "?", True: "OK", False: "Fail"}
            return [
                (node, one.id, one.state, health[one.healthy], f"{duration(now - one.since)} ago", one.last_event)
                for one in services(self._cluster, machine)
            ]

        return self._each("listing services", nodes, rows, lambda found: service_table(list(chain(*found))))


def older_server(node: str, version: Version) -> str:
    return older_servers([(node, version)])


def older_servers(servers: Sequence[tuple[str, Version]]) -> str:
    """The warning about nodes that run an older Talos than the client."""
    client = str(CLIENT).removeprefix("v")
    found = [
        f"{node}: server version {str(version).removeprefix('v')} is older than client version {client}"
        for node, version in servers
    ]
    return f"WARNING: {', '.join(found)}"
