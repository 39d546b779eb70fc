"""`talops upgrade k8s`: which release, and the run."""

from collections.abc import Callable
from dataclasses import dataclass

from talops.domain.cluster import Desired
from talops.domain.context import Output
from talops.domain.plan import Plan
from talops.domain.talos import Version
from talops.errors import Exit, UsageError
from talops.wiring.stages import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesWish:
    """What the operator asked for on the command line. `to` is None for the release of the files."""

    to: Version | None = None

    @property
    def command(self) -> str:
        """What to type for the same wish once more."""
        return f"talops upgrade k8s --to {self.to}" if self.to else "talops upgrade k8s"

    def target(self, desired: Desired) -> Version:
        return self.to or desired.kubernetes_version


def kubernetes_wish(to: str | None) -> KubernetesWish:
    """Raises UsageError for what is no release, such as a minor release alone."""
    if to is None:
        return KubernetesWish()
    return KubernetesWish(to=_release("--to", to))


def _release(option: str, typed: str) -> Version:
    """One that has images: no tag of an image has the + of a build. Raises UsageError."""
    try:
        release = Version.parse(typed)
    except ValueError:
        release = None
    if release is None or release.core.build:
        what = f"{option}: {typed} is no release of Kubernetes"
        raise UsageError(what, hint="write it with its patch, like v1.35.4")
    return release


def start_of(start: str | None, wish: KubernetesWish) -> Callable[[Desired], Version]:
    """Which Kubernetes a rehearsal begins with: what --from says, else the minor release before. Raises UsageError."""
    from talops.plan.releases import STOPS

    if start is not None:
        said = _release("--from", start)
        return lambda _desired: said

    def before(desired: Desired) -> Version:
        target = wish.target(desired)
        return STOPS.get(target.minor - 1) or Version.parse(f"v{target.major}.{target.minor}.0")

    return before


def plan_kubernetes(stage: Stage, wish: KubernetesWish) -> Plan:
    """What it would do now. Reads the cluster, changes nothing. Raises Unreachable."""
    from talops.execute.reach import refuse_silence
    from talops.execute.runs import plan_kubernetes as planned
    from talops.observe import observe

    observed = observe(stage.desired, stage.tools, boot_ids=True)
    refuse_silence(observed)
    return planned(stage.desired, observed, stage.policy, stage.tools, wish.target(stage.desired))


def upgrade_kubernetes(
    stage: Stage, wish: KubernetesWish, *, confirm: Callable[[Plan], bool], output: Output, show_commands: bool
) -> Exit:
    """Run it."""
    from talops.execute.runs import upgrade_kubernetes as run
    from talops.wiring.sessions import holder, session_on

    target = wish.target(stage.desired)
    with session_on(stage, output, again=wish.command, show_commands=show_commands) as (session, journal):
        return run(session, target, holder=holder(session.run), confirm=confirm, journal=journal)
