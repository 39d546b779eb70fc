"""The services that Talos runs on a machine, as far as they follow from its stage and from etcd."""

from dataclasses import dataclass

from talops.sim.cluster import Cluster
from talops.sim.machine import Machine

_ALWAYS = ("apid", "auditd", "containerd", "machined", "syslogd", "udevd")
_CONTROL_PLANE = ("etcd", "trustd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`state` is Running, Preparing or Finished. `healthy` is None where nothing is known yet."""

    id: str
    state: str
    healthy: bool | None
    message: str


def services(cluster: Cluster, machine: Machine) -> list[Service]:
    """In the order of their ids, as a node lists them."""
    found = [_running(name) for name in _ALWAYS]
    found += [_of_kubernetes(machine, "cri", ready=True), _of_kubernetes(machine, "kubelet", ready=machine.ready)]
    if machine.control_plane:
        found += [_etcd(cluster, machine), _of_kubernetes(machine, "trustd", ready=True)]
    return sorted(found, key=lambda service: service.id)


def service_names(machine: Machine) -> list[str]:
    return sorted((*_ALWAYS, "cri", "kubelet", *(_CONTROL_PLANE if machine.control_plane else ())))


def _running(name: str) -> Service:
    return Service(id=name, state="Running", healthy=True, message="Health check successful")


def _of_kubernetes(machine: Machine, name: str, *, ready: bool) -> Service:
    if machine.stage in {"rebooting", "upgrading"}:
        return Service(id=name, state="Finished", healthy=None, message="Service finished successfully")
    if machine.stage == "booting" or name in machine.stopped_services:
        return Service(id=name, state="Preparing", healthy=None, message="Running pre state")
    if not ready:
        return Service(id=name, state="Running", healthy=False, message="context deadline exceeded")
    return _running(name)


def _etcd(cluster: Cluster, machine: Machine) -> Service:
    member = cluster.etcd.member(machine)
    if member is None:
        return Service(id="etcd", state="Finished", healthy=None, message="Service finished successfully")
    if member.up:
        return _running("etcd")
    return _of_kubernetes(machine, "etcd", ready=False)
