"""Is the node back, and as what? Classifies what is observed of one node after a disruptive call (law 7). Pure."""

from dataclasses import dataclass

from talops.domain.cluster import ObservedNode
from talops.domain.event import NodeState
from talops.domain.kubernetes import KubeNode
from talops.domain.talos import TalosNode, Unknown, Version
from talops.plan.extensions import lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What must be true of the node afterwards. `boot_id` is the one from before; `schematic` None compares nothing.

    `left` and `left_schematic` are the system that it must have left, for a rollback whose target is whatever the
    other slot holds.
    """

    boot_id: str
    version: Version | None
    schematic: str | None
    extensions: frozenset[str]
    left: Version | None = None
    left_schematic: str | None = None


LEAVING = {"upgrading", "rebooting", "shutting down", "resetting"}
"""Stages of a node that is still in its old boot, but on its way out of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`done` when all is proven. Else `state` is what to call it if time ran out now, `words` what is missing."""

    done: bool
    state: NodeState
    words: str
    rebooted: bool
    settled: bool
    """Talos runs and is ready: no sequence is under way that we can see."""
    wrong: bool = False
    """It is back and settled but as something else than wanted: waiting will not change that."""


def see(node: ObservedNode, wanted: Wanted) -> Seen:
    """Compare one observation with what was wanted."""
    talos = node.talos
    if isinstance(talos, Unknown) or isinstance(node.boot_id, Unknown) or isinstance(talos.version, Unknown):
        return Seen(
            done=False,
            state=NodeState.UNREACHABLE,
            words="Talos API to answer",
            rebooted=False,
            settled=False,
        )
    settled = talos.stage == "running" and talos.ready is True
    if node.boot_id == wanted.boot_id:
        state = NodeState.HUNG if talos.stage in LEAVING else NodeState.NOT_INSTALLED
        return Seen(done=False, state=state, words="reboot to begin", rebooted=False, settled=settled)
    return _see_booted(node, talos, wanted, settled)


def _see_booted(node: ObservedNode, talos: TalosNode, wanted: Wanted, settled: bool) -> Seen:
    wrong = _wrong(talos, wanted)
    if not wrong and isinstance(talos.schematic, Unknown):
        # not told just now is neither right nor wrong
        words = "it to tell its schematic"
        return Seen(done=False, state=NodeState.NOT_READY, words=words, rebooted=True, settled=settled)
    if wrong:
        state = NodeState.ROLLED_BACK if _is_old(talos, wanted) else NodeState.OTHER_IMAGE
        return Seen(done=False, state=state, words=wrong, rebooted=True, settled=settled, wrong=settled)
    missing = _not_ready(node, talos, settled)
    if missing:
        return Seen(done=False, state=NodeState.NOT_READY, words=missing, rebooted=True, settled=settled)
    return Seen(done=True, state=NodeState.DONE, words="", rebooted=True, settled=True)


def _wrong(talos: TalosNode, wanted: Wanted) -> str:
    if wanted.version is not None and talos.version != wanted.version:
        return f"it booted {talos.version}, not {wanted.version}"
    if isinstance(talos.schematic, Unknown):
        return ""
    if _is_what_was_left(talos, wanted):
        return f"it booted {talos.version} again"
    if wanted.schematic is not None and talos.schematic != wanted.schematic:
        return f"it booted with schematic {_short(talos.schematic)}, not {_short(wanted.schematic)}"
    missing = lost(wanted.extensions, talos.extensions)
    if missing:
        return f"it lost the extensions {', '.join(missing)}"
    return ""


def _is_old(talos: TalosNode, wanted: Wanted) -> bool:
    return _is_what_was_left(talos, wanted) or (wanted.version is not None and talos.version != wanted.version)


def _is_what_was_left(talos: TalosNode, wanted: Wanted) -> bool:
    return talos.version == wanted.left and wanted.left_schematic in {None, talos.schematic}


def _short(schematic: str | None) -> str:
    return schematic[:12] + "…" if schematic else "none"


def _not_ready(node: ObservedNode, talos: TalosNode, settled: bool) -> str:
    if not settled:
        unmet = f" ({', '.join(talos.unmet)})" if talos.unmet else ""
        return f"Talos to be ready: stage {talos.stage or 'unknown'}{unmet}"
    kube = node.kube
    if not isinstance(kube, KubeNode):
        return "Kubernetes to answer for it" if isinstance(kube, Unknown) else "it to register in Kubernetes"
    if kube.boot_id != node.boot_id:
        return "Kubernetes to see this boot"
    if kube.ready is not True:
        return f"Kubernetes to say Ready{': ' + kube.ready_message if kube.ready_message else ''}"
    return ""
