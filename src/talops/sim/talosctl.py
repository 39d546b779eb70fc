"""The argv door: what talosctl 1.13.0 prints for the commands that read, byte for byte."""

import json
from collections.abc import Callable, Sequence

from talops.domain.process import Result
from talops.domain.talos import Version
from talops.sim.cluster import Cluster
from talops.sim.commandline import Command, parse
from talops.sim.kinds import kind_called
from talops.sim.machine import Machine
from talops.sim.refusals import control_planes_only, etcd_trouble, unreachable
from talops.sim.resources import Kind, printed
from talops.sim.tables import alarm_table, member_rows, member_table, status_row, status_table

CLIENT = Version.parse("v1.13.0")
SILENT_SECONDS = 3.0
"""How long a call to a machine that is off takes to say so."""
QUICK_SECONDS = 0.03
SERVER_BUILD = {"sha": "abcdef12", "go_version": "go1.26.1", "os": "linux", "arch": "amd64"}


def refused(node: str) -> str:
    """The error of a call to a machine that does not answer."""
    return f"rpc error: code = Unavailable desc = {unreachable(node)}"


def fail(text: str, stdout: bytes = b"") -> Result:
    return Result(exit=1, stdout=stdout, stderr=text.encode() + b"\n")


class Talosctl:
    """Answers reads. Identical questions to an unchanged cluster get the identical answer object."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._remembered: dict[tuple[str, ...], tuple[tuple[int, int], Result]] = {}
        self._chunks: dict[tuple[str, str], tuple[int, bytes]] = {}

    def answer(self, argv: tuple[str, ...]) -> Result:
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
        silent = any(machine is None or not machine.up for machine in asked) or (nodes and self._no_endpoint())
        return SILENT_SECONDS if silent else QUICK_SECONDS

    def _no_endpoint(self) -> str:
        """A worker is asked through a control plane. The error when none is up; empty when one is."""
        if any(machine.up for machine in self._cluster.control_planes):
            return ""
        return refused(self._cluster.control_planes[0].address)

    def _answer(self, command: Command) -> Result:
        match command.words:
            case ("version", "--client", "--short"):
                return Result(stdout=f"Client:\nTalos {CLIENT}\n".encode())
            case ("config", "info", "-o", "json"):
                return self._config_info()
            case ("version", "--json"):
                return self._each("getting version", command.nodes, self._version)
            case ("get", word, *rest) if rest == ["-o", "json"] or kind_called(word) is None:
                return self._get(word, command.nodes)
            case ("read", "/proc/sys/kernel/random/boot_id"):
                return self._boot_id(command.nodes)
            case ("etcd", "members"):
                return self._etcd("getting members", "member list", command.nodes, self._members)
            case ("etcd", "status"):
                return self._etcd("getting status", "etcd status", command.nodes, self._status)
            case ("etcd", "alarm", "list"):
                return self._etcd("getting alarms", "etcd alarm list", command.nodes, self._alarms)
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

    def _each(self, doing: str, nodes: Sequence[str], print_one: Callable[[Machine, str], bytes]) -> Result:
        """A call that goes on when a node fails: exit 0 and a warning, unless all fail."""
        if nobody := self._no_endpoint():
            return fail(f"error {doing}: {nobody}")
        found, errors = b"", []
        for node in nodes:
            machine = self._cluster.by_address(node)
            if machine is None or not machine.up:
                errors.append((node, refused(node)))
            else:
                found += print_one(machine, node)
        return summed_up(doing, found, errors, len(nodes))

    def _get(self, word: str, nodes: Sequence[str]) -> Result:
        """A call whose errors do not name their node, and fail it as a whole after the others have answered.

        The first node is asked what this kind of resource is: when that one is silent, nobody is heard.
        """
        if nobody := self._no_endpoint():
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
        if nobody := self._no_endpoint():
            return fail(f"error reading file: {nobody}")
        if machine is None or not machine.up:
            return fail(f"error reading: {refused(nodes[0])}")
        return Result(stdout=machine.boot_id.encode() + b"\n")

    def _etcd(
        self, doing: str, what: str, nodes: Sequence[str], print_all: Callable[[list[tuple[Machine, str]]], bytes]
    ) -> Result:
        if nobody := self._no_endpoint():
            return fail(f"error {doing}: {nobody}")
        asked, errors = [], []
        for node in nodes:
            machine = self._cluster.by_address(node)
            if machine is None or not machine.up:
                errors.append((node, refused(node)))
                continue
            trouble = etcd_trouble(self._cluster, machine)
            if not machine.control_plane:
                errors.append((node, f"rpc error: code = Unimplemented desc = {control_planes_only(what)}"))
            elif trouble:
                errors.append((node, f"rpc error: code = Unknown desc = {trouble}"))
            else:
                asked.append((machine, node))
        found = print_all(asked) if asked else b""
        return summed_up(doing, found, errors, len(nodes))

    def _members(self, asked: list[tuple[Machine, str]]) -> bytes:
        return member_table([row for _, node in asked for row in member_rows(self._cluster.etcd, node)])

    def _status(self, asked: list[tuple[Machine, str]]) -> bytes:
        etcd = self._cluster.etcd
        members = [(etcd.member(machine), node) for machine, node in asked]
        return status_table([status_row(etcd, member, node) for member, node in members if member is not None])

    def _alarms(self, asked: list[tuple[Machine, str]]) -> bytes:
        alarms = self._cluster.etcd.alarms
        return alarm_table([(node, id, alarm) for _, node in asked for id, alarm in alarms.items()])


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


def plural_errors(errors: Sequence[str]) -> str:
    """As Go's multierror prints them, with the newline that ends the message."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    return f"{count} occurred:\n" + "".join(f"\t* {error}\n" for error in errors) + "\n\n"


def summed_up(doing: str, found: bytes, errors: Sequence[tuple[str, str]], asked: int) -> Result:
    """Errors of some nodes are a warning, errors of all a failure."""
    if not errors:
        return Result(stdout=found)
    text = plural_errors([f"{node}: {error}" for node, error in errors])
    if len(errors) < asked:
        return Result(stdout=found, stderr=f"WARNING: {text}".encode())
    return Result(exit=1, stderr=f"error {doing}: {text}".encode())
