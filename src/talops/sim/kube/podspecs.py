"""What an API server fills into the template of pods."""

from talops.sim.kube.objects import Object

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_MODES = ("configMap", "secret", "projected", "downwardAPI")


def set_default(found: Object, **values: object) -> None:
    for word, value in values.items():
        if found.get(word) is None:
            found[word] = value


def fill_pod_spec(spec: Object) -> None:
    """Raises AttributeError, TypeError or KeyError where it is none."""
    _rows(spec, "containers", "initContainers", "tolerations", "volumes")
    _maps(spec, "nodeSelector", "affinity", "securityContext")
    affinity = spec.get("affinity") or {}
    _maps(affinity, "podAntiAffinity")
    rules = (affinity.get("podAntiAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    _rows({"rules": rules}, "rules")
    for rule in rules or []:
        sound_selector(rule.get("labelSelector"))
    set_default(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    set_default(spec, securityContext={}, terminationGracePeriodSeconds=30)
    if spec.get("serviceAccountName"):
        # its old name is kept up
        spec["serviceAccount"] = spec["serviceAccountName"]
    else:
        spec.pop("serviceAccount", None)
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _container(container)
    for volume in spec.get("volumes") or []:
        _maps(volume, *_MODES, "hostPath")
        _volume(volume)


def sound_metadata(metadata: Object) -> None:
    """Raises TypeError and AttributeError where it is none."""
    for word in ("name", "namespace", "generateName"):
        if not isinstance(metadata.get(word, ""), str | None):
            raise TypeError(f"metadata.{word} is no string")
    for word in ("labels", "annotations"):
        if any(not isinstance(value, str) for value in (metadata.get(word) or {}).values()):
            raise TypeError(f"metadata.{word} is no map of strings")
    _rows(metadata, "ownerReferences", "managedFields")


def sound_selector(selector: Object | None) -> None:
    """Raises TypeError, KeyError and AttributeError where it is none."""
    if selector is not None:
        _maps(selector, "matchLabels")
        _rows(selector, "matchExpressions")
        for row in selector.get("matchExpressions") or []:
            if not isinstance(row["key"], str) or not isinstance(row.get("values") or [], list):
                raise TypeError("matchExpressions are no expressions")
            str(row["operator"])


def _rows(found: Object, *names: str) -> None:
    for name in names:
        rows = found.get(name)
        if rows is not None and not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise TypeError(f"{name} is no list of objects")


def _maps(found: Object, *names: str) -> None:
    for name in names:
        if not isinstance(found.get(name), dict | None):
            raise TypeError(f"{name} is no object")


def _container(container: Object) -> None:
    _rows(container, "ports", "env", "volumeMounts")
    if not isinstance(container.get("name", ""), str) or not isinstance(container.get("image", ""), str):
        raise TypeError("a container's name or image is no string")
    _maps(container, "resources", *_PROBES, "lifecycle")
    set_default(container, imagePullPolicy=_pull_policy(str(container.get("image", ""))), resources={})
    set_default(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    for port in container.get("ports") or []:
        set_default(port, protocol="TCP")
    for variable in container.get("env") or []:
        if "fieldRef" in (variable.get("valueFrom") or {}):
            set_default(variable["valueFrom"]["fieldRef"], apiVersion="v1")
        if "resourceFieldRef" in (variable.get("valueFrom") or {}):
            set_default(variable["valueFrom"]["resourceFieldRef"], divisor="0")
    for name in _PROBES:
        if container.get(name):
            _probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            set_default(hook["httpGet"], path="/", scheme="HTTP")


def _pull_policy(image: str) -> str:
    """The tag may be `latest`, or not be there, which means the same."""
    name, digest = image.rpartition("/")[2], "@" in image
    tag = name.partition(":")[2]
    return "IfNotPresent" if digest or (tag and tag != "latest") else "Always"


def _probe(probe: Object) -> None:
    set_default(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        set_default(probe["httpGet"], path="/", scheme="HTTP")
    if "grpc" in probe:
        set_default(probe["grpc"], service="")


def _volume(volume: Object) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for name in _MODES:
        if volume.get(name) is not None:
            set_default(volume[name], defaultMode=420)
    if volume.get("hostPath") is not None:
        set_default(volume["hostPath"], type="")
    rows = list((volume.get("downwardAPI") or {}).get("items") or [])
    for source in (volume.get("projected") or {}).get("sources") or []:
        rows += (source.get("downwardAPI") or {}).get("items") or []
        if source.get("serviceAccountToken") is not None:
            set_default(source["serviceAccountToken"], expirationSeconds=3600)
    for row in rows:
        if "fieldRef" in row:
            set_default(row["fieldRef"], apiVersion="v1")
