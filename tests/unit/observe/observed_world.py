"""A cluster in a few dictionaries, which answers argv and requests as the captures do. For tests of `observe` only."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from captures import table

from talops.domain.cluster import Desired, DesiredNode, Installer
from talops.domain.process import Call, End, Instant, Request, Response, Result, Running, Stop, Wake
from talops.domain.talos import Role, Version
from talops.observe import Tools
from talops.tools.calls import Talosctl

BOOT_ID = "0f0a9c1e-5a43-4a0d-9a53-{:012d}"
REFUSED = 'rpc error: code = Unavailable desc = connection error: desc = "dial tcp {}:50000: connection refused"'
SCHEMATIC = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
EVERY_GROUP = ("apps/v1", "apiextensions.k8s.io/v1", "policy/v1")


@dataclass(slots=True, kw_only=True)
class Machine:
    hostname: str
    address: str
    control_plane: bool
    alive: bool = True
    version: str = "v1.13.0"
    extensions: tuple[str, ...] = ("iscsi-tools",)
    holds_vip: bool = False
    pending_install: bool = False

    @property
    def number(self) -> int:
        return int(self.address.rpartition(".")[2])


def three_and_two() -> list[Machine]:
    planes = [Machine(hostname=f"cp-{n}", address=f"10.0.0.1{n}", control_plane=True) for n in (1, 2, 3)]
    workers = [Machine(hostname=f"w-{n}", address=f"10.0.0.2{n}", control_plane=False) for n in (1, 2)]
    return [*planes, *workers]


def desired(machines: Sequence[Machine], *, virtual_ips: tuple[str, ...] = ()) -> Desired:
    version = Version.parse("v1.13.0")
    installer = Installer(repository="factory.talos.dev/installer", tag="v1.13.0", schematic=SCHEMATIC, from_files=True)
    nodes = tuple(
        DesiredNode(
            hostname=machine.hostname,
            role=Role.CONTROL_PLANE if machine.control_plane else Role.WORKER,
            addresses=(machine.address,),
            talos_version=version,
            kubernetes_version=version,
            installer=installer,
            config_file="",
        )
        for machine in machines
    )
    return Desired(
        cluster_name="home",
        endpoint="https://10.0.0.5:6443",
        talos_version=version,
        kubernetes_version=version,
        nodes=nodes,
        virtual_ips=virtual_ips,
    )


def resource(kind: str, node: str, name: str, spec: object) -> str:
    found = {"metadata": {"id": name, "type": f"{kind}.talos.dev"}, "node": node, "spec": spec}
    return json.dumps(found, indent=4) + "\n"


@dataclass(slots=True)
class Clock:
    """Virtual time: a wait jumps."""

    at: Instant = 1000.0
    asked_to: Stop = Stop.NO

    def now(self) -> Instant:
        return self.at

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def wait(self, until: Instant) -> Wake:
        self.at = until
        return Wake.DUE

    def stop(self) -> Stop:
        return self.asked_to


@dataclass(slots=True)
class World:
    machines: list[Machine] = field(default_factory=three_and_two)
    strangers: list[Machine] = field(default_factory=list)
    replies: dict[str, Response] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    groups: list[str] = field(default_factory=lambda: list(EVERY_GROUP))
    spoil: Callable[[Call, Result], Result] = lambda _call, result: result
    calls: list[Call] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def tools(self) -> Tools:
        return Tools(
            runner=Runner(self), kube=Kube(self), talosctl=Talosctl(talosconfig="talosconfig"), clock=self.clock
        )

    def machine(self, name: str) -> Machine:
        return next(machine for machine in self.machines if name in (machine.hostname, machine.address))

    def asked(self, template: str) -> list[tuple[str, ...]]:
        """The nodes of every call of this template, call by call."""
        calls = [call.argv for call in self.calls if call.template == template]
        return [tuple(argv[argv.index("-n") + 1].split(",")) if "-n" in argv else () for argv in calls]


@dataclass(slots=True)
class Runner:
    world: World

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        self.world.calls += calls
        return tuple(self.world.spoil(call, self.answer(call)) for call in calls)

    def start(self, call: Call) -> Running:
        raise AssertionError(f"observing starts nothing: {call}")

    def answer(self, call: Call) -> Result:
        argv = call.argv
        asked = argv[argv.index("-n") + 1].split(",") if "-n" in argv else []
        if call.template == "client-version":
            return Result(stdout=b"Client:\nTalos v1.13.0\n")
        machines = [self.world.machine(node) for node in asked]
        alive = [machine for machine in machines if machine.alive]
        dead = [
            f"\t* {machine.address}: {REFUSED.format(machine.address)}\n" for machine in machines if not machine.alive
        ]
        stderr = (f"WARNING: {len(dead)} error occurred:\n" + "".join(dead) if dead else "").encode()
        strict = call.template not in {"version", "etcd-status", "etcd-alarms", "etcd-members"}
        failed = bool(dead) and (strict or not alive)
        return Result(exit=int(failed), stdout=self.text(call.template, alive), stderr=stderr)

    def text(self, template: str, alive: list[Machine]) -> bytes:
        match template:
            case "etcd-members":
                return self.etcd_members(alive)
            case "etcd-status":
                return self.etcd_status(alive)
            case "etcd-alarms":
                return b""
            case _:
                return "".join(self.one(template, machine) for machine in alive).encode()

    def one(self, template: str, machine: Machine) -> str:
        node = machine.address
        match template:
            case "version":
                tag = {"tag": machine.version}
                return (
                    json.dumps({"metadata": {"hostname": node}, "version": tag, "platform": {"name": "metal"}}) + "\n"
                )
            case "machinestatus":
                status = {"ready": True, "unmetConditions": []}
                return resource("MachineStatuses.runtime", node, "machine", {"stage": "running", "status": status})
            case "extensions":
                named = [
                    *((name, "v1") for name in machine.extensions),
                    *([("schematic", SCHEMATIC)] if machine.extensions else []),
                ]
                return "".join(
                    resource(
                        "ExtensionStatuses.runtime", node, str(at), {"metadata": {"name": name, "version": version}}
                    )
                    for at, (name, version) in enumerate(named)
                )
            case "addresses":
                own = [f"{node}/24", *(["10.0.0.5/32"] if machine.holds_vip else [])]
                return "".join(resource("AddressStatuses.net", node, address, {"address": address}) for address in own)
            case "securitystate":
                return resource("SecurityStates", node, "securitystate", {"secureBoot": False})
            case "metakeys":
                return resource("MetaKeys.runtime", node, "0x06", {"value": "A"}) if machine.pending_install else ""
            case "boot-id":
                return BOOT_ID.format(machine.number) + "\n"
            case "members":
                return "".join(self.discovered(node, known) for known in [*self.world.machines, *self.world.strangers])
        raise AssertionError(template)

    @staticmethod
    def discovered(node: str, known: Machine) -> str:
        spec = {"hostname": known.hostname, "addresses": [known.address], "machineType": "worker"}
        return resource("Members.cluster", node, known.hostname, spec)

    def etcd_members(self, alive: list[Machine]) -> bytes:
        heading = ("NODE", "ID", "HOSTNAME", "PEER URLS", "CLIENT URLS", "LEARNER")
        planes = [machine for machine in self.world.machines if machine.control_plane]
        rows = [
            (machine.address, f"{plane.number:016x}", plane.hostname, f"https://{plane.address}:2380", "", "false")
            for machine in alive
            for plane in planes
        ]
        return table(heading, *rows)

    def etcd_status(self, alive: list[Machine]) -> bytes:
        heading = ("NODE", "MEMBER", "LEADER", "RAFT INDEX", "RAFT TERM", "RAFT APPLIED INDEX", "LEARNER", "ERRORS")
        rows = [(m.address, f"{m.number:016x}", f"{11:016x}", "7", "2", "7", "false", "") for m in alive]
        return table(heading, *rows)


@dataclass(slots=True)
class Kube:
    world: World

    def gather(self, requests: Sequence[Request]) -> tuple[Response, ...]:
        self.world.requests += requests
        return tuple(self.world.replies.get(request.template) or self.reply(request) for request in requests)

    def reply(self, request: Request) -> Response:
        match request.template:
            case "nodes":
                return listing("NodeList", *(kube_node(m) for m in [*self.world.machines, *self.world.strangers]))
            case "api-groups":
                return self.api_groups()
            case "api-resources":
                names = [{"name": "cephclusters"}, {"name": "clusters"}]
                return reply({"kind": "APIResourceList", "resources": names})
            case "lease":
                return reply({"kind": "Status", "message": "not found"}, 404)
        kinds = {
            "pods-labelled": "PodList",
            "pods-on-node": "PodList",
            "budgets": "PodDisruptionBudgetList",
            "ceph": "CephClusterList",
            "postgres": "ClusterList",
            "daemonsets": "DaemonSetList",
            "attachments": "VolumeAttachmentList",
            "tuppr": "TalosUpgradeList",
            "system-upgrade": "PlanList",
        }
        return listing(kinds[request.template])

    def api_groups(self) -> Response:
        names = [name.split("/") for name in self.world.groups]
        groups = [{"name": name, "versions": [{"version": version}]} for name, version in names]
        return reply({"kind": "APIGroupList", "groups": groups})


def kube_node(machine: Machine, *, name: str = "") -> dict[str, object]:
    return {
        "metadata": {"name": name or f"kube-{machine.hostname}", "resourceVersion": "1"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": machine.address}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "nodeInfo": {"bootID": BOOT_ID.format(machine.number)},
        },
    }


def reply(found: object, status: int = 200) -> Response:
    return Response(status=status, body=json.dumps(found).encode())


def listing(kind: str, *items: object) -> Response:
    return reply({"kind": kind, "metadata": {}, "items": list(items)})


def timed_out(call: Call, result: Result) -> Result:
    """What becomes of a call of several nodes when one of them hangs."""
    several = "-n" in call.argv and "," in call.argv[call.argv.index("-n") + 1]
    return replace(result, end=End.TIMED_OUT) if several else result
