"""What will be done, to which node, in which order, and why. Made by `plan`, executed by `execute`, shown by `ui`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from talops.domain.components import NodeComponents
from talops.domain.machineconfig import ApplyMode, Change
from talops.domain.talos import Role, Version


class Aim(Enum):
    """What a plan is to bring about, as it is said to people."""

    UPGRADE = "Talos to {target}"
    APPLY = "the configs of the files"
    UPGRADE_WITH_CONFIG = "Talos to {target}, with the configs of the files"
    KUBERNETES = "Kubernetes to {target}"

    @property
    def upgrades(self) -> bool:
        return self in {Aim.UPGRADE, Aim.UPGRADE_WITH_CONFIG}

    @property
    def configures(self) -> bool:
        return self in {Aim.APPLY, Aim.UPGRADE_WITH_CONFIG}

    def words(self, target: Version) -> str:
        return self.value.format(target=target)

    def goal(self, target: Version) -> str:
        """Where a cluster is taken to, in a title that names the cluster."""
        if self is Aim.KUBERNETES:
            return f"Kubernetes {target}"
        return str(target) if self is Aim.UPGRADE else self.words(target)


class Carries(Enum):
    """What becomes of the node's config when it is upgraded."""

    NOTHING = "its config stays"
    STAGED = "its new config is staged before, for the boot into the new Talos"
    AFTER = "its new config is applied after it"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeNode:
    """Take this node to `version` with `image`. `schematic` is what it must run afterwards, None to not compare."""

    hostname: str
    role: Role
    address: str
    from_version: Version
    version: Version
    image: str
    schematic: str | None
    why: tuple[str, ...]
    """Why it is upgraded, and why at this place in the order."""
    warnings: tuple[str, ...] = ()
    carries: Carries = Carries.NOTHING
    changes: tuple[Change, ...] = ()
    """Of its config; redacted."""

    @property
    def name(self) -> str:
        return self.hostname


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyNode:
    """Give this node the config that the files describe.

    `mode` is NO_REBOOT, STAGED (its next boot takes it, whenever that is) or REBOOT (drained, staged, rebooted).
    `changes` lead there from what it runs with, redacted: none where only the config for its next boot differs.
    """

    hostname: str
    role: Role
    address: str
    mode: ApplyMode
    changes: tuple[Change, ...]
    why: tuple[str, ...]
    """Why in this mode, and why at this place in the order."""
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.hostname


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeKubernetes:
    """Take every component on every node to `version`, at most one minor on. No node reboots.

    `hostname` is the control plane that is asked to. `nodes` is what they run before, as far as it is known.
    """

    hostname: str
    role: Role
    address: str
    from_version: Version
    """The oldest that runs."""
    version: Version
    nodes: tuple[NodeComponents, ...]
    last: bool
    """It is the one that the plan ends with, and not a stop on the way."""
    talosctl: Version | None
    """The release of the one that does it, None where there is none that can."""
    why: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"Kubernetes {self.version}"

    @property
    def changes(self) -> tuple[Change, ...]:
        return ()


PlannedStep = UpgradeNode | ApplyNode | UpgradeKubernetes


def goes_down(step: PlannedStep) -> bool:
    """Whether the node reboots in this step."""
    return isinstance(step, UpgradeNode) or (isinstance(step, ApplyNode) and step.mode is ApplyMode.REBOOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepNode:
    """Nothing to do on this node; `why` says so (at the target, skipped by the operator)."""

    hostname: str
    role: Role
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A law that going on would break: `hostname` is empty when it concerns the cluster."""

    law: int
    hostname: str
    what: str
    hint: str
    transient: bool = False
    """It may pass by itself: somebody did not answer just now. Worth another look before giving up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Steps in order of execution. With a refusal none of them is executed. `target` is of what `aim` is about."""

    target: Version
    steps: tuple[PlannedStep, ...]
    kept: tuple[KeepNode, ...]
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...] = ()
    aim: Aim = Aim.UPGRADE
    afterwards: str = ""
    """What a person has to do once everything is as it was wanted."""

    @property
    def upgrades(self) -> tuple[UpgradeNode, ...]:
        return tuple(step for step in self.steps if isinstance(step, UpgradeNode))

    @property
    def applies(self) -> tuple[ApplyNode, ...]:
        return tuple(step for step in self.steps if isinstance(step, ApplyNode))

    @property
    def hops(self) -> tuple[UpgradeKubernetes, ...]:
        return tuple(step for step in self.steps if isinstance(step, UpgradeKubernetes))


def alike(refusals: Sequence[Refusal]) -> list[tuple[tuple[str, ...], Refusal]]:
    """Refusals that say the same, together with the hostnames that they say it of, none for the cluster's own.

    For people: with twenty nodes at the same old version the reason is read once. In the order of the first of each.
    """
    hostnames: dict[tuple[str, str], list[str]] = {}
    first: dict[tuple[str, str], Refusal] = {}
    for refusal in refusals:
        key = (refusal.what, refusal.hint)
        first.setdefault(key, refusal)
        hostnames.setdefault(key, []).extend([refusal.hostname] if refusal.hostname else [])
    return [(tuple(hostnames[key]), refusal) for key, refusal in first.items()]
