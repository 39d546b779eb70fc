"""Waiting until a CNI is up: not that it was applied, but that every node has it."""

from collections.abc import Sequence
from datetime import timedelta

from talops.domain.cni import KubeObject
from talops.domain.event import Step
from talops.domain.words import span
from talops.errors import GateTimeout
from talops.execute.cni.kinds import Kinds
from talops.execute.cni.state import Seen, all_run, approvals, lacks, look, only_unapproved
from talops.execute.session import Session

UP_WITHIN = timedelta(minutes=10)
"""Images are pulled meanwhile, on every node."""
APPROVED_WITHIN = timedelta(minutes=1)
"""Where nothing of what is installed approves certificates: somebody else may, but then at once."""


def wait_until_up(session: Session, wanted: Sequence[KubeObject], kinds: Kinds, *, settled: bool) -> Seen:
    """`settled`: nothing was changed, so that one look will do; else two in a row. Raises GateTimeout."""
    start = session.now()
    deadline = start + UP_WITHIN.total_seconds()
    session.step("", Step.VERIFY)
    good = 0
    while True:
        seen = look(session.tools.kube, wanted, kinds)
        missing = lacks(seen)
        good = 0 if missing else good + 1
        if good > (0 if settled else 1):
            return seen
        if missing and only_unapproved(seen):
            deadline = min(deadline, session.now() + APPROVED_WITHIN.total_seconds())
        if missing and session.now() >= deadline:
            raise GateTimeout(_told(missing, session.now() - start), hint=_hint(session, seen, wanted))
        session.waits("", Step.VERIFY, missing[0] if missing else "that it stays so", deadline)
        session.look_again(start, at_most=5)


def _told(missing: Sequence[str], waited: float) -> str:
    return "\n".join([f"Not everything is up after {span(waited)}:", *(f"  {one}" for one in missing)])


def _hint(session: Session, seen: Seen, wanted: Sequence[KubeObject]) -> str:
    """What to look at, and the certificates that a person can approve."""
    namespaces = sorted({one.namespace for one in wanted if one.kind in {"DaemonSet", "Deployment"}}) or ["kube-system"]
    look_at = "" if all_run(seen) else f"kubectl get pods -n {namespaces[0]} -o wide"
    approve = approvals(seen)
    steps = [look_at, f"{approve}   # if these are your nodes" if approve else ""]
    return "; then ".join([*filter(None, steps), session.again])
