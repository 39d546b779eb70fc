"""What installing would change, by asking the API server itself: each object is applied as a dry run."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from talops.domain.cni import (
    HELM,
    MANAGED_BY,
    RELEASE_NAME,
    RELEASE_NAMESPACE,
    CniPlan,
    CniRefusal,
    Conflict,
    Fate,
    Found,
    KubeObject,
    ObjectPlan,
    Rendered,
)
from talops.domain.process import Kube, Request, Response
from talops.domain.talos import Unknown
from talops.domain.words import count
from talops.errors import Unreachable
from talops.execute.cni.compare import changes, left_over
from talops.execute.cni.kinds import Kinds, defined_kinds, sure
from talops.execute.cni.owners import Owner, owners
from talops.execute.cni.podsecurity import forbidden
from talops.execute.cni.state import Seen, lacks, look
from talops.execute.cni.wanted import wanted_objects
from talops.tools import objects
from talops.tools.objects import Conflicts, Kind, Live
from talops.tools.reading import text

PREDECESSORS = {"helm", "helm-controller", "kubectl", "kubectl-client-side-apply", "kubectl-create", "talops"}
"""Whose values may be set anew: they have installed the same before, by other means."""
_LATER = "its kind is not there yet: applied once the workloads have made it"


def make_plan(kube: Kube, found: Found, rendered: Rendered, *, repair: bool) -> CniPlan:
    """Reads the cluster, changes nothing. Raises Unreachable."""
    kinds = Kinds(kube)
    kinds.look()
    wanted = wanted_objects(rendered, kinds, kube)
    planned, refusals = _Comparison(kube, kinds, wanted).plans()
    seen = look(kube, wanted, kinds)
    owned = owners(kube, kinds, found.releases)
    warnings = [*found.warnings, *_hooks(rendered), *_unowned(rendered), *_left_over(planned)]
    warnings += forbidden(wanted, kinds, kube)
    if not repair:
        refusals += _conflicts(planned)
    if any(one.fate is not Fate.SAME for one in planned):
        told, warned = _owned(owned, seen, repair=repair)
        refusals += told
        warnings += warned
    return CniPlan(
        found=found,
        objects=tuple(planned),
        refusals=tuple(refusals),
        warnings=tuple(warnings),
        lacks=lacks(seen),
    )


@dataclass(frozen=True, slots=True)
class _Comparison:
    kube: Kube
    kinds: Kinds
    wanted: Sequence[KubeObject]

    def plans(self) -> tuple[list[ObjectPlan], list[CniRefusal]]:
        known = [(one, kind) for one in self.wanted if (kind := self.kinds.of(one)) is not None]
        lives = dict(self._asked(known, objects.read))
        tried = dict(self._asked(known, lambda kind, one: objects.apply(kind, one, force=False, dry_run=True)))
        torn = [(one, kind) for one, kind in known if isinstance(objects.applied(tried[str(one)]), Conflicts)]
        forced = dict(self._asked(torn, lambda kind, one: objects.apply(kind, one, force=True, dry_run=True)))
        refusals: list[CniRefusal] = []
        planned = []
        for one in self.wanted:
            if str(one) not in lives:
                planned.append(self._of_new_kind(one))
                continue
            reply = forced.get(str(one), tried[str(one)])
            result = self._of_known_kind(one, objects.live(lives[str(one)]), tried[str(one)], reply)
            if isinstance(result, CniRefusal):
                refusals.append(result)
            else:
                planned.append(result)
        return planned, _alike(refusals)

    def _asked(
        self, pairs: Sequence[tuple[KubeObject, Kind]], make: Callable[[Kind, KubeObject], Request]
    ) -> Iterator[tuple[str, Response]]:
        replies = self.kube.gather([make(kind, one) for one, kind in pairs])
        return ((str(one), reply) for (one, _), reply in zip(pairs, replies, strict=True))

    def _of_new_kind(self, one: KubeObject) -> ObjectPlan:
        made = (one.api_version, one.kind) in defined_kinds(self.wanted)
        return ObjectPlan(object=one, fate=Fate.ADDED, note="" if made else _LATER)

    def _of_known_kind(
        self, one: KubeObject, live: Live | Unknown | None, tried: Response, reply: Response
    ) -> ObjectPlan | CniRefusal:
        live = sure(live)
        after = objects.applied(reply)
        if after is None and live is None:
            # a dry run makes no namespace that its objects could be in
            return ObjectPlan(object=one, fate=Fate.ADDED)
        if isinstance(after, Unknown):
            if reply.status is None:
                raise Unreachable(after.reason, hint=after.hint)
            return CniRefusal(what=f"{one}: {after.reason}", hint=after.hint if after.forbidden else _mend(after))
        if after is None or isinstance(after, Conflicts):
            return CniRefusal(what=f"{one} changes while it is looked at", hint="run it again")
        if live is None:
            return ObjectPlan(object=one, fate=Fate.ADDED)
        differs = changes(live, after)
        first = objects.applied(tried)
        foreign = first.of if isinstance(first, Conflicts) else ()
        return ObjectPlan(
            object=one,
            fate=_fate(one, live) if differs else Fate.SAME,
            changes=differs,
            conflicts=tuple(conflict for conflict in foreign if conflict.manager not in PREDECESSORS),
            left_over=left_over(one, after),
        )


def _mend(unknown: Unknown) -> str:
    if "immutable" in unknown.reason:
        return (
            "what cannot be changed must be deleted first; a workload's pods may stay: kubectl delete --cascade=orphan"
        )
    return "mend the values, or the manifest"


def _fate(one: KubeObject, live: Live) -> Fate:
    """Adopted: Helm would not have taken it into this release as it is now."""
    wanted = text(one.body, "metadata", "annotations", RELEASE_NAME)
    annotated = (
        text(live, "metadata", "annotations", RELEASE_NAME) == wanted
        and text(live, "metadata", "annotations", RELEASE_NAMESPACE)
        == text(one.body, "metadata", "annotations", RELEASE_NAMESPACE)
        and objects.labels(live).get(MANAGED_BY) == HELM
    )
    return Fate.CHANGED if annotated or not wanted else Fate.ADOPTED


def _alike(refusals: Sequence[CniRefusal]) -> list[CniRefusal]:
    """Of many the first few: without rights it is every object."""
    shown = list(refusals[:5])
    if len(refusals) > len(shown):
        rest = len(refusals) - len(shown)
        shown.append(CniRefusal(what=f"and {count(rest, 'object')} more", hint=refusals[0].hint))
    return shown


def _conflicts(planned: Sequence[ObjectPlan]) -> list[CniRefusal]:
    return [
        CniRefusal(
            what=f"{one.object}: {_by(one.conflicts)}",
            hint="take the change over into the files, or set it anew all the same: --repair",
        )
        for one in planned
        if one.conflicts
    ]


def _by(conflicts: Sequence[Conflict]) -> str:
    managers = sorted({conflict.manager for conflict in conflicts})
    paths = ", ".join(conflict.path for conflict in conflicts[:4])
    more = f" and {len(conflicts) - 4} more" if len(conflicts) > 4 else ""
    return f"{' and '.join(managers)} set {paths}{more} to something else"


def _owned(owned: Sequence[Owner], seen: Seen, *, repair: bool) -> tuple[list[CniRefusal], list[str]]:
    """A healthy release that somebody keeps is left to them."""
    refusals, warnings = [], []
    healthy = not lacks(seen)
    for owner in owned:
        if repair or not healthy or not owner.whole:
            warnings.append(owner.drift)
        else:
            refusals.append(CniRefusal(what=f"{owner.what}, and it is healthy", hint=owner.hint))
    return refusals, warnings


def _hooks(rendered: Rendered) -> Iterator[str]:
    if rendered.hooks:
        names = ", ".join(map(str, rendered.hooks[:4]))
        yield f"only Helm itself runs the chart's hooks, so these are not made: {names}"


def _left_over(planned: Sequence[ObjectPlan]) -> Iterator[str]:
    """Applying on the server's side takes nothing away that somebody else has set."""
    for one in planned:
        if one.left_over:
            kind, place = one.object.kind.lower(), f"-n {one.object.namespace} {one.object.name}"
            yield (
                f"{one.object} keeps what the files do not have, since somebody else has set it: "
                f"{', '.join(one.left_over[:6])}. To have just what they say: kubectl delete {kind} "
                f"--cascade=orphan {place}, and install it anew"
            )


def _unowned(rendered: Rendered) -> Iterator[str]:
    if rendered.unowned:
        more = f" and {len(rendered.unowned) - 3} more" if len(rendered.unowned) > 3 else ""
        named = ", ".join(rendered.unowned[:3])
        yield f"of no Helm release, so no Helm takes it over: {named}{more}"
