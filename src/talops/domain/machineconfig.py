"""Machine configs compared: what the files want, what a node has, and what it runs."""

from dataclasses import dataclass
from enum import Enum

from talops.domain.applymode import ApplyMode
from talops.domain.talos import Unknown

__all__ = ["ApplyMode", "Aspect", "Change", "Effect", "NodeDrift"]


class Effect(Enum):
    """What it takes to bring one change onto a running node."""

    LIVE = "applies live"
    REBOOT = "needs a reboot"
    NEVER = "cannot be changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value that differs. Both sides are redacted, as compact JSON; None where there is nothing.

    `document` is `v1alpha1`, or kind and name of another document: `UserVolumeConfig data`. `path` is as a person
    writes it: `machine.network.interfaces[eth0].addresses`, with `[]` for a text of a list that comes or goes; it is
    empty where a whole document does. `why` is what to know about the effect.
    """

    document: str
    path: str
    before: str | None
    after: str | None
    effect: Effect
    why: str = ""

    @property
    def of_secret(self) -> bool:
        """Only what may not be shown differs: both sides look the same."""
        return self.before == self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A node's own word on a config: how it would take it, or `no`, why it would not. Redacted."""

    effect: Effect
    no: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What lies between one node and the config that the files describe for it.

    `changes` lead there from what it runs with, redacted. `on_disk`: its next boot takes that config already.
    `answer` is None where it was not asked, since nothing is pending.
    """

    changes: tuple[Change, ...]
    on_disk: bool
    answer: Answer | Unknown | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect:
    """One thing three ways: what git says, what the node's config says, what it runs; "" where a side says nothing.

    `name` is one of `Talos`, `schematic`, `extensions`, `Kubernetes`.
    """

    name: str
    files: str
    config: str
    running: str | Unknown

    @property
    def agrees(self) -> bool:
        said = {side for side in (self.files, self.config) if side}
        return not isinstance(self.running, Unknown) and said <= {self.running}


class Staged(Enum):
    """What waits for a node's next boot."""

    NOTHING = "nothing"
    FILES = "the config of the files"
    OTHER = "another config than that of the files"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDrift:
    """One node of the files. `changes` lead from what it runs with to the files' config; Unknown when nobody knows."""

    hostname: str
    changes: tuple[Change, ...] | Unknown
    aspects: tuple[Aspect, ...] = ()
    staged: Staged = Staged.NOTHING

    @property
    def drifts(self) -> bool:
        """Whether anything is known to differ. A side that nobody knows is no difference."""
        odd = any(not aspect.agrees and not isinstance(aspect.running, Unknown) for aspect in self.aspects)
        return odd or self.staged is Staged.OTHER or (not isinstance(self.changes, Unknown) and bool(self.changes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two sets of generated files, from the former to the latter. `changed` are only nodes that both have.

    `client` names what differs in the talosconfig: endpoints, nodes, CA. Its certificate is new each time, and does
    not count.
    """

    changed: tuple[NodeDrift, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    client: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        return bool(self.changed or self.added or self.removed or self.client)
