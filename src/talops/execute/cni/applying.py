"""Applying what is wanted, in an order in which each finds what it needs."""

from collections.abc import Sequence
from datetime import timedelta

from talops.domain.cni import CniPlan, Fate, KubeObject
from talops.domain.event import Step
from talops.domain.process import Response
from talops.domain.talos import Unknown
from talops.domain.words import count, span
from talops.errors import GateTimeout, ToolFailed
from talops.execute.cni.kinds import CRD, Kinds
from talops.execute.session import Session
from talops.tools import kubernetes, objects
from talops.tools.objects import Conflicts

ESTABLISHED_WITHIN = timedelta(minutes=1)
KIND_WITHIN = timedelta(minutes=5)
"""Until the workloads have made the kinds of what is applied last."""
ANSWER_WITHIN = timedelta(minutes=2)
"""An API server may be busy, or away for a moment."""
_FIRST = (
    "Namespace",
    CRD,
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "Secret",
    "ConfigMap",
    "PriorityClass",
    "Service",
    "DaemonSet",
    "Deployment",
    "StatefulSet",
)
_LAST = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
"""They ask who was only just started."""
_LATER = {409, 429, 500, 502, 503, 504}


def ordered(wanted: Sequence[KubeObject]) -> tuple[KubeObject, ...]:
    """By kind; of one kind, as they came."""
    middle = len(_FIRST)
    places = {kind: place for place, kind in enumerate(_FIRST)}
    places |= {kind: middle + 1 + place for place, kind in enumerate(_LAST)}
    return tuple(sorted(wanted, key=lambda one: places.get(one.kind, middle)))


class Applying:
    """One installation. `force`: fields that others have set, too; those of earlier installations always."""

    def __init__(self, session: Session, kinds: Kinds) -> None:
        self._session, self._kinds = session, kinds
        self.applied: list[KubeObject] = []

    def apply(self, plan: CniPlan, wanted: Sequence[KubeObject]) -> tuple[KubeObject, ...]:
        """Everything that differs. Returns what waits for its kind. Raises ToolFailed, GateTimeout."""
        pending = {str(one.object) for one in plan.objects if one.fate is not Fate.SAME}
        todo = ordered([one for one in wanted if str(one) in pending])
        made = [one for one in todo if one.kind in {"Namespace", CRD}]
        self._apply(made)
        if any(one.kind == CRD for one in made):
            self._wait_for_kinds([one for one in made if one.kind == CRD])
        rest = [one for one in todo if one not in made]
        later = tuple(one for one in rest if self._kinds.of(one) is None)
        # a kind of its own may be checked by a webhook of the workloads: they go first
        self._apply([one for one in rest if one not in later])
        return later

    def apply_later(self, later: Sequence[KubeObject]) -> None:
        """Raises GateTimeout when their kinds do not come."""
        session, start = self._session, self._session.now()
        deadline = start + KIND_WITHIN.total_seconds()
        while missing := [one for one in later if self._kinds.of(one) is None]:
            kinds = ", ".join(sorted({f"{one.kind} ({one.api_version})" for one in missing}))
            if session.now() >= deadline:
                raise GateTimeout(
                    f"after {span(KIND_WITHIN)} the cluster still has no {kinds}: {missing[0]} could not be applied",
                    hint=f"kubectl get crd   # its operator's logs say why it is not made; then {session.again}",
                )
            session.waits("", Step.APPLY, f"its workloads to make the kind {kinds}", deadline)
            session.look_again(start, at_most=5)
            self._kinds.look()
        self._apply(later)

    def _apply(self, wanted: Sequence[KubeObject]) -> None:
        """One kind after the other, all of a kind side by side."""
        kinds = dict.fromkeys(one.kind for one in wanted)
        for name in kinds:
            self._apply_all([one for one in wanted if one.kind == name])

    def _apply_all(self, wanted: Sequence[KubeObject]) -> None:
        session = self._session
        said = str(wanted[0]) if len(wanted) == 1 else count(len(wanted), wanted[0].kind)
        session.step("", Step.APPLY, said)
        deadline = session.now() + ANSWER_WITHIN.total_seconds()
        todo = list(wanted)
        while todo:
            known = [(one, kind) for one in todo if (kind := self._kinds.of(one)) is not None]
            replies = session.tools.kube.gather([objects.apply(kind, one, force=True) for one, kind in known])
            failed = [
                (one, reply) for (one, _), reply in zip(known, replies, strict=True) if reply.status not in {200, 201}
            ]
            self.applied += [one for one, _ in known if one not in [two for two, _ in failed]]
            if not failed:
                return
            self._must_pass(failed, deadline)
            session.pause(2)
            todo = [one for one, _ in failed]

    def _must_pass(self, failed: Sequence[tuple[KubeObject, Response]], deadline: float) -> None:
        """Raises ToolFailed, unless a later try may succeed."""
        for one, reply in failed:
            found = objects.applied(reply)
            reason = found.reason if isinstance(found, Unknown) else kubernetes.complaint(reply)
            passing = reply.status is None or (reply.status in _LATER and not isinstance(found, Conflicts))
            if not passing or self._session.now() >= deadline:
                raise ToolFailed(
                    f"{one} was not applied: {reason} ({count(len(self.applied), 'object')} before it were)",
                    hint=f"what is applied may stay; when it is mended: {self._session.again}",
                )
            self._session.waits("", Step.APPLY, f"{one}: {reason}", deadline)

    def _wait_for_kinds(self, definitions: Sequence[KubeObject]) -> None:
        """Until the API server serves them. Raises GateTimeout."""
        session, start = self._session, self._session.now()
        deadline = start + ESTABLISHED_WITHIN.total_seconds()
        while True:
            kind = self._kinds.of(definitions[0])
            asked = [objects.read(kind, one) for one in definitions] if kind else []
            replies = session.tools.kube.gather(asked)
            waits = [one.name for one, reply in zip(definitions, replies, strict=True) if not _established(reply)]
            if not waits:
                break
            if session.now() >= deadline:
                raise GateTimeout(
                    f"after {span(ESTABLISHED_WITHIN)} the API server does not serve {', '.join(waits)}",
                    hint=f"kubectl describe crd {waits[0]}; then {session.again}",
                )
            session.waits("", Step.APPLY, f"the API server to serve {', '.join(waits)}", deadline)
            session.look_again(start, at_most=2)
        self._kinds.look()


def _established(reply: Response) -> bool:
    found = objects.live(reply)
    return isinstance(found, dict) and kubernetes.condition(found, "Established")[0] is True
