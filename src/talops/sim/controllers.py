"""What the controllers of a real cluster keep for a person to look at, and no gate decides by.

Namespaces, and what pods say that they are owned by: Deployments, ReplicaSets, DaemonSets; and the nodes' Leases. Made
for the network door only: a rehearsal is looked at by talops alone.
"""

from talops.sim.cluster import Cluster
from talops.sim.declared.pods import is_declared
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.objects import Object
from talops.sim.kube.store import Change

_LAG = 0.5
_RENEW_EVERY = 10.0
_NODE_LEASES = "kube-node-lease"
_PLURALS = {"ReplicaSet": "replicasets", "DaemonSet": "daemonsets"}

Owner = tuple[str, str, str]
"""Namespace, kind and name."""


class Controllers:
    """Follows the pods: a little later, once for all changes of a moment."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._store = cluster, cluster.store
        self._wanted: set[Owner] = set()
        self._soon: set[Owner] = set()
        for namespace in ("default", "kube-system", "kube-public", _NODE_LEASES):
            self._namespace(namespace)
        self._service_of_the_api()
        self._definitions()
        for pod in list(self._store.all("pods")):
            self._see(pod)
        for owner in sorted(self._wanted):
            self._count(owner)
        self._store.subscribe(self._hear)
        self._renew()

    def _hear(self, change: Change) -> None:
        pod = change.new or change.old
        if change.plural == "pods" and pod is not None:
            self._see(pod, new=change.old is None)
        if change.plural == "namespaces" and change.old is None and change.new is not None:
            self._namespace(change.new["metadata"]["name"])

    def _see(self, pod: Object, *, new: bool = False) -> None:
        namespace = pod["metadata"]["namespace"]
        self._namespace(namespace)
        reference = (pod["metadata"].get("ownerReferences") or [{}])[0]
        kind, name = reference.get("kind", ""), reference.get("name", "")
        if kind not in _PLURALS or is_declared(pod):
            return
        owner = (namespace, kind, name)
        if owner not in self._wanted or (new and self._store.get(_PLURALS[kind], name, namespace) is None):
            self._wanted.add(owner)
            self._make(owner, pod)
        if owner not in self._soon:
            self._soon.add(owner)
            self._cluster.timeline.after(_LAG, lambda: self._count(owner))

    def _namespace(self, name: str) -> None:
        found = self._store.get("namespaces", name)
        if found is None:
            metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
            body: Object = {"kind": "Namespace", "apiVersion": "v1", "metadata": metadata}
            self._store.create(
                "namespaces", {**body, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
            )
        elif not found.get("status"):

            def activate(namespace: Object) -> None:
                namespace["status"] = {"phase": "Active"}

            self._store.update("namespaces", name, "", activate)
        self._account(name)

    def _account(self, namespace: str) -> None:
        if self._store.get("serviceaccounts", "default", namespace) is None:
            metadata = {"name": "default", "namespace": namespace}
            self._store.create("serviceaccounts", {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": metadata})

    def _service_of_the_api(self) -> None:
        labels = {"component": "apiserver", "provider": "kubernetes"}
        metadata = {"name": "kubernetes", "namespace": "default", "labels": labels}
        port = {"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}
        spec = {"type": "ClusterIP", "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"], "ports": [port]}
        body: Object = {"kind": "Service", "apiVersion": "v1", "metadata": metadata}
        if self._store.get("services", "kubernetes", "default") is None:
            self._store.create("services", {**body, "spec": spec, "status": {"loadBalancer": {}}})

    def _definitions(self) -> None:
        """CustomResourceDefinitions without their schemas."""
        for resource in list(self._store.resources.values()):
            if not resource.custom or self._store.get("customresourcedefinitions", resource.qualified) is not None:
                continue
            kind = resource.kind
            names: Object = {"kind": kind, "listKind": f"{kind}List", "plural": resource.plural}
            names.update(singular=kind.lower(), shortNames=list(resource.short))
            version = {"name": resource.version, "served": True, "storage": True, "subresources": {"status": {}}}
            body: Object = {
                "kind": "CustomResourceDefinition",
                "apiVersion": "apiextensions.k8s.io/v1",
                "metadata": {"name": resource.qualified},
                "spec": {"group": resource.group, "names": names, "scope": "Namespaced", "versions": [version]},
                "status": {
                    "acceptedNames": names,
                    "conditions": [{"type": "Established", "status": "True", "reason": "InitialNamesAccepted"}],
                    "storedVersions": [resource.version],
                },
            }
            self._store.create("customresourcedefinitions", body)

    def _make(self, owner: Owner, pod: Object) -> None:
        namespace, kind, name = owner
        labels = dict(pod["metadata"].get("labels") or {})
        template = {"metadata": {"labels": labels}, "spec": {"containers": pod["spec"]["containers"]}}
        spec: Object = {"selector": {"matchLabels": labels}, "template": template}
        metadata: Object = {"name": name, "namespace": namespace, "labels": labels}
        if kind == "ReplicaSet":
            spec["replicas"] = self._of(owner)[0]
            deployment = self._create("deployments", "Deployment", metadata, spec)
            reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": True}
            metadata["ownerReferences"] = [{**reference, "uid": deployment["metadata"]["uid"]}]
        self._create(_PLURALS[kind], kind, metadata, spec)

    def _create(self, plural: str, kind: str, metadata: Object, spec: Object) -> Object:
        known = self._store.get(plural, metadata["name"], metadata["namespace"])
        body: Object = {"kind": kind, "apiVersion": "apps/v1", "metadata": dict(metadata), "spec": spec, "status": {}}
        return known or self._store.create(plural, body)

    def _of(self, owner: Owner) -> tuple[int, int]:
        """How many pods it has, and how many of them are ready."""
        namespace, kind, name = owner
        pods = [
            pod
            for pod in self._store.all("pods")
            if pod["metadata"]["namespace"] == namespace and _is_owned(pod, kind, name)
        ]
        return len(pods), sum(map(is_ready, pods))

    def _count(self, owner: Owner) -> None:
        self._soon.discard(owner)
        namespace, kind, name = owner
        all_pods, ready = self._of(owner)
        if kind == "DaemonSet":
            nodes = sum(1 for _ in self._store.all("nodes"))
            counts = {"desiredNumberScheduled": nodes, "currentNumberScheduled": all_pods, "numberReady": ready}
            counts.update(numberAvailable=ready, updatedNumberScheduled=all_pods, numberMisscheduled=0)
        else:
            counts = {"replicas": all_pods, "readyReplicas": ready, "availableReplicas": ready}
        self._status(_PLURALS[kind], namespace, name, counts)
        if kind == "ReplicaSet":
            self._status("deployments", namespace, name, {**counts, "updatedReplicas": all_pods})

    def _status(self, plural: str, namespace: str, name: str, counts: Object) -> None:
        def change(found: Object) -> None:
            found["status"] = {**counts, "observedGeneration": found["metadata"].get("generation", 1)}

        found = self._store.get(plural, name, namespace)
        # one that was written through the API has a controller of its own
        if found is not None and "managedFields" not in found["metadata"]:
            self._store.update(plural, name, namespace, change)

    def _renew(self) -> None:
        """The kubelets' sign of life, every ten seconds of the wall however fast the cluster lives."""
        stamp = self._store.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for machine in self._cluster.machines.values():
            if machine.up and machine.stage == "running":
                self._renew_lease(machine.hostname, stamp)
        self._cluster.timeline.after(_RENEW_EVERY, self._renew, at_least=_RENEW_EVERY)

    def _renew_lease(self, hostname: str, stamp: str) -> None:
        def renew(lease: Object) -> None:
            lease["spec"]["renewTime"] = stamp

        if self._store.get("leases", hostname, _NODE_LEASES) is None:
            metadata = {"name": hostname, "namespace": _NODE_LEASES}
            spec = {"holderIdentity": hostname, "leaseDurationSeconds": 40, "renewTime": stamp}
            body: Object = {"kind": "Lease", "apiVersion": "coordination.k8s.io/v1", "metadata": metadata, "spec": spec}
            self._store.create("leases", body)
        else:
            self._store.update("leases", hostname, _NODE_LEASES, renew)


def _is_owned(pod: Object, kind: str, name: str) -> bool:
    references = pod["metadata"].get("ownerReferences") or []
    return any((row.get("kind"), row.get("name")) == (kind, name) for row in references)
