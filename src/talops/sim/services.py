"""The services that Talos runs on a machine, as far as they follow from its stage and from etcd."""

from dataclasses import dataclass, replace
from datetime import datetime

from talops.sim.cluster import Cluster
from talops.sim.machine import Machine
from talops.sim.membership import NOT_FOR_LEARNERS

_ALWAYS = ("apid", "auditd", "containerd", "machined", "syslogd", "udevd")
_RUNNER = "Containerd(etcd)"
_FOREVER = 'going to restart forever: task "etcd" failed: exit code 1'
_CONTROL_PLANE = ("etcd", "trustd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`state` is Running, Waiting, Preparing, Failed or Finished. `healthy` is None where nothing is known yet."""

    id: str
    state: str
    healthy: bool | None
    message: str
    since: datetime

    @property
    def last_event(self) -> str:
        unwell = self.state == "Running" and self.healthy is False
        return f"Health check failed: {self.message}" if unwell else self.message


def services(cluster: Cluster, machine: Machine) -> list[Service]:
    """In the order of their ids, as a node lists them."""
    found = [_running(machine, name) for name in _ALWAYS]
    found += [_of_kubernetes(machine, "cri", ready=True), _of_kubernetes(machine, "kubelet", ready=machine.ready)]
    if machine.control_plane:
        since = max(machine.booted_at, cluster.etcd.since.get(machine.hostname, machine.booted_at))
        found += [replace(_etcd(cluster, machine), since=since), _of_kubernetes(machine, "trustd", ready=True)]
    return sorted(found, key=lambda service: service.id)


def service_names(machine: Machine) -> list[str]:
    return sorted((*_ALWAYS, "cri", "kubelet", *(_CONTROL_PLANE if machine.control_plane else ())))


def _service(machine: Machine, name: str, state: str, healthy: bool | None, message: str) -> Service:
    return Service(id=name, state=state, healthy=healthy, message=message, since=machine.booted_at)


def _running(machine: Machine, name: str) -> Service:
    return _service(machine, name, "Running", True, "Health check successful")


def _of_kubernetes(machine: Machine, name: str, *, ready: bool) -> Service:
    if machine.stage in {"rebooting", "upgrading"}:
        return _service(machine, name, "Finished", None, "Service finished successfully")
    if machine.stage == "booting" or name in machine.stopped_services:
        return _service(machine, name, "Preparing", None, "Running pre state")
    if not ready:
        return _service(machine, name, "Running", False, "context deadline exceeded")
    return _running(machine, name)


def _etcd(cluster: Cluster, machine: Machine) -> Service:
    """Source: Talos v1.13.0, service_runner.go, restart.go and services/etcd.go."""
    etcd, member = cluster.etcd, cluster.etcd.member(machine)
    if machine.stage in {"rebooting", "upgrading"}:
        return _of_kubernetes(machine, "etcd", ready=True)
    if any(one.machine is machine for one in etcd.removed) and member is None:
        # it starts again and again, hears that it was removed, and ends well
        return _service(
            machine, "etcd", "Waiting", False, f"Runner {_RUNNER} exited without error, going to restart it"
        )
    if member is None or not member.started or not (member.up or machine.etcd_broken):
        return _service(machine, "etcd", "Preparing", None, "Running pre state")
    if not member.up:
        return _service(machine, "etcd", "Waiting", False, f"Error running {_RUNNER}, {_FOREVER}")
    if member.learner:
        return _service(machine, "etcd", "Running", False, NOT_FOR_LEARNERS)
    if not etcd.led:
        return _service(machine, "etcd", "Running", False, "context deadline exceeded")
    return _running(machine, "etcd")
