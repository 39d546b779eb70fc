"""The kinds of resources that a node of the embedded cluster has."""

from collections.abc import Mapping
from types import MappingProxyType

from talops.sim import contents
from talops.sim.resources import Kind

_KINDS = (
    Kind(
        type="Members.cluster.talos.dev",
        namespace="cluster",
        owner="cluster.MemberController",
        of=contents.members,
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
        of=contents.machineconfigs,
        alone=True,
        sensitive=True,
    ),
    Kind(
        type="MachineTypes.config.talos.dev",
        namespace="config",
        owner="config.MachineTypeController",
        of=lambda _cluster, machine: contents.one("machine-type", machine.role.value),
        columns=(("Type", "{@}"),),
    ),
    Kind(
        type="MachineStatuses.runtime.talos.dev",
        namespace="runtime",
        of=contents.machinestatus,
        alone=True,
        columns=(("Stage", "{.stage}"), ("Ready", "{.status.ready}")),
    ),
    Kind(
        type="ExtensionStatuses.runtime.talos.dev",
        namespace="runtime",
        owner="runtime.ExtensionStatusController",
        of=contents.extensions,
        alone=True,
        aliases=("extensions",),
        columns=(("Name", "{.metadata.name}"), ("Version", "{.metadata.version}")),
    ),
    Kind(
        type="AddressStatuses.net.talos.dev",
        namespace="network",
        owner="network.AddressStatusController",
        of=contents.addresses,
        alone=True,
        aliases=("address", "addresses"),
        columns=(("Address", "{.address}"), ("Link", "{.linkName}")),
    ),
    Kind(
        type="HostnameStatuses.net.talos.dev",
        namespace="network",
        owner="network.HostnameSpecController",
        of=lambda _cluster, machine: contents.one("hostname", {"hostname": machine.hostname, "domainname": ""}),
        aliases=("hostname",),
        columns=(("Hostname", "{.hostname}"), ("Domainname", "{.domainname}")),
    ),
    Kind(
        type="SecurityStates.talos.dev",
        namespace="runtime",
        owner="runtime.SecurityStateController",
        of=contents.securitystate,
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
        of=contents.metakeys,
        alone=True,
        aliases=("meta",),
        columns=(("Value", "{.value}"),),
    ),
    Kind(
        type="Services.v1alpha1.talos.dev",
        namespace="runtime",
        owner="v1alpha1.ServiceController",
        of=contents.service_states,
        aliases=("svc",),
        columns=(("Running", "{.running}"), ("Healthy", "{.healthy}"), ("Health Unknown", "{.unknown}")),
    ),
    Kind(
        type="Versions.runtime.talos.dev",
        namespace="runtime",
        owner="runtime.VersionController",
        of=lambda _cluster, machine: contents.one("version", {"name": "Talos", "version": str(machine.version)}),
        columns=(("Name", "{.name}"), ("Version", "{.version}")),
    ),
    Kind(
        type="Diagnostics.runtime.talos.dev",
        namespace="runtime",
        owner="runtime.DiagnosticsController",
        of=contents.diagnostics,
        alone=True,
        columns=(("Message", "{.message}"),),
    ),
    Kind(
        type="VolumeStatuses.block.talos.dev",
        namespace="runtime",
        owner="block.VolumeManagerController",
        of=contents.volumes,
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
        of=contents.etcdmember,
        columns=(("Member ID", "{.memberID}"),),
    ),
    Kind(
        type="Nodenames.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.NodenameController",
        of=lambda _cluster, machine: contents.one("nodename", {"nodename": machine.hostname, "hostnameVersion": "1"}),
        columns=(("Nodename", "{.nodename}"),),
    ),
    Kind(
        type="NodeStatuses.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.NodeStatusController",
        of=contents.nodestatus,
        columns=(("Ready", "{.nodeReady}"), ("Unschedulable", "{.unschedulable}")),
    ),
    Kind(
        type="KubeletSpecs.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.KubeletSpecController",
        of=contents.kubeletspec,
        sensitive=True,
    ),
    Kind(
        type="StaticPods.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.ControlPlaneStaticPodController",
        of=contents.static_pods,
        sensitive=True,
    ),
    Kind(
        type="StaticPodStatuses.kubernetes.talos.dev",
        namespace="k8s",
        owner="k8s.KubeletStaticPodController",
        of=contents.static_pod_statuses,
        aliases=("podstatus",),
        columns=(("Ready", '{.conditions[?(@.type=="Ready")].status}'),),
    ),
    *(
        Kind(
            type=f"{name}.kubernetes.talos.dev",
            namespace="controlplane",
            owner=owner,
            of=contents.component_configs(component),
            alone=True,
        )
        for name, owner, component in (
            ("APIServerConfigs", "k8s.ControlPlaneAPIServerController", "kube-apiserver"),
            ("ControllerManagerConfigs", "k8s.ControlPlaneControllerManagerController", "kube-controller-manager"),
            ("SchedulerConfigs", "k8s.ControlPlaneSchedulerController", "kube-scheduler"),
        )
    ),
    # the cluster has none: its network and its proxy are not those of Talos
    Kind(
        type="Manifests.kubernetes.talos.dev",
        namespace="controlplane",
        owner="k8s.ManifestController",
        of=lambda _cluster, _machine: [],
        alone=True,
    ),
    Kind(
        type="BootstrapManifestsConfigs.kubernetes.talos.dev",
        namespace="controlplane",
        owner="k8s.ControlPlaneBootstrapManifestsController",
        of=lambda _cluster, machine: contents.one("manifests", {"cniName": "flannel"}) if machine.control_plane else [],
    ),
)
KINDS: Mapping[str, Kind] = MappingProxyType({kind.type: kind for kind in _KINDS})
"""By type."""


def kind_called(word: str) -> Kind | None:
    """What `talosctl get WORD` means."""
    return next((kind for kind in _KINDS if word.lower() in {kind.type.lower(), *kind.names}), None)
