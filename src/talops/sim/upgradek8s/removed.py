"""What the next release of Kubernetes has not any more, and the table in which talosctl says who uses it.

Source: go-kubernetes v0.2.36, which talosctl 1.13.0 is built with, for releases that Talos 1.12 and newer run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from talops.sim.components import COMPONENTS, KUBELET
from talops.sim.config.flags import added_flags
from talops.sim.upgradek8s.asking import Asking, Failed

_API_SERVER, _MANAGER = "kube-apiserver", "kube-controller-manager"
_GATES = "--feature-gates="
Row = tuple[str, str, str]
"""Node, component, and what is not there any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """`gates` of static pods, and `flags` by component."""

    gates: str = ""
    flags: Mapping[str, str] = field(default_factory=dict)


_BY_TARGET: Mapping[int, Removed] = MappingProxyType(
    {
        31: Removed(
            gates="APIPriorityAndFairness CSINodeExpandSecret ConsistentHTTPGetHandlers "
            "DefaultHostNetworkHostPortsInPodTemplates ServiceNodePortStaticSubrange SkipReadOnlyValidationGCE",
            flags={
                KUBELET: "keep-terminated-pod-volumes iptables-masquerade-bit iptables-drop-bit",
                _MANAGER: "volume-host-cidr-denylist volume-host-allow-local-loopback "
                "horizontal-pod-autoscaler-upscale-delay horizontal-pod-autoscaler-downscale-delay",
            },
        ),
        32: Removed(
            gates="AllowServiceLBStatusOnNonLB CloudDualStackNodeIPs DRAControlPlaneController HPAContainerMetrics "
            "KMSv2 KMSv2KDF LegacyServiceAccountTokenCleanUp MinDomainsInPodTopologySpread "
            "NewVolumeManagerReconstruction NodeOutOfServiceVolumeDetach ServerSideApply ServerSideFieldValidation "
            "StableLoadBalancerNodeSet ValidatingAdmissionPolicy ZeroLimitedNominalConcurrencyShares",
        ),
        33: Removed(
            gates="AppArmor AppArmorFields CPUManager DisableCloudProviders DisableKubeletCloudCredentialProviders "
            "JobPodFailurePolicy KubeProxyDrainingTerminatingNodes PDBUnhealthyPodEvictionPolicy "
            "PersistentVolumeLastPhaseTransitionTime VolumeCapacityPriority",
            flags={_API_SERVER: "cloud-config"},
        ),
        34: Removed(
            gates="DevicePluginCDIDevices LegacySidecarContainers PodDisruptionConditions",
            flags={KUBELET: "cloud-config"},
        ),
        35: Removed(
            gates="SizeMemoryBackedVolumes UserNamespacesHostNetworkSupport",
            flags={KUBELET: "pod-infra-container-image"},
        ),
        36: Removed(
            gates="CSIMigrationPortworx HonorPVReclaimPolicy InTreePluginPortworxUnregister "
            "WatchFromStorageWithoutResourceVersion",
        ),
    }
)


def check(ask: Asking, control_planes: Sequence[str], kubelets: Sequence[str], minor: int) -> None:
    """Raises Failed when a flag or a feature gate is in use that Kubernetes 1.`minor` has not any more."""
    removed = _BY_TARGET.get(minor, Removed())
    gates: list[Row] = []
    flags: list[Row] = []
    pods = [(address, component) for address in control_planes for component in COMPONENTS]
    for address, component in (*pods, *((address, KUBELET) for address in kubelets)):
        used = added_flags(ask.known(address), component)
        if component != KUBELET:
            gates += [(address, component, gate) for gate in removed.gates.split() if gate in _gates(used)]
        names = {flag.partition("=")[0] for flag in used}
        gone = removed.flags.get(component, "").split()
        flags += [(address, component, flag) for flag in gone if f"--{flag}" in names]
    if gates or flags:
        raise Failed(_table("REMOVED FEATURE GATE", gates) + _table("REMOVED FLAG", flags))


def _gates(flags: Sequence[str]) -> set[str]:
    """Of the first flag that names some."""
    first = next((flag for flag in flags if flag.startswith(_GATES)), _GATES)
    return {gate.partition("=")[0] for gate in first.removeprefix(_GATES).split(",")}


def _table(heading: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    table = [("NODE", "COMPONENT", heading), *rows]
    node, component = (max(len(row[column]) for row in table) + 3 for column in (0, 1))
    return "\n" + "".join(f"{one:<{node}}{two:<{component}}{three}\n" for one, two, three in table)
