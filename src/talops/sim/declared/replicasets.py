"""The ReplicaSets of declared Deployments: one for each template that a Deployment has had."""

from talops.sim.declared import pods, statuses
from talops.sim.kube.objects import Object
from talops.sim.kube.store import ObjectStore


class ReplicaSets:
    """As the Deployment controller keeps them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def of(self, namespace: str, deployment: str) -> list[Object]:
        return [
            one
            for one in self._store.all("replicasets")
            if one["metadata"]["namespace"] == namespace
            and any(
                (row["kind"], row["name"]) == ("Deployment", deployment)
                for row in one["metadata"].get("ownerReferences") or ()
            )
        ]

    def current(self, found: Object, name: str, version: dict[str, str]) -> Object:
        namespace, spec = found["metadata"]["namespace"], found["spec"]
        known = self._store.get("replicasets", name, namespace)
        if known is not None:
            return known
        about = spec["template"].get("metadata") or {}
        labels = {**(about.get("labels") or {}), **version}
        owner = pods.reference(found, "Deployment", "apps/v1")
        metadata = {"name": name, "namespace": namespace, "labels": labels, "ownerReferences": [owner]}
        body: Object = {"kind": "ReplicaSet", "apiVersion": "apps/v1", "metadata": metadata, "status": {"replicas": 0}}
        chosen = {**(spec["selector"].get("matchLabels") or {}), **version}
        template = {**spec["template"], "metadata": {**about, "labels": labels}}
        own = {"selector": {**spec["selector"], "matchLabels": chosen}, "template": template, "replicas": 0}
        return self._store.create("replicasets", {**body, "spec": own})

    def count(self, found: Object, own: list[Object]) -> None:
        """What each ReplicaSet of a Deployment is to have, and has."""
        for one in self.of(found["metadata"]["namespace"], found["metadata"]["name"]):
            digest = (one["metadata"].get("labels") or {}).get("pod-template-hash")
            if digest is None:
                # it was there before, and is kept by who made it
                continue
            version = {"pod-template-hash": digest}
            there = [pod for pod in own if pods.is_of(pod, version) and "deletionTimestamp" not in pod["metadata"]]

            def count(stored: Object, there: list[Object] = there) -> None:
                stored["spec"]["replicas"] = len(there)
                stored["status"] = statuses.replica_set(stored, there)

            self._store.update("replicasets", one["metadata"]["name"], one["metadata"]["namespace"], count)
