"""What each Talos knows: kinds of documents, keys of the first document, and versions of Kubernetes.

Source: the registry of documents in talos/pkg/machinery v1.12.0, v1.13.0 and v1.14.0-alpha.2, and its compatibility
package. What came before v1.12 is from general knowledge of the releases.
"""

from collections.abc import Mapping
from types import MappingProxyType

V1ALPHA1 = "v1alpha1"
_SINCE: Mapping[int, str] = MappingProxyType(
    {
        0: "EventSinkConfig ExtensionServiceConfig KmsgLogConfig KubeSpanEndpointsConfig NetworkDefaultActionConfig "
        "NetworkRuleConfig SideroLinkConfig TrustedRootsConfig WatchdogTimerConfig",
        8: "VolumeConfig",
        10: "EthernetConfig PCIDriverRebindConfig UserVolumeConfig",
        11: "ExistingVolumeConfig RawVolumeConfig SwapVolumeConfig ZswapConfig",
        12: "BondConfig BridgeConfig DHCPv4Config DHCPv6Config DummyLinkConfig HCloudVIPConfig HostnameConfig "
        "Layer2VIPConfig LinkAliasConfig LinkConfig OOMConfig RegistryAuthConfig RegistryMirrorConfig "
        "RegistryTLSConfig ResolverConfig StaticHostConfig TimeSyncConfig VLANConfig WireguardConfig",
        13: "BlackholeRouteConfig EnvironmentConfig ExternalVolumeConfig ImageVerificationConfig KubeSpanConfig "
        "RoutingRuleConfig TCPProbeConfig VRFConfig",
        14: "DiscoveryServiceConfig FilesystemTrimConfig HTTPProbeConfig ImageCacheConfig KubeAPIServerConfig "
        "KubeAdmissionControlConfig KubeAuditPolicyConfig KubeAuthenticationConfig KubeAuthorizerConfig "
        "KubeControllerManagerConfig KubeEtcdEncryptionConfig KubeFlannelCNIConfig KubeNetworkConfig "
        "KubeProxyConfig KubeSchedulerConfig LVMLogicalVolumeConfig LVMVolumeGroupConfig SysctlConfig SysfsConfig",
    }
)
_FIRST_KNOWN: Mapping[str, int] = MappingProxyType(
    {kind: minor for minor, kinds in _SINCE.items() for kind in kinds.split()}
)
_KUBERNETES: Mapping[int, tuple[int, int]] = MappingProxyType(
    {minor: (minor + 18, minor + 23) for minor in range(6, 15)}
)
"""First and last minor of Kubernetes, by the minor of Talos."""

KEYS: Mapping[tuple[str, ...], frozenset[str]] = MappingProxyType(
    {
        tuple(path.split("/")) if path else (): frozenset(keys.split())
        for path, keys in (
            ("", "version debug persist machine cluster"),
            (
                "machine",
                "type token ca acceptedCAs certSANs controlPlane kubelet pods network disks install files env time "
                "sysctls sysfs registries systemDiskEncryption features udev logging kernel seccompProfiles "
                "baseRuntimeSpecOverrides nodeLabels nodeAnnotations nodeTaints",
            ),
            (
                "machine/kubelet",
                "image clusterDNS extraArgs extraMounts extraConfig credentialProviderConfig "
                "defaultRuntimeSeccompProfileEnabled registerWithFQDN nodeIP skipNodeRegistration "
                "disableManifestsDirectory",
            ),
            (
                "machine/network",
                "hostname interfaces nameservers searchDomains extraHostEntries kubespan disableSearchDomain",
            ),
            (
                "machine/install",
                "disk diskSelector extraKernelArgs image extensions bootloader wipe legacyBIOSSupport "
                "grubUseUKICmdline",
            ),
            (
                "machine/features",
                "rbac stableHostname kubernetesTalosAPIAccess apidCheckExtKeyUsage diskQuotaSupport kubePrism hostDNS "
                "imageCache nodeAddressSortAlgorithm",
            ),
            (
                "cluster",
                "id secret controlPlane clusterName network token aescbcEncryptionSecret secretboxEncryptionSecret ca "
                "acceptedCAs aggregatorCA serviceAccount apiServer controllerManager proxy scheduler discovery etcd "
                "coreDNS externalCloudProvider extraManifests extraManifestHeaders inlineManifests adminKubeconfig "
                "allowSchedulingOnMasters allowSchedulingOnControlPlanes",
            ),
        )
    }
)
"""Of the first document, by path. A mapping that is not here may have any keys."""


def knows(minor: int, kind: str, api_version: str) -> bool:
    """Whether Talos 1.`minor` has this kind of document; one that nobody knows, never."""
    return api_version == V1ALPHA1 and minor >= _FIRST_KNOWN.get(kind, minor + 1)


def kubernetes_of(minor: int) -> tuple[int, int] | None:
    """The Kubernetes that Talos 1.`minor` runs, first to last."""
    return _KUBERNETES.get(minor)
