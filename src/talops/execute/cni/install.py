"""The run: plan, ask, take the Lease, apply, wait until it is true."""

from collections.abc import Callable
from dataclasses import dataclass

from talops.domain.cluster import Observed
from talops.domain.cni import CniPlan, Fate, Found, Rendered
from talops.domain.event import CniPlanned
from talops.domain.kubernetes import KubeNode
from talops.domain.words import count
from talops.errors import Exit, Refused, TalopsError
from talops.execute.cni.applying import Applying
from talops.execute.cni.kinds import Kinds
from talops.execute.cni.planning import make_plan
from talops.execute.cni.state import Seen
from talops.execute.cni.waiting import wait_until_up
from talops.execute.cni.wanted import wanted_objects
from talops.execute.ending import Ending
from talops.execute.failure import StopNow, StopRequested
from talops.execute.lease import LeaseKeeper
from talops.execute.others import start
from talops.execute.reach import refuse_silence
from talops.execute.session import Session
from talops.observe import observe
from talops.plan.identity import proven_one, two_clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """`journal` is empty where none is kept. `confirm` is asked once, with the plan on the screen."""

    session: Session
    found: Found
    rendered: Rendered
    repair: bool
    holder: str
    confirm: Callable[[CniPlan], bool]
    journal: str = ""

    def run(self) -> Exit:
        """Raises TalopsError for what stops it before anything was changed."""
        session = self.session
        lease = LeaseKeeper(session=session, holder=self.holder)
        ending = Ending(session=session, lease=lease, began=session.now(), journal=self.journal, counted=False)
        plan = self._plan()
        if plan.refusals:
            return ending.end(Exit.REFUSED, _refused(plan), plan.refusals[0].hint)
        if plan.pending and not self.confirm(plan):
            return ending.end(Exit.STOPPED, "Not confirmed; nothing was changed.", session.again)
        try:
            seen = self._install(lease) if plan.pending else self._wait()
        except TalopsError as stop:
            return ending.stopped(stop)
        except (StopRequested, StopNow) as stop:
            lease.release()
            code = stop.exit if isinstance(stop, StopNow) else Exit.STOPPED
            return ending.end(code, "Stopped as asked. What is applied stays; the next run goes on.", session.again)
        lease.release()
        nodes = seen.nodes if isinstance(seen.nodes, tuple) else ()
        ending.done = [node.name for node in nodes]
        return ending.end(Exit.DONE, self._done(plan, nodes))

    def _plan(self) -> CniPlan:
        session = self.session
        plan = make_plan(session.tools.kube, self.found, self.rendered, repair=self.repair)
        wall, cluster = session.tools.clock.wall(), session.desired.cluster_name
        session.emit(CniPlanned(at=session.now(), wall=wall, run=session.run, cluster=cluster, plan=plan))
        return plan

    def _install(self, lease: LeaseKeeper) -> Seen:
        session = self.session
        observed = observe(session.desired, session.tools, boot_ids=True)
        refuse_silence(observed)
        refuse_other_cluster(session, observed)
        start(session, lease, observed)
        # planned again under the Lease: a question may have been answered after hours
        plan = make_plan(session.tools.kube, self.found, self.rendered, repair=self.repair)
        if plan.refusals:
            raise Refused(_refused(plan), hint=plan.refusals[0].hint)
        kinds = Kinds(session.tools.kube)
        kinds.look()
        wanted = wanted_objects(self.rendered, kinds, session.tools.kube)
        applying = Applying(session, kinds)
        later = applying.apply(plan, wanted)
        if later:
            applying.apply_later(later)
        return wait_until_up(session, wanted, kinds, settled=False)

    def _wait(self) -> Seen:
        """Nothing differs; but is it up, too?"""
        kube = self.session.tools.kube
        kinds = Kinds(kube)
        kinds.look()
        return wait_until_up(self.session, wanted_objects(self.rendered, kinds, kube), kinds, settled=True)

    def _done(self, plan: CniPlan, nodes: tuple[KubeNode, ...]) -> str:
        what = " and ".join(self.found.networks) or "what the files say"
        everywhere = f"{what} is up on {count(len(nodes), 'node')}"
        if not plan.pending:
            return f"Nothing to do: {everywhere}, as the files say."
        return f"{everywhere}: {told(plan)}."


def told(plan: CniPlan) -> str:
    """`3 objects added, 1 changed`."""
    words = {Fate.ADDED: "added", Fate.CHANGED: "changed", Fate.ADOPTED: "adopted"}
    numbers = [(sum(one.fate is fate for one in plan.objects), word) for fate, word in words.items()]
    said = [(number, word) for number, word in numbers if number]
    first = [f"{count(number, 'object')} {word}" for number, word in said[:1]]
    return ", ".join([*first, *(f"{number} {word}" for number, word in said[1:])])


def _refused(plan: CniPlan) -> str:
    return "\n".join(["Refused, and nothing was changed:", *(f"  {one.what}" for one in plan.refusals)])


def refuse_other_cluster(session: Session, observed: Observed) -> None:
    """Law 13: talosconfig, kubeconfig and files are one cluster, proven by the boot ID of a node. Raises Refused."""
    for refusal in two_clusters(session.desired, observed, ()):
        if not refusal.transient:
            who = f"{refusal.hostname}: " if refusal.hostname else ""
            raise Refused(f"refused: {who}{refusal.what}", hint=refusal.hint)
    if not proven_one(observed):
        raise Refused(
            "refused: no node's boot ID was told by Talos and by Kubernetes, so nothing proves that both are one "
            "cluster",
            hint="talosctl version; kubectl get nodes   # at least one node must answer to both",
        )
