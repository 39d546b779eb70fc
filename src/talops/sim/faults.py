"""What can go wrong, by name. A fault is switched on for one node, or for the cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType

from talops.domain.cluster import Desired
from talops.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """`needs_node`: it happens to one node, which must be named. `control_planes`: to no worker."""

    summary: str
    needs_node: bool
    control_planes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    name: str
    hostname: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.hostname}" if self.hostname else self.name


def _node(summary: str) -> FaultKind:
    return FaultKind(summary=summary, needs_node=True)


def _endpoint(summary: str) -> FaultKind:
    return FaultKind(summary=summary, needs_node=True, control_planes=True)


def _cluster(summary: str) -> FaultKind:
    return FaultKind(summary=summary, needs_node=False)


CONFIG_FAULTS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "config-refused": _node("it refuses every machine config"),
        "config-busy": _node("it says that another config is being applied, whenever one comes"),
        "config-ignored": _node("it says that it has taken a machine config, and has not"),
        "kubelet-fails-after-apply": _node("a config that changes its kubelet leaves it unhealthy"),
    }
)
"""What goes wrong only where a machine config is applied. `hangs-rebooting` and `never-returns` happen there, too."""
ETCD_FAULTS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "member-stays-learner": _endpoint("its etcd member is a learner, and is never promoted"),
        "control-plane-replaced": _endpoint(
            "it died and was installed anew under a new name: its dead member is still listed, and its etcd cannot join"
        ),
        "etcd-nospace": _endpoint("its etcd member has no space left: no member takes writes"),
        "etcd-quorum-lost": _cluster("so many members of etcd are down that the rest is no quorum"),
    }
)
"""What is wrong with etcd before anybody does anything. `etcd-member-lost` and `dead-node` are that, too."""
KUBERNETES_FAULTS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "kubelet-does-not-restart": _node("its kubelet goes on with the old config, whatever config it is given"),
        "static-pod-stays": _endpoint("its static pods stay as they are, whatever config it is given"),
        "kubernetes-image-missing": _node("it cannot pull an image of Kubernetes that it does not have"),
    }
)
"""What goes wrong only where the release of Kubernetes changes."""
CNI_FAULTS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "cni-missing": _cluster("no node has a network: its CNI was never installed, or is gone"),
        "cni-image-missing": _node("it cannot pull the image of its CNI daemon"),
        "csr-never-approved": _cluster("no certificate that a kubelet asks for is ever approved"),
    }
)
"""What shows only where a CNI is installed. A cluster that begins with `cni-missing` is a new one, without any app."""
FAULTS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "silent-rollback": _node("its first boot of the new system fails and it goes back to the old one by itself"),
        "never-returns": _node("it does not come back from its reboot"),
        "hangs-rebooting": _node("it stops its services for the reboot and hangs there"),
        "stays-booting": _node("it boots the new system and never gets ready"),
        "kubelet-stays-down": _node("it boots the new system, but its kubelet never gets Ready"),
        "install-fails": _node("its installer ends with exit code 1"),
        "pull-fails": _node("it cannot pull the installer image"),
        "installer-hangs": _node("its installer never ends, until talosctl is killed at its deadline"),
        "reboot-refused": _node("the new system is installed, but the call to reboot fails"),
        "exit-zero-not-upgraded": _node("its installer stream breaks off; talosctl reboots it anyway and exits 0"),
        "extension-lost": _node("the new system comes up without its extensions"),
        "dead-node": _node("it does not answer from the beginning"),
        "pdb-blocks": _node("it runs a pod whose disruption budget never allows an eviction"),
        "bare-pod": _node("it runs a pod that no controller owns"),
        "ceph-stays-degraded": _node("after its reboot Ceph never recovers"),
        "etcd-member-lost": _node("its etcd member is down (without a name: the second control plane's)"),
        "postgres-never-switches": _cluster("CloudNativePG never moves a primary, not even when asked to"),
        "stale-ceph": _cluster("Rook's operator hangs: the Ceph status in the API grows old"),
        "kubectl-forbidden": _cluster("the API does not let us list CephClusters"),
        "api-flaps": _cluster("the Kubernetes API is gone for six seconds in every 97"),
        "foreign-kured": _cluster("kured holds its reboot lock"),
        "lease-held": _cluster("another talops holds the Lease and renews it"),
        "two-clusters": _cluster("the kubeconfig belongs to another cluster than the talosconfig"),
        **CONFIG_FAULTS,
        **ETCD_FAULTS,
        **KUBERNETES_FAULTS,
        **CNI_FAULTS,
    }
)


NETWORK_FAULTS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "power-cut": _node("it is off from one moment to the next"),
        "api-unauthorized": _cluster("the Kubernetes API answers 401 to everything"),
        "api-forbidden": _cluster("the Kubernetes API answers 403 to everything"),
        "api-throttled": _cluster("the Kubernetes API answers 429 to everything, and asks to come back later"),
        "api-broken": _cluster("the Kubernetes API answers 500 to everything"),
        "api-unavailable": _cluster("the Kubernetes API answers 503 to everything"),
        "api-mute": _cluster("the Kubernetes API takes connections and never answers"),
        "api-refused": _cluster("nothing listens where the Kubernetes API was"),
        "endpoint-refused": _endpoint("nothing listens where its Talos API was"),
        "endpoint-mute": _endpoint("its Talos API takes connections and never answers"),
        "endpoint-wrong-ca": _endpoint("its Talos API shows a certificate of a CA that nobody knows"),
        "endpoint-cut": _endpoint("every connection to its Talos API breaks off, once"),
        "node-mute": _node("its Talos API takes connections and calls, and never answers"),
        "client-certificate-expired": _cluster("the certificate in the talosconfig has expired"),
        "kubeconfig-expired": _cluster("the certificate in the kubeconfig has expired"),
        "kubeconfig-wrong-ca": _cluster("the kubeconfig trusts a CA that is not the cluster's"),
    }
)
"""What only a sandbox can do: it has sockets, and goes on while somebody watches."""
SANDBOX_FAULTS: Mapping[str, FaultKind] = MappingProxyType({**FAULTS, **NETWORK_FAULTS})


def parse_fault(
    text: str, desired: Desired, known: Mapping[str, FaultKind] = FAULTS, *, listed: str = "talops rehearse --faults"
) -> Fault:
    """Read NAME or NAME@NODE. Raises UsageError with the name that was probably meant; `listed` shows them all."""
    name, _, hostname = text.partition("@")
    kind = known.get(name)
    if kind is None:
        raise UsageError(f"there is no fault {name!r}", hint=_meant(name, list(known), listed))
    names = [node.hostname for node in desired.nodes]
    if hostname and hostname not in names:
        raise UsageError(f"{text}: there is no node {hostname!r}", hint=_meant(hostname, names, "talops nodes"))
    if not kind.needs_node:
        return Fault(name=name)
    control_planes = [node.hostname for node in desired.control_planes]
    if kind.control_planes and hostname and hostname not in control_planes:
        raise UsageError(f"{name} happens to a control plane only, and {hostname} is a worker", hint=_at(name, desired))
    return Fault(name=name, hostname=hostname or _default_node(name, desired))


def _at(name: str, desired: Desired) -> str:
    return f"{name}@{_default_node(name, desired)}"


def _default_node(name: str, desired: Desired) -> str:
    """A fault of one node that names none happens where it shows: to the last node, or to a control plane."""
    control_planes = desired.control_planes
    if name == "etcd-member-lost" or name in ETCD_FAULTS:
        return control_planes[min(1, len(control_planes) - 1)].hostname
    if SANDBOX_FAULTS[name].control_planes:
        return control_planes[0].hostname
    return desired.nodes[-1].hostname


def _meant(word: str, words: list[str], otherwise: str) -> str:
    close = get_close_matches(word, words, n=1)
    return f"did you mean {close[0]}?" if close else f"see `{otherwise}`"
