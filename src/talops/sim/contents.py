"""What is in the resources of a node, kind by kind. Keys are Talos' own, in its order."""

from collections.abc import Callable
from ipaddress import ip_network

from talops.sim.cluster import Cluster
from talops.sim.components import COMPONENTS, CONFIG_VERSION, KUBELET, config_version
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.resources import Resource
from talops.sim.services import services

_EPHEMERAL_BYTES = 100 * 1024**3


def one(id: str, spec: Object | str) -> list[Resource]:
    return [Resource(id=id, spec=spec)]


def machinestatus(_cluster: Cluster, machine: Machine) -> list[Resource]:
    unmet = [] if machine.ready else [_unmet(machine)]
    return one("machine", {"stage": machine.stage, "status": {"ready": machine.ready, "unmetConditions": unmet}})


def _unmet(machine: Machine) -> Object:
    """A kubelet that has another config tells Kubernetes nothing of its trouble: its own health check does."""
    if machine.stage == "running" and (machine.kubelet_restarts or machine.new_config):
        state = "running" if "kubelet" in machine.stopped_services else "healthy"
        return {"name": "services", "reason": f"kubelet not {state}"}
    return {"name": "nodeReady", "reason": "node is not ready"}


def extensions(_cluster: Cluster, machine: Machine) -> list[Resource]:
    layers = [_layer(name, "v1.0.0", "Sidero Labs", name) for name in machine.system.extensions]
    if machine.schematic is not None:
        layers.append(_layer("schematic", machine.schematic, "Image Factory (factory.talos.dev)", "schematic"))
    return [Resource(id=str(number), spec=spec) for number, spec in enumerate(layers)]


def _layer(name: str, version: str, author: str, description: str) -> Object:
    metadata = {
        "name": name,
        "version": version,
        "author": author,
        "description": description,
        "compatibility": {"talos": {"version": ">= v1.0.0"}},
    }
    if name == "schematic":
        metadata["extraInfo"] = "customization: {}\n"
    return {"image": "" if name == "schematic" else f"{name}.sqsh", "metadata": metadata}


def addresses(_cluster: Cluster, machine: Machine) -> list[Resource]:
    wanted = [(address, 128 if ":" in address else 24) for address in machine.addresses]
    if machine.virtual_ip:
        wanted.append((machine.virtual_ip, 128 if ":" in machine.virtual_ip else 32))
    return [
        Resource(id=f"eth0/{address}/{length}", spec=_address(address, length, machine)) for address, length in wanted
    ]


def _address(address: str, length: int, machine: Machine) -> Object:
    spec: Object = {"address": f"{address}/{length}", "local": machine.address}
    if ":" not in address:
        spec["broadcast"] = str(ip_network(f"{address}/{length}", strict=False).broadcast_address)
    return {
        **spec,
        "linkIndex": 8,
        "linkName": "eth0",
        "family": "inet6" if ":" in address else "inet4",
        "scope": "global",
        "flags": "permanent",
        "priority": 0,
    }


def securitystate(_cluster: Cluster, _machine: Machine) -> list[Resource]:
    return one(
        "securitystate",
        {"secureBoot": False, "selinuxState": "disabled", "bootedWithUKI": False, "moduleSignatureEnforced": True},
    )


def metakeys(_cluster: Cluster, machine: Machine) -> list[Resource]:
    return one("0x06", {"value": machine.upgraded_from}) if machine.upgraded_from else []


def members(cluster: Cluster, _machine: Machine) -> list[Resource]:
    found = []
    for member in cluster.machines.values():
        spec: Object = {
            "nodeId": f"id-{member.hostname}",
            "addresses": list(member.addresses),
            "hostname": member.hostname,
            "machineType": member.role.value,
            "operatingSystem": f"Talos ({member.version})",
        }
        if member.control_plane:
            spec["controlPlane"] = {"apiServerPort": 6443}
        found.append(Resource(id=member.hostname, spec=spec))
    return found


def machineconfigs(_cluster: Cluster, machine: Machine) -> list[Resource]:
    found = machine.config.resources()
    return [Resource(id=id, spec=text, version=version, yaml_text=True) for id, text, version in found]


def diagnostics(_cluster: Cluster, machine: Machine) -> list[Resource]:
    """Source: Talos v1.13.0, address_overlap.go. The other thing that a node warns of is in no config."""
    from talops.sim.config.subnets import overlap

    found = overlap(machine)
    return [] if found is None else one("address-overlap", found)


def service_states(cluster: Cluster, machine: Machine) -> list[Resource]:
    # one that does not run has no resource
    return [
        Resource(
            id=service.id,
            spec={
                "running": service.state == "Running",
                "healthy": bool(service.healthy),
                "unknown": service.healthy is None,
            },
            born=machine.kubelet_restarts if service.id == KUBELET else 0,
        )
        for service in services(cluster, machine)
        if service.state == "Running"
    ]


def nodestatus(cluster: Cluster, machine: Machine) -> list[Resource]:
    node = cluster.store.get("nodes", machine.hostname)
    if node is None:
        return []
    conditions = node["status"]["conditions"]
    spec = {
        "nodename": machine.hostname,
        "nodeReady": any(one["type"] == "Ready" and one["status"] == "True" for one in conditions),
        "unschedulable": bool(node["spec"].get("unschedulable")),
        "labels": dict(node["metadata"].get("labels") or {}),
        "annotations": dict(node["metadata"].get("annotations") or {}),
        "podCIDRs": [],
    }
    return one(machine.hostname, spec)


def kubeletspec(_cluster: Cluster, machine: Machine) -> list[Resource]:
    """What the config says, whether or not a kubelet has heard of it."""
    spec: Object = {"image": machine.images[KUBELET]}
    if flags := _added_flags(machine, KUBELET):
        spec["args"] = flags
    return one(KUBELET, {**spec, "expectedNodename": machine.hostname, "config": {}})


def _added_flags(machine: Machine, component: str) -> list[str]:
    from talops.sim.config.flags import added_flags

    return added_flags(machine, component)


def component_configs(component: str) -> Callable[[Cluster, Machine], list[Resource]]:
    """What a static pod is made from: a new version with every change."""

    def of(_cluster: Cluster, machine: Machine) -> list[Resource]:
        if not machine.control_plane:
            return []
        spec: Object = {"image": machine.images[component]}
        if component != "kube-apiserver":
            spec = {"enabled": True, **spec}
        return [Resource(id=component, spec=spec, version=config_version(machine, component))]

    return of


def static_pods(_cluster: Cluster, machine: Machine) -> list[Resource]:
    if not machine.control_plane:
        return []
    return [Resource(id=name, spec=_static_pod(machine, name)) for name in COMPONENTS]


def _static_pod(machine: Machine, name: str) -> Object:
    annotations = {CONFIG_VERSION: str(config_version(machine, name))}
    metadata = {"name": name, "namespace": "kube-system", "annotations": annotations, "labels": {"k8s-app": name}}
    command = [f"/usr/local/bin/{name}", *_added_flags(machine, name)]
    containers = [{"name": name, "image": machine.images[name], "command": command}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}}


def static_pod_statuses(_cluster: Cluster, machine: Machine) -> list[Resource]:
    ready = "True" if machine.stage == "running" else "False"
    return [
        Resource(
            id=f"kube-system/{component}-{machine.hostname}",
            spec={"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
        )
        for component in (COMPONENTS if machine.control_plane else ())
    ]


def etcdmember(cluster: Cluster, machine: Machine) -> list[Resource]:
    member = cluster.etcd.member(machine)
    return [] if member is None else one("local", {"memberID": member.id})


def volumes(_cluster: Cluster, _machine: Machine) -> list[Resource]:
    spec = {
        "phase": "ready",
        "type": "partition",
        "location": "/dev/sda6",
        "parentLocation": "/dev/sda",
        "partitionIndex": 6,
        "size": _EPHEMERAL_BYTES,
        "prettySize": "107 GB",
        "filesystem": "xfs",
    }
    return one("EPHEMERAL", spec)
