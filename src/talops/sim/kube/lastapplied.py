"""`kubectl apply` without `--server-side` leaves an annotation: whoever goes over to it is not told of conflicts."""

import json

from talops.sim.kube.fieldsets import NOTHING, Ambiguous, Fields, applied_fields, compared
from talops.sim.kube.objects import Object
from talops.sim.kube.shapes import Shape

KUBECTL = "kubectl"
"""The only manager for which this holds."""
_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def own_fields(live: Object, shape: Shape) -> Fields:
    """What was applied from the client's side, and is still as it was applied."""
    text = (live["metadata"].get("annotations") or {}).get(_ANNOTATION, "")
    try:
        last = json.loads(text) if text else None
        if not isinstance(last, dict):
            return NOTHING
        changed, gone = compared(last, live, shape, status=False)
        return applied_fields(last, shape, status=False) - changed - gone
    except (ValueError, Ambiguous):
        return NOTHING


def keep_up(new: Object, sent: Object) -> None:
    """The annotation says what was applied last, wherever it was applied."""
    annotations = new["metadata"].get("annotations") or {}
    if annotations.get(_ANNOTATION):
        hidden = (sent.get("metadata") or {}).get("annotations") or {}
        shown = {key: value for key, value in hidden.items() if key != _ANNOTATION}
        metadata = {**sent["metadata"], **({"annotations": shown} if hidden else {})}
        text = json.dumps({**sent, "metadata": metadata}, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        annotations[_ANNOTATION] = f"{text}\n"
