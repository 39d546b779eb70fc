"""`talosctl health` as a control plane runs it: one check after the other, each waited for, told in words."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass

from grpclib import GRPCError, Status

from talops.sim.cluster import Cluster
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.network.talos.calls import READERS, Node, Streaming
from talops.sim.network.talos.wire import machine_pb2 as wire
from talops.sim.refusals import control_planes_only, unreachable
from talops.sim.services import services

_POLL_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Check:
    """`problem` is empty when all is well."""

    name: str
    problem: Callable[[Cluster], str]


def _healthy(name: str) -> Callable[[Cluster], str]:
    def problem(cluster: Cluster) -> str:
        return _several(
            f"{machine.address}: {trouble}"
            for machine in cluster.control_planes
            if (trouble := _trouble(cluster, machine, name))
        )

    return problem


def _trouble(cluster: Cluster, machine: Machine, name: str) -> str:
    if not machine.up:
        return f"rpc error: code = Unavailable desc = {unreachable(machine.address)}"
    service = next(one for one in services(cluster, machine) if one.id == name)
    if service.state != "Running":
        words = f"current state [{service.state}] {service.message}"
        return f'service "{name}" not in expected state "Running": {words}'
    return "" if service.healthy else f"service is not healthy: {name}"


def _apid(cluster: Cluster) -> str:
    off = [machine.address for machine in cluster.machines.values() if not machine.up]
    return _several(f"{address}: rpc error: code = Unavailable desc = {unreachable(address)}" for address in off)


def _etcd_members(cluster: Cluster) -> str:
    expected, actual = len(cluster.control_planes), len(cluster.etcd.members)
    return "" if actual == expected else f"expected to have {expected} members, got {actual}"


def _booted(cluster: Cluster) -> str:
    waiting = [f"{one.address}: {one.stage}" for one in cluster.machines.values() if one.stage != "running"]
    return f"nodes are not running: {', '.join(waiting)}" if waiting else ""


def _reported(cluster: Cluster) -> str:
    missing = [name for name in cluster.machines if cluster.store.get("nodes", name) is None]
    return f"missing nodes: [{' '.join(missing)}]" if missing else cluster.api_problem()


def _ready(cluster: Cluster) -> str:
    return _bad_nodes(cluster, "ready", lambda node: not _is_ready(node))


def _schedulable(cluster: Cluster) -> str:
    return _bad_nodes(cluster, "schedulable", lambda node: bool(node["spec"].get("unschedulable")))


def _is_ready(node: Object) -> bool:
    return any(one["type"] == "Ready" and one["status"] == "True" for one in node["status"]["conditions"])


def _bad_nodes(cluster: Cluster, what: str, bad: Callable[[Object], bool]) -> str:
    names = [str(node["metadata"]["name"]) for node in cluster.store.all("nodes") if bad(node)]
    return f"some nodes are not {what}: [{' '.join(names)}]" if names else cluster.api_problem()


def _several(errors: Iterable[str]) -> str:
    """As Go's multierror."""
    found = list(errors)
    count = "1 error" if len(found) == 1 else f"{len(found)} errors"
    return "\n\t* ".join([f"{count} occurred:", *found]) if found else ""


_CHECKS: Sequence[_Check] = (
    _Check("etcd to be healthy", _healthy("etcd")),
    _Check("etcd members to be consistent across nodes", _etcd_members),
    _Check("etcd members to be control plane nodes", _etcd_members),
    _Check("apid to be ready", _apid),
    _Check("all nodes memory sizes", lambda _cluster: ""),
    _Check("all nodes disk sizes", lambda _cluster: ""),
    _Check("no diagnostics", lambda _cluster: ""),
    _Check("kubelet to be healthy", _healthy("kubelet")),
    _Check("all nodes to finish boot sequence", _booted),
    _Check("all k8s nodes to report", _reported),
    _Check("all control plane static pods to be running", _booted),
    _Check("all control plane components to be ready", lambda cluster: cluster.api_problem()),
    _Check("all k8s nodes to report ready", _ready),
    _Check("kube-proxy to report ready", lambda cluster: cluster.api_problem()),
    _Check("coredns to report ready", lambda cluster: cluster.api_problem()),
    _Check("all k8s nodes to report schedulable", _schedulable),
)


async def _health(node: Node, request: wire.HealthCheckRequest) -> AsyncIterator[wire.HealthCheckProgress]:
    if not node.machine.control_plane:
        raise GRPCError(Status.UNIMPLEMENTED, control_planes_only("cluster health check"))
    addresses = " ".join(f'"{machine.address}"' for machine in node.cluster.machines.values())
    yield wire.HealthCheckProgress(message=f"discovered nodes: [{addresses}]")
    end = asyncio.get_running_loop().time() + request.wait_timeout.seconds + request.wait_timeout.nanos / 1e9
    for check in _CHECKS:
        yield _told(check, "...")
        last = ""
        while problem := check.problem(node.cluster):
            if problem != last:
                yield _told(check, problem)
            last = problem
            await _until_next(node, end)
        yield _told(check, "OK")


def _told(check: _Check, words: str) -> wire.HealthCheckProgress:
    return wire.HealthCheckProgress(message=f"waiting for {check.name}: {words}")


async def _until_next(node: Node, end: float) -> None:
    """Raises GRPCError at the deadline that the client gave."""
    try:
        async with asyncio.timeout_at(end):
            await node.pulse.pause(_POLL_SECONDS, at_least=0.1)
    except TimeoutError:
        raise GRPCError(Status.DEADLINE_EXCEEDED, "context deadline exceeded") from None


METHODS = (Streaming("/cluster.ClusterService/HealthCheck", wire.HealthCheckRequest, READERS, _health),)
