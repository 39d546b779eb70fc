"""What an API server fills in where nobody has said it, kind by kind. Source: kube-apiserver 1.36 (contract tests)."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from types import MappingProxyType

from talops.sim.kube import workloads
from talops.sim.kube.asked import User
from talops.sim.kube.objects import Object, Resource
from talops.sim.kube.podspecs import set_default, sound_metadata, sound_selector
from talops.sim.kube.store import ObjectStore

_RBAC = "rbac.authorization.k8s.io"


def fill(resource: Resource, new: Object, old: Object | None) -> None:
    """Complete what somebody is about to write: that is theirs, too, unless they apply it.

    `old` is None for a new object. Raises AttributeError, KeyError, TypeError or ValueError for what is no such object.
    """
    sound_metadata(new["metadata"])
    if old is None and resource.status and resource.plural not in {"nodes", "pods"}:
        new.pop("status", None)
    if resource.custom:
        return
    if resource.plural == "pods":
        workloads.pod(new, old)
    of_kind = _KINDS.get(resource.plural)
    if of_kind is not None:
        of_kind(new)
    if resource.plural == "daemonsets":
        workloads.template_generation(new, old)


def begin(store: ObjectStore, resource: Resource, new: Object, user: User) -> None:
    """What the server itself writes into a new object: that is nobody's."""
    if resource.custom:
        return
    match resource.plural:
        case "services" if new["spec"]["type"] != "ExternalName":
            _address(store, new["spec"])
        case "namespaces":
            new["spec"] = {"finalizers": ["kubernetes"]}
        case "pods":
            new["status"] = {"phase": "Pending"}
        case "certificatesigningrequests" if new["spec"]["signerName"]:
            new["spec"].update(username=user.name, groups=[*user.groups, "system:authenticated"])
    if resource.plural in _FIRST:
        new["status"] = _FIRST[resource.plural](new)


def _service(found: Object) -> None:
    spec = found["spec"]
    set_default(spec, type="ClusterIP", sessionAffinity="None")
    for port in spec.get("ports") or []:
        set_default(port, protocol="TCP", targetPort=port.get("port"))
    if spec["type"] != "ExternalName":
        set_default(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in {"NodePort", "LoadBalancer"}:
        set_default(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        set_default(spec, allocateLoadBalancerNodePorts=True)


def _address(store: ObjectStore, spec: Object) -> None:
    """The first that nobody has."""
    taken = {one["spec"].get("clusterIP") for one in store.all("services")}
    numbers = (f"10.96.{number // 250}.{number % 250 + 2}" for number in range(10, 60000))
    set_default(spec, clusterIP=next(address for address in numbers if address not in taken))
    set_default(spec, clusterIPs=[spec["clusterIP"]], ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")


def _secret(found: Object) -> None:
    set_default(found, type="Opaque")
    texts = found.pop("stringData", None) or {}
    if texts:
        encoded = {key: b64encode(str(text).encode()).decode() for key, text in texts.items()}
        found["data"] = {**(found.get("data") or {}), **encoded}


def _namespace(found: Object) -> None:
    labels = found["metadata"].get("labels") or {}
    found["metadata"]["labels"] = {**labels, "kubernetes.io/metadata.name": found["metadata"]["name"]}


def _binding(found: Object) -> None:
    if "roleRef" in found:
        set_default(found["roleRef"], apiGroup=_RBAC)
    for subject in found.get("subjects") or []:
        if subject.get("kind") in {"User", "Group"}:
            set_default(subject, apiGroup=_RBAC)


def _role(found: Object) -> None:
    found.setdefault("rules", None)


def _definition(found: Object) -> None:
    spec, names = found["spec"], found["spec"]["names"]
    for needed in (spec["group"], names["plural"], *(version["name"] for version in spec.get("versions") or [])):
        if not isinstance(needed, str):
            raise TypeError("a name is no string")
    set_default(spec, conversion={"strategy": "None"})
    set_default(names, singular=str(names["kind"]).lower(), listKind=f"{names['kind']}List")


def _webhooks(found: Object) -> None:
    for hook in found.get("webhooks") or []:
        set_default(hook, failurePolicy="Fail", matchPolicy="Equivalent", namespaceSelector={}, objectSelector={})
        set_default(hook, timeoutSeconds=10)
        if found.get("kind") == "MutatingWebhookConfiguration":
            set_default(hook, reinvocationPolicy="Never")
        if "service" in hook.get("clientConfig", {}):
            set_default(hook["clientConfig"]["service"], port=443)
        for rule in hook.get("rules") or []:
            set_default(rule, scope="*")


def _budget_spec(found: Object) -> None:
    for word in ("minAvailable", "maxUnavailable"):
        int(str(found["spec"].get(word, 0)).removesuffix("%"))
    sound_selector(found["spec"].get("selector"))


def _network_policy(found: Object) -> None:
    spec = found["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    for rule in [*(spec.get("ingress") or []), *(spec.get("egress") or [])]:
        for port in rule.get("ports") or []:
            set_default(port, protocol="TCP")


def _storage_class(found: Object) -> None:
    set_default(found, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _priority_class(found: Object) -> None:
    set_default(found, preemptionPolicy="PreemptLowerPriority")


_KINDS: Mapping[str, Callable[[Object], None]] = MappingProxyType(
    {
        "clusterrolebindings": _binding,
        "clusterroles": _role,
        "customresourcedefinitions": _definition,
        "daemonsets": workloads.daemon_set,
        "deployments": workloads.deployment,
        "jobs": workloads.job,
        "mutatingwebhookconfigurations": _webhooks,
        "namespaces": _namespace,
        "networkpolicies": _network_policy,
        "poddisruptionbudgets": _budget_spec,
        "priorityclasses": _priority_class,
        "replicasets": workloads.replica_set,
        "rolebindings": _binding,
        "roles": _role,
        "secrets": _secret,
        "services": _service,
        "statefulsets": workloads.stateful_set,
        "storageclasses": _storage_class,
        "validatingwebhookconfigurations": _webhooks,
    }
)


def _daemon_counts(_found: Object) -> Object:
    counts = ("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady")
    return dict.fromkeys(counts, 0)


def _budget(_found: Object) -> Object:
    return dict.fromkeys(("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"), 0)


def _stored_version(found: Object) -> Object:
    stored = [one["name"] for one in found["spec"].get("versions") or [] if one.get("storage")]
    return {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}


_FIRST: Mapping[str, Callable[[Object], Object]] = MappingProxyType(
    {
        "certificatesigningrequests": lambda _found: {},
        "customresourcedefinitions": _stored_version,
        "daemonsets": _daemon_counts,
        "deployments": lambda _found: {},
        "jobs": lambda _found: {},
        "namespaces": lambda _found: {"phase": "Active"},
        "poddisruptionbudgets": _budget,
        "ingresses": lambda _found: {"loadBalancer": {}},
        "replicasets": lambda _found: {"replicas": 0},
        "services": lambda _found: {"loadBalancer": {}},
        "statefulsets": lambda _found: {"replicas": 0, "availableReplicas": 0},
    }
)
"""The status of a new object, before any controller has seen it."""
