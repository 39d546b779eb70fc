"""The kinds of resources that a node of the embedded cluster has, and what is in them."""

from collections.abc import Mapping
from ipaddress import ip_network
from types import MappingProxyType

from talops.sim.cluster import Cluster
from talops.sim.kube.objects import Object
from talops.sim.machine import Machine
from talops.sim.machineconfig import machine_config
from talops.sim.resources import Kind, Resource
from talops.sim.services import services

_EPHEMERAL_BYTES = 100 * 1024**3


def _one(id: str, spec: Object | str) -> list[Resource]:
    return [Resource(id=id, spec=spec)]


def _machinestatus(_cluster: Cluster, machine: Machine) -> list[Resource]:
    unmet = [] if machine.ready else [{"name": "nodeReady", "reason": "node is not ready"}]
    return _one("machine", {"stage": machine.stage, "status": {"ready": machine.ready, "unmetConditions": unmet}})


def _extensions(_cluster: Cluster, machine: Machine) -> list[Resource]:
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


def _addresses(_cluster: Cluster, machine: Machine) -> list[Resource]:
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


def _securitystate(_cluster: Cluster, _machine: Machine) -> list[Resource]:
    return _one(
        "securitystate",
        {"secureBoot": False, "selinuxState": "disabled", "bootedWithUKI": False, "moduleSignatureEnforced": True},
    )


def _metakeys(_cluster: Cluster, machine: Machine) -> list[Resource]:
    return _one("0x06", {"value": machine.upgraded_from}) if machine.upgraded_from else []


def _members(cluster: Cluster, _machine: Machine) -> list[Resource]:
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


def _machineconfigs(cluster: Cluster, machine: Machine) -> list[Resource]:
    text = machine_config(cluster.desired, cluster.desired.node(machine.hostname))
    return [Resource(id=id, spec=text, yaml_text=True) for id in ("v1alpha1", "persistent")]


def _services(cluster: Cluster, machine: Machine) -> list[Resource]:
    return [
        Resource(
            id=service.id,
            spec={
                "running": service.state == "Running",
                "healthy": bool(service.healthy),
                "unknown": service.healthy is None,
            },
        )
        for service in services(cluster, machine)
    ]


def _nodestatus(cluster: Cluster, machine: Machine) -> list[Resource]:
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
    return _one(machine.hostname, spec)


def _kubeletspec(cluster: Cluster, machine: Machine) -> list[Resource]:
    image = f"ghcr.io/siderolabs/kubelet:{cluster.desired.kubernetes_version}"
    return _one("kubelet", {"image": image, "expectedNodename": machine.hostname, "config": {}})


def _static_pods(cluster: Cluster, machine: Machine) -> list[Resource]:
    if not machine.control_plane:
        return []
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    tag = str(cluster.desired.kubernetes_version)
    return [
        Resource(
            id=name,
            spec={
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "kube-system", "labels": {"k8s-app": name}},
                "spec": {"containers": [{"name": name, "image": f"registry.k8s.io/{name}:{tag}"}]},
            },
        )
        for name in names
    ]


def _static_pod_statuses(cluster: Cluster, machine: Machine) -> list[Resource]:
    ready = "True" if machine.stage == "running" else "False"
    return [
        Resource(
            id=f"kube-system/{pod.id}-{machine.hostname}",
            spec={"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
        )
        for pod in _static_pods(cluster, machine)
    ]


def _etcdmember(cluster: Cluster, machine: Machine) -> list[Resource]:
    member = cluster.etcd.member(machine)
    return [] if member is None else _one("local", {"memberID": member.id})


def _volumes(_cluster: Cluster, _machine: Machine) -> list[Resource]:
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
    return _one("EPHEMERAL", spec)


_KINDS = (
    Kind(
        type="Members.cluster.talos.dev",
        namespace="cluster",
        owner="cluster.MemberController",
        of=_members,
        columns=(
            ("Hostname", "{.hostname}"),
            ("Machine Type", "{.machineType}"),
            ("OS", "{.operatingSystem}"),
            ("Addresses", "{.addresses}"),
        ),
    ),
    Kind(
        type="MachineConfigs.config.talos.dev",
        namespace="config",
        owner="config.AcquireController",
        of=_machineconfigs,
        sensitive=True,
    ),
    Kind(
        type="MachineTypes.config.talos.dev",
        namespace="config",
        owner="config.MachineTypeController",
        of=lambda _cluster, machine: _one("machine-type", machine.role.value),
        columns=(("Type", "{@}"),),
    ),
    Kind(
        type="MachineStatuses.runtime.talos.dev",
        namespace="runtime",
        of=_machinestatus,
        alone=True,
        columns=(("Stage", "{.stage}"), ("Ready", "{.status.ready}")),
    ),
    Kind(
        type="ExtensionStatuses.runtime.talos.dev",
        namespace="runtime",
        owner="runtime.ExtensionStatusController",
        of=_extensions,
        alone=True,
        aliases=("extensions",),
        columns=(("Name", "{.metadata.name}"), ("Version", "{.metadata.version}")),
    ),
    Kind(
        type="AddressStatuses.net.talos.dev",
        namespace="network",
        owner="network.AddressStatusController",
        of=_addresses,
        alone=True,
        aliases=("address", "addresses"),
        columns=(("Address", "{.address}"), ("Link", "{.linkName}")),
    ),
    Kind(
        type="HostnameStatuses.net.talos.dev",
        namespace="network",
        owner="network.HostnameSpecController",
        of=lambda _cluster, machine: _one("hostname", {"hostname": machine.hostname, "domainname": ""}),
        aliases=("hostname",),
        columns=(("Hostname", "{.hostname}"), ("Domainname", "{.domainname}")),
    ),
    Kind(
        type="SecurityStates.talos.dev",
        namespace="runtime",
        owner="runtime.SecurityStateController",
        of=_securitystate,
        alone=True,
        columns=(
            ("SecureBoot", "{.secureBoot}"),
            ("UKISigningKeyFingerprint", "{.ukiSigningKeyFingerprint}"),
            ("PCRSigningKeyFingerprint", "{.pcrSigningKeyFingerprint}"),
            ("SELinuxState", "{.selinuxState}"),
            ("ModuleSignatureEnforced", "{.moduleSignatureEnforced}"),
        ),
    ),
    Kind(
        type="MetaKeys.runtime.talos.dev",
        namespace="runtime",
        of=_metakeys,
        alone=True,
        aliases=("meta",),
        columns=(("Value", "{.value}"),),
    ),
    Kind(
        type="Services.v1alpha1.talos.dev",
        namespace="runtime",
        owner="v1alpha1.ServiceController",
        of=_services,
        aliases=("svc",),
        columns=(("Running", "{.running}"), ("Healthy", "{.healthy}"), ("Health Unknown", "{.unknown}")),
    ),
    Kind(
        type="Versions.runtime.talos.dev",
        namespace="runtime",
        owner="runtime.VersionController",
        of=lambda _cluster, machine: _one("version", {"name": "Talos", "version": str(machine.version)}),
        columns=(("Name", "{.name}"), ("Version", "{.version}")),
    ),
    Kind(
        type="Diagnostics.runtime.talos.dev",
        namespace="runtime",
        of=lambda _cluster, _machine: [],
        columns=(("Message", "{.message}"),),
    ),
    Kind(
        type="VolumeStatuses.block.talos.dev",
        namespace="runtime",
        owner="block.VolumeManagerController",
        of=_volumes,
        columns=(
            ("Type", "{.type}"),
            ("Phase", "{.phase}"),
            ("Location", "{.location}"),
            ("Size", "{.prettySize}"),
        ),
    ),
    Kind(
        type="EtcdMembers.etcd.talos.dev",
        namespace="etcd",
        owner="etcd.MemberController",
        of=_etcdmember,
        columns=(("Member ID", "{.memberID}"),),
    ),
    Kind(
        type="Nodenames.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.NodenameController",
        of=lambda _cluster, machine: _one("nodename", {"nodename": machine.hostname, "hostnameVersion": "1"}),
        columns=(("Nodename", "{.nodename}"),),
    ),
    Kind(
        type="NodeStatuses.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.NodeStatusController",
        of=_nodestatus,
        columns=(("Ready", "{.nodeReady}"), ("Unschedulable", "{.unschedulable}")),
    ),
    Kind(
        type="KubeletSpecs.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.KubeletSpecController",
        of=_kubeletspec,
        sensitive=True,
    ),
    Kind(
        type="StaticPods.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.ControlPlaneStaticPodController",
        of=_static_pods,
        sensitive=True,
    ),
    Kind(
        type="StaticPodStatuses.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.KubeletStaticPodController",
        of=_static_pod_statuses,
        aliases=("podstatus",),
        columns=(("Ready", '{.conditions[?(@.type=="Ready")].status}'),),
    ),
    Kind(
        type="BootstrapManifestsConfigs.kubernetes.talos.dev",
        namespace="controlplane",
        owner="k8s.ControlPlaneBootstrapManifestsController",
        of=lambda _cluster, machine: _one("manifests", {"cniName": "flannel"}) if machine.control_plane else [],
    ),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.type: kind for kind in _KINDS})
"""By type."""


def kind_called(word: str) -> Kind | None:
    """What `talosctl get WORD` means."""
    return next((kind for kind in _KINDS if word.lower() in {kind.type.lower(), *kind.names}), None)
