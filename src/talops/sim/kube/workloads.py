"""What an API server fills into DaemonSets, Deployments and their kin, and into a pod of its own."""

from talops.sim.kube.objects import Object
from talops.sim.kube.podspecs import fill_pod_spec, set_default, sound_metadata, sound_selector

_GENERATION = "deprecated.daemonset.template.generation"
_ROLLING = {"maxUnavailable": "25%", "maxSurge": "25%"}


def _template(found: Object) -> Object:
    template = found["spec"].setdefault("template", {})
    set_default(template, metadata={})
    sound_metadata(template["metadata"])
    sound_selector(found["spec"].get("selector"))
    if not isinstance(found["spec"].get("replicas", 1), int):
        raise TypeError("replicas is no number")
    fill_pod_spec(template.setdefault("spec", {}))
    spec: Object = found["spec"]
    return spec


def pod(new: Object, old: Object | None) -> None:
    if old is not None:
        if new["spec"].get("nodeName") != old["spec"].get("nodeName"):
            raise ValueError("a pod stays on its node")
        return
    fill_pod_spec(new["spec"])
    if not isinstance(new["spec"].get("nodeName", ""), str):
        raise TypeError("nodeName is no string")
    new.pop("status", None)


def deployment(found: Object) -> None:
    spec = _template(found)
    set_default(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    set_default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        set_default(strategy, rollingUpdate={})
        set_default(strategy["rollingUpdate"], **_ROLLING)


def daemon_set(found: Object) -> None:
    spec = _template(found)
    set_default(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    set_default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        set_default(strategy, rollingUpdate={})
        set_default(strategy["rollingUpdate"], maxUnavailable=1, maxSurge=0)


def template_generation(new: Object, old: Object | None) -> None:
    """An annotation counts the changes of the template."""
    annotations = new["metadata"].setdefault("annotations", {})
    before = "" if old is None else (old["metadata"].get("annotations") or {}).get(_GENERATION, "0")
    if old is None:
        annotations[_GENERATION] = "1"
    else:
        same = new["spec"].get("template") == old["spec"].get("template")
        annotations[_GENERATION] = before if same else str(int(before) + 1)


def replica_set(found: Object) -> None:
    set_default(_template(found), replicas=1)


def stateful_set(found: Object) -> None:
    spec = _template(found)
    set_default(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    set_default(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    strategy = spec.setdefault("updateStrategy", {})
    set_default(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        set_default(strategy, rollingUpdate={})
        set_default(strategy["rollingUpdate"], partition=0)


def job(found: Object) -> None:
    spec = _template(found)
    set_default(
        spec, backoffLimit=6, completionMode="NonIndexed", suspend=False, podReplacementPolicy="TerminatingOrFailed"
    )
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    set_default(spec, parallelism=1, manualSelector=False)
    if "selector" not in spec:
        del spec["manualSelector"]
