"""Specs of resources in protobuf, for what talosctl decodes: health, drain and upgrade-k8s do."""

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from types import MappingProxyType

from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from talops.domain.talos import Role
from talops.sim.kube.objects import Object
from talops.sim.network.talos.wire import specs_pb2 as wire

STAGES = (
    "unknown",
    "booting",
    "installing",
    "maintenance",
    "running",
    "rebooting",
    "shutting down",
    "resetting",
    "upgrading",
)
"""By their numbers."""
_TYPES = {Role.CONTROL_PLANE.value: 2, Role.WORKER.value: 3}


def _member(spec: Object) -> Message:
    found = wire.MemberSpec(
        node_id=spec["nodeId"],
        addresses=[wire.NetIP(ip=ip_address(address).packed) for address in spec["addresses"]],
        hostname=spec["hostname"],
        machine_type=_TYPES[spec["machineType"]],
        operating_system=spec["operatingSystem"],
    )
    if "controlPlane" in spec:
        found.control_plane.api_server_port = spec["controlPlane"]["apiServerPort"]
    return found


def _machine_status(spec: Object) -> Message:
    unmet = [wire.MachineStatusSpec.Unmet(**one) for one in spec["status"]["unmetConditions"]]
    status = wire.MachineStatusSpec.Status(ready=spec["status"]["ready"], unmet_conditions=unmet)
    return wire.MachineStatusSpec(stage=STAGES.index(spec["stage"]), status=status)


def _kubelet(spec: Object) -> Message:
    return wire.KubeletSpec(image=spec["image"], args=spec.get("args", ()), expected_nodename=spec["expectedNodename"])


def _pod(spec: Object) -> Message:
    pod = Struct()
    pod.update(spec)
    return wire.PodSpec(pod=pod)


def _volume(spec: Object) -> Message:
    return wire.VolumeStatusSpec(location=spec["location"], parent_location=spec["parentLocation"], size=spec["size"])


_SPECS: Mapping[str, Callable[[Object], Message]] = MappingProxyType(
    {
        "Members.cluster.talos.dev": _member,
        "MachineStatuses.runtime.talos.dev": _machine_status,
        "Services.v1alpha1.talos.dev": lambda spec: wire.ServiceSpec(**spec),
        "Nodenames.kubernetes.talos.dev": lambda spec: wire.NodenameSpec(
            nodename=spec["nodename"], hostname_version=spec["hostnameVersion"]
        ),
        "KubeletSpecs.kubernetes.talos.dev": _kubelet,
        "APIServerConfigs.kubernetes.talos.dev": lambda spec: wire.APIServerConfigSpec(**spec),
        "ControllerManagerConfigs.kubernetes.talos.dev": lambda spec: wire.ComponentConfigSpec(**spec),
        "SchedulerConfigs.kubernetes.talos.dev": lambda spec: wire.ComponentConfigSpec(**spec),
        "StaticPods.kubernetes.talos.dev": _pod,
        "StaticPodStatuses.kubernetes.talos.dev": _pod,
        "EtcdMembers.etcd.talos.dev": lambda spec: wire.EtcdMemberSpec(member_id=spec["memberID"]),
        "VolumeStatuses.block.talos.dev": _volume,
        "Diagnostics.runtime.talos.dev": lambda spec: wire.DiagnosticSpec(**spec),
        "BootstrapManifestsConfigs.kubernetes.talos.dev": lambda spec: wire.BootstrapManifestsSpec(
            cni_name=spec["cniName"]
        ),
    }
)


def encoded(type: str, spec: Object | str) -> bytes:
    """Empty for a kind that nobody decodes."""
    if isinstance(spec, str):
        is_config = type.startswith("MachineConfigs.")
        return wire.MachineConfigSpec(yaml_marshalled=spec.encode()).SerializeToString() if is_config else b""
    encode = _SPECS.get(type)
    return encode(spec).SerializeToString() if encode is not None else b""
