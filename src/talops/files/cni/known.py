"""The CNIs that there are, by what their charts, releases and workloads are called; and what approves certificates."""

import re

NETWORKS = {
    "cilium": "cilium",
    "calico": "calico",
    "tigera-operator": "calico",
    "projectcalico": "calico",
    "canal": "canal",
    "flannel": "flannel",
    "kube-ovn": "kube-ovn",
    "kube-ovn-v2": "kube-ovn",
    "antrea": "antrea",
    "kube-router": "kube-router",
    "spiderpool": "spiderpool",
    "weave-net": "weave",
    "kindnet": "kindnet",
}
APPROVERS = {
    "kubelet-csr-approver": "kubelet-csr-approver",
    "kubelet-serving-cert-approver": "kubelet-serving-cert-approver",
}
"""Without one, nodes that rotate their serving certificates get none: it belongs to the installation."""
DAEMONS = {
    "cilium": "cilium",
    "calico-node": "calico",
    "canal": "canal",
    "kube-flannel-ds": "flannel",
    "kube-flannel": "flannel",
    "kube-ovn-cni": "kube-ovn",
    "antrea-agent": "antrea",
    "kube-router": "kube-router",
    "weave-net": "weave",
    "kindnet": "kindnet",
}
"""DaemonSets (for Calico's operator: its Deployment), as rendered manifests have them."""
OPERATORS = {"tigera-operator": ("calico-system", "calico-node")}
"""Deployments that make the daemons of a CNI: in which namespace, and which."""
DEPLOYMENTS = {"tigera-operator": "calico", **APPROVERS}
WORDS = re.compile("|".join(sorted({*NETWORKS, *APPROVERS, *DAEMONS}, key=len, reverse=True)).encode())
"""Whether a file is worth reading."""


def network(*names: str) -> str:
    """Which CNI or approver one of these names means, empty for none. Of a chart's reference the last word counts."""
    for name in names:
        word = name.rstrip("/").rpartition("/")[2].partition("@")[0].partition(":")[0]
        found = NETWORKS.get(word) or APPROVERS.get(word)
        if found:
            return found
    return ""


def is_network(name: str) -> bool:
    """Not an approver."""
    return name not in APPROVERS.values()
