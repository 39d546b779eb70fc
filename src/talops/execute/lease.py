"""The Lease `kube-system/talops`: one rollout per cluster (law 8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from talops.domain.event import Step
from talops.domain.kubernetes import Lease
from talops.domain.process import Instant, Response
from talops.domain.talos import Unknown
from talops.errors import Locked, ToolFailed
from talops.execute.session import Session
from talops.observe import Tools
from talops.tools import kubernetes, requests

DURATION = timedelta(seconds=60)
RENEW_EVERY = timedelta(seconds=15)
PATIENCE = timedelta(seconds=60)
"""How long an API that does not answer just now is asked again."""
_ALLOWED = "talops needs to create and update leases in kube-system"
_ETCD = "what is wrong with etcd, and what mends it: `talops etcd recover`"
AGAIN = {409, 429, 500, 502, 503, 504}


class LeaseSilent(ToolFailed):
    """The API that keeps the Lease does not answer, or cannot write: nobody has refused us anything."""


@dataclass(slots=True, kw_only=True)
class LeaseKeeper:
    """Holds the Lease while a rollout runs. `held` is what a disruptive step must ask right before it acts."""

    session: Session
    holder: str
    patience: timedelta = PATIENCE
    _lease: Lease | None = None
    _renewed_at: Instant = 0.0
    _tried_at: Instant = 0.0
    lost: str = ""

    @property
    def held(self) -> bool:
        """Renewed within its duration by our own clock, and not taken from us."""
        age = self.session.now() - self._renewed_at
        return self._lease is not None and not self.lost and age < DURATION.total_seconds() * 2 / 3

    def acquire(self) -> None:
        """Take the Lease, from nobody or from a holder who is provably gone.

        A holder is gone when the Lease does not change for its whole duration while we watch: our clocks may disagree,
        so its renewTime is compared with itself only. Raises Locked, and ToolFailed when the API does not let us.
        """
        deadline = self.session.now() + self.patience.total_seconds()
        while True:
            seen = self._read(deadline)
            if seen is not None and seen.holder and seen.holder != self.holder:
                seen = self._outwait(seen)
            reply = self._write(seen)
            if reply.status in {200, 201}:
                self._accept(reply)
                self._tried_at = self._renewed_at
                return
            # a write whose answer was lost may have been done: what is there now says whose it is
            if self.session.now() >= deadline or (reply.status is not None and reply.status not in AGAIN):
                silent = reply.status is None or reply.status in AGAIN
                raise (LeaseSilent if silent else ToolFailed)(
                    f"cannot take the Lease kube-system/talops: {kubernetes.complaint(reply)}",
                    hint=f"nothing was changed; {_ETCD if kubernetes.blames_etcd(reply) else _ALLOWED}",
                )
            self.session.waits("", Step.GATES, f"the Lease: {kubernetes.complaint(reply)}", deadline)
            self.session.pause(5)

    def _outwait(self, seen: Lease) -> Lease | None:
        duration = max(seen.duration_seconds, 1)
        self.session.note(f"The Lease is held by {seen.holder}: watching for {duration}s whether it is alive.")
        until = self.session.now() + duration
        while self.session.now() < until:
            self.session.waits("", Step.GATES, f"the Lease of {seen.holder} to run out", until)
            self.session.pause(5)
            latest = self._read(self.session.now() + PATIENCE.total_seconds())
            if latest is None or not latest.holder:
                return latest
            if latest.renewed != seen.renewed or latest.holder != seen.holder:
                raise Locked(
                    f"another rollout is at work in this cluster: {latest.holder}",
                    hint="wait until it has ended; `talops status` shows the holder",
                )
        self.session.note(f"{seen.holder} did not renew the Lease for {duration}s: taking over.", warning=True)
        return seen

    def beat(self) -> None:
        """Renew when due. A silent API is tried again later; a Lease that somebody else holds is lost for good."""
        now = self.session.now()
        if self._lease is None or self.lost or now - self._tried_at < RENEW_EVERY.total_seconds():
            return
        self._tried_at = now
        reply = self._put(self._lease)
        if reply.status == 409 or reply.status == 404:
            self._settle_conflict()
        elif reply.status in {200, 201}:
            self._accept(reply)

    def renew(self) -> None:
        """Renew now: before a step that only the holder may take."""
        self._tried_at = self.session.now() - RENEW_EVERY.total_seconds()
        self.beat()

    def _settle_conflict(self) -> None:
        """Somebody wrote the Lease. If it is still ours (our own write, its answer lost), go on with what is there."""
        (reply,) = self.session.tools.kube.gather([requests.lease()])
        latest = kubernetes.lease(reply)
        if isinstance(latest, Unknown):
            return
        if latest is not None and latest.holder == self.holder:
            self._lease = latest
            self._tried_at = 0.0
            return
        owner = latest.holder if latest is not None else "nobody (it was deleted)"
        self.lost = f"the Lease is now held by {owner}"
        self.session.note(f"Lost the Lease: {owner} holds it. No further node will be taken down.", warning=True)

    def release(self) -> None:
        """Give the Lease up, if it is ours. Best effort: an unreachable API lets it run out by itself."""
        if self._lease is None or self.lost:
            return
        self.session.tools.kube.gather([requests.lease_delete(self._lease)])
        self._lease = None

    def _read(self, deadline: Instant) -> Lease | None:
        while True:
            (reply,) = self.session.tools.kube.gather([requests.lease()])
            lease = kubernetes.lease(reply)
            if not isinstance(lease, Unknown):
                return lease
            if lease.forbidden or self.session.now() >= deadline:
                refused = lease.forbidden or kubernetes.refuses_us(reply)
                check = lease.hint if refused else "check `kubectl -n kube-system get lease talops`"
                raise (ToolFailed if refused else LeaseSilent)(
                    f"cannot read the Lease kube-system/talops: {lease.reason}", hint=f"nothing was changed; {check}"
                )
            self.session.waits("", Step.GATES, f"the Lease: {lease.reason}", deadline)
            self.session.pause(5)

    def _write(self, seen: Lease | None) -> Response:
        if seen is not None:
            return self._put(seen)
        wall = self.session.tools.clock.wall()
        request = requests.lease_create(self.holder, wall, int(DURATION.total_seconds()))
        return self.session.tools.kube.gather([request])[0]

    def _put(self, lease: Lease) -> Response:
        wall = self.session.tools.clock.wall()
        request = requests.lease_replace(lease, self.holder, wall, int(DURATION.total_seconds()))
        return self.session.tools.kube.gather([request])[0]

    def _accept(self, reply: Response) -> None:
        latest = kubernetes.lease(reply)
        if isinstance(latest, Lease):
            self._lease = latest
            self._renewed_at = self.session.now()


def take_away(tools: Tools, confirm: Callable[[str], bool]) -> str:
    """Delete the Lease of a run that is gone, after asking. Returns what was done. Raises ToolFailed."""
    (reply,) = tools.kube.gather([requests.lease()])
    lease = kubernetes.lease(reply)
    if isinstance(lease, Unknown):
        raise ToolFailed(f"cannot read the Lease kube-system/talops: {lease.reason}", hint="talops status")
    if lease is None or not lease.holder:
        return "Nobody holds the Lease; there is nothing to unlock."
    if not confirm(f"{lease.holder} holds the Lease, renewed {lease.renewed}. Is that run gone for good?"):
        return "Left as it was."
    (reply,) = tools.kube.gather([requests.lease_delete(lease)])
    if reply.status in {200, 202, 404}:
        return f"The Lease of {lease.holder} was taken away."
    raise ToolFailed(
        f"the Lease was not taken away: {kubernetes.complaint(reply)}",
        hint="it changed meanwhile, so its holder may be alive: see `talops status`",
    )
