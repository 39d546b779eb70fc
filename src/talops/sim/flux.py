"""Flux on the embedded cluster: a HelmRelease of its own, as its helm-controller leaves it."""

from talops.sim.kube.builtin import HELM_RELEASES
from talops.sim.kube.objects import Object
from talops.sim.kube.store import ObjectStore


def install_release(store: ObjectStore, name: str, namespace: str = "kube-system", *, ready: bool = True) -> None:
    """The cluster has Flux, and Flux has this release: installed, or unable to."""
    store.register(HELM_RELEASES)
    stamp = store.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    reason, message = ("InstallSucceeded", "Helm install succeeded for release") if ready else _FAILED
    condition = {"type": "Ready", "status": "True" if ready else "False", "reason": reason, "observedGeneration": 1}
    body: Object = {"kind": HELM_RELEASES.kind, "apiVersion": HELM_RELEASES.api_version}
    chart = {"spec": {"chart": name, "version": "1.0.0", "sourceRef": {"kind": "HelmRepository", "name": name}}}
    where = f"{namespace}/{name}.v1 with chart {name}@1.0.0"
    status = {
        "observedGeneration": 1,
        "conditions": [{**condition, "message": f"{message} {where}", "lastTransitionTime": stamp}],
    }
    if ready:
        snapshot = {"name": name, "namespace": namespace, "version": 1, "status": "deployed", "chartName": name}
        status["history"] = [{**snapshot, "chartVersion": "1.0.0", "firstDeployed": stamp, "lastDeployed": stamp}]
    store.create(
        HELM_RELEASES.plural,
        {
            **body,
            "metadata": {"name": name, "namespace": namespace, "generation": 1},
            "spec": {"chart": chart, "interval": "30m", "releaseName": name},
            "status": status,
        },
    )


_FAILED = ("InstallFailed", "Helm install failed for release")
