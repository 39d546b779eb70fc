"""What happened, as it happened. Sent by `execute`; read by the console, the JSON lines and the journal."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from talops.domain.cni import CniPlan
from talops.domain.components import Component
from talops.domain.plan import Plan
from talops.domain.process import Instant
from talops.domain.talos import Version
from talops.domain.verdict import Verdict
from talops.errors import Exit


class Step(Enum):
    """The steps of one node, in order. The value is what the operator reads."""

    GATES = "gates"
    MARK = "mark"
    CORDON = "cordon"
    DATABASES = "databases"
    DRAIN = "drain"
    DETACH = "volumes"
    STAGE = "stage"
    PROOF = "last proof"
    UPGRADE = "upgrade"
    APPLY = "apply"
    KUBERNETES = "kubernetes"
    REBOOT = "reboot"
    BOOT = "boot"
    VERIFY = "verify"
    UNCORDON = "uncordon"
    SETTLE = "settle"
    SNAPSHOT = "snapshot"
    REMOVE = "remove"
    HAND_OVER = "hand over"
    DEFRAGMENT = "defragment"
    DISARM = "disarm"
    JOIN = "join"


class NodeState(Enum):
    """In which observed state a node was left."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    KEPT = "nothing to do"
    NOT_STARTED = "not started"
    NOT_INSTALLED = "not installed"
    INSTALLED = "installed, not rebooted"
    HUNG = "rebooting and hung"
    ROLLED_BACK = "rolled back"
    OTHER_IMAGE = "booted another image"
    NOT_READY = "booted, not Ready"
    NOT_TAKEN = "config not taken"
    STAGED = "config staged, not rebooted"
    UNWELL = "config taken, not well"
    GATE_SHUT = "Ready, but a gate is shut"
    NO_IMAGE = "image not pulled"
    OLD_STATIC_POD = "static pod of the old release"
    OLD_KUBELET = "kubelet of the old release"
    BEHIND = "components of the old release"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    NOT_DONE = "not done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`at` is boot time (differences), `wall` the cluster operator's clock."""

    at: Instant
    wall: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned(Event):
    """A plan was made and will be executed. Sent again when a new plan replaces it."""

    run: str
    cluster: str
    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class CniPlanned(Event):
    """What installing a CNI would change; it will be done, unless it is refused or not wanted."""

    run: str
    cluster: str
    plan: CniPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class GatesJudged(Event):
    """Sent when a verdict changed. `hostname` is the node that waits, empty before the first and after the last."""

    hostname: str
    verdicts: tuple[Verdict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(Event):
    hostname: str
    step: Step
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWaits(Event):
    """The step waits for `reason` until `deadline`; sent when the reason changes."""

    hostname: str
    step: Step
    reason: str
    deadline: Instant


class Move(Enum):
    """How far a component of one node has come. The value is what the operator reads."""

    PULLS = "its image is pulled"
    BEGINS = "is updated"
    WAITS = "is waited for"
    DONE = "is updated and well"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentMoved(Event):
    """A component of Kubernetes is on its way to `version` on this node, as talosctl tells."""

    hostname: str
    component: Component
    version: Version
    move: Move
    text: str = ""
    """What it waits for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnded(Event):
    """A node is done, or was left in `state`. `took` counts from its first step, on the cluster's clock."""

    hostname: str
    state: NodeState
    took: timedelta
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(Event):
    """Something worth a line that is no step: a warning, a takeover, a signal."""

    text: str
    hostname: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Event):
    """A question is about to be put to whoever is there."""

    question: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commanded(Event):
    """A command line as a person would type it; shown by `--show-commands`. Reads too."""

    command: str
    mutating: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Event):
    """The rollout is over. `left` are the hostnames with work left; `hint` the next command to type."""

    exit: Exit
    what: str
    hint: str
    upgraded: tuple[str, ...]
    left: tuple[str, ...]
    took: timedelta
    journal: str = ""
    counted: bool = True
    """What was done is counted in nodes."""
