"""The serving certificates that kubelets ask for: pending until an approver runs, or a person approves them."""

import re
from base64 import b64encode
from collections.abc import Collection
from random import Random

from talops.sim.cluster import Cluster
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change

SIGNER = "kubernetes.io/kubelet-serving"
_PLURAL = "certificatesigningrequests"
_APPROVERS = ("kubelet-csr-approver", "kubelet-serving-cert-approver")
_ASKS = re.compile(r"(rotate-server-certificates|serverTLSBootstrap):\s*[\"']?true")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_APPROVED_AFTER, _ISSUED_AFTER = 2.0, 0.5


class Certificates:
    """Every kubelet's request, whoever approves, and the signer of the controller manager."""

    def __init__(self, cluster: Cluster, asking: Collection[str]) -> None:
        """`asking`: hostnames of the nodes whose kubelets ask for one when they are new."""
        self._cluster, self._store = cluster, cluster.store
        self._asking = asking
        self._random = Random("certificates")
        self._store.subscribe(self._hear)

    def begin(self) -> None:
        """The cluster is new."""
        self._ask(self._asking)

    def insist(self) -> None:
        """Each node that has no request that is pending makes one, whatever its config says."""
        self._ask(self._cluster.machines)

    def _ask(self, hostnames: Collection[str]) -> None:
        pending = {found["spec"]["username"] for found in self._store.all(_PLURAL) if _is_pending(found)}
        for hostname in hostnames:
            if f"system:node:{hostname}" not in pending:
                self._store.create(_PLURAL, self._request(hostname))

    def _request(self, hostname: str) -> Object:
        name = "csr-" + "".join(self._random.choice(_LETTERS) for _ in range(5))
        spec: Object = {
            "request": b64encode(f"serving certificate of {hostname}".encode()).decode(),
            "signerName": SIGNER,
            "usages": ["digital signature", "server auth"],
            "username": f"system:node:{hostname}",
            "groups": ["system:nodes", "system:authenticated"],
        }
        body: Object = {"kind": "CertificateSigningRequest", "apiVersion": "certificates.k8s.io/v1"}
        metadata = {"name": name, "generateName": "csr-"}
        return {**body, "metadata": metadata, "spec": spec, "status": {}}

    def approve(self) -> None:
        """What an approver does with all that wait, if one runs, and may."""
        running = any(is_ready(pod) and _is_approver(pod) for pod in self._store.all("pods"))
        if not running or self._cluster.faulty("csr-never-approved"):
            return
        for found in list(self._store.all(_PLURAL)):
            if _is_pending(found) and found["spec"]["signerName"] == SIGNER:
                self._store.update(_PLURAL, found["metadata"]["name"], "", self._approved)

    def _approved(self, found: Object) -> None:
        stamp = self._stamp()
        condition = {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": "Auto approved"}
        found["status"]["conditions"] = [{**condition, "lastUpdateTime": stamp, "lastTransitionTime": stamp}]

    def _hear(self, change: Change) -> None:
        new = change.new
        if new is None or change.plural not in {"pods", _PLURAL}:
            return
        after = self._cluster.timeline.after
        if change.plural == "pods":
            began = is_ready(new) and not (change.old is not None and is_ready(change.old))
            if began and _is_approver(new):
                after(_APPROVED_AFTER, self.approve)
        elif _is_pending(new):
            after(_APPROVED_AFTER, self.approve)
        elif "certificate" not in new["status"]:
            after(_ISSUED_AFTER, lambda: self._issue(new["metadata"]["name"]))

    def _issue(self, name: str) -> None:
        def issue(found: Object) -> None:
            conditions = found["status"].get("conditions") or []
            if any(row["type"] == "Approved" for row in conditions):
                found["status"]["certificate"] = b64encode(f"certificate of {name}".encode()).decode()

        if self._store.get(_PLURAL, name) is not None:
            self._store.update(_PLURAL, name, "", issue)

    def _stamp(self) -> str:
        return self._store.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def asks(config: str) -> bool:
    """Whether the kubelet of a node with this machine config asks; one of which nothing is known does."""
    return not config or _ASKS.search(config) is not None


def _is_pending(found: Object) -> bool:
    return not (found.get("status") or {}).get("conditions")


def _is_approver(pod: Object) -> bool:
    images = [str(one.get("image", "")) for one in pod["spec"].get("containers") or []]
    return any(word in text for word in _APPROVERS for text in (*images, pod["metadata"]["name"]))
