"""What an API server fills into the template of pods."""

from talops.sim.kube.objects import Object

_MODES = ("configMap", "secret", "projected", "downwardAPI")


def _or(found: Object, **values: object) -> None:
    for word, value in values.items():
        if found.get(word) is None:
            found[word] = value


def fill_pod_spec(spec: Object) -> None:
    _or(spec, restartPolicy="Always", dnsPolicy="ClusterFirst", schedulerName="default-scheduler")
    _or(spec, securityContext={}, terminationGracePeriodSeconds=30)
    if spec.get("serviceAccountName"):
        # its old name is kept up
        spec["serviceAccount"] = spec["serviceAccountName"]
    else:
        spec.pop("serviceAccount", None)
    for container in [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]:
        _container(container)
    for volume in spec.get("volumes") or []:
        _volume(volume)


def _container(container: Object) -> None:
    _or(container, imagePullPolicy=_pull_policy(str(container.get("image", ""))), resources={})
    _or(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    for port in container.get("ports") or []:
        _or(port, protocol="TCP")
    for variable in container.get("env") or []:
        if "fieldRef" in (variable.get("valueFrom") or {}):
            _or(variable["valueFrom"]["fieldRef"], apiVersion="v1")
        if "resourceFieldRef" in (variable.get("valueFrom") or {}):
            _or(variable["valueFrom"]["resourceFieldRef"], divisor="0")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name):
            _probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and "httpGet" in hook:
            _or(hook["httpGet"], path="/", scheme="HTTP")


def _pull_policy(image: str) -> str:
    """The tag may be `latest`, or not be there, which means the same."""
    name, digest = image.rpartition("/")[2], "@" in image
    tag = name.partition(":")[2]
    return "IfNotPresent" if digest or (tag and tag != "latest") else "Always"


def _probe(probe: Object) -> None:
    _or(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    if "httpGet" in probe:
        _or(probe["httpGet"], path="/", scheme="HTTP")
    if "grpc" in probe:
        _or(probe["grpc"], service="")


def _volume(volume: Object) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for name in _MODES:
        if volume.get(name) is not None:
            _or(volume[name], defaultMode=420)
    if volume.get("hostPath") is not None:
        _or(volume["hostPath"], type="")
    rows = list((volume.get("downwardAPI") or {}).get("items") or [])
    for source in (volume.get("projected") or {}).get("sources") or []:
        rows += (source.get("downwardAPI") or {}).get("items") or []
        if source.get("serviceAccountToken") is not None:
            _or(source["serviceAccountToken"], expirationSeconds=3600)
    for row in rows:
        if "fieldRef" in row:
            _or(row["fieldRef"], apiVersion="v1")
