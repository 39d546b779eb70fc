"""The disruptive call itself, and what the node says afterwards (laws 1 and 7)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from talops.domain.cluster import DesiredNode, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.kubernetes import KubeNode
from talops.domain.process import Call, End, Instant, Result
from talops.domain.talos import TalosNode, Unknown
from talops.execute.failure import NodeStopped
from talops.execute.hurry import hurried
from talops.execute.meaning import what_is_left
from talops.execute.session import Session
from talops.execute.watchboot import Seen, Wanted, see
from talops.observe import has_pending_install, observe_node

POLL_RUNNING = 10.0
POLL_BOOT = 3.0
QUIET_AFTER = timedelta(seconds=30)
"""A node still in its old boot so long after its talosctl ended stays up: it is the client that calls Reboot."""
QUIET_AFTER_LEGACY = timedelta(minutes=2)
"""On the legacy path the node goes on by itself; its longest silent stretch is the image pull."""
GLANCE = timedelta(seconds=2)
LEGACY = b"falling back to legacy"
"""What a talosctl says that knows the new way, of a node that does not. An older talosctl says nothing about it."""
DOWN = {NodeState.HUNG, NodeState.UNREACHABLE, NodeState.NOT_READY}
INSTALLED = b"Exit code: 0"
"""What the installer's end looks like on the new path; a talosctl that says it not has installed nothing, whatever its
exit code (facts, real-tools.md 2: a signal in the install step made it reboot the node and exit 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """What is done to the node: a mutating call, what must be true afterwards, and the words for the screen.

    `legacy`: the node goes on by itself, whatever becomes of its talosctl. `also` looks at what else must be true of a
    node that is back. `unmoved` is what to call one that stayed in its old boot.
    """

    call: Call
    wanted: Wanted
    verb: str
    legacy: bool = False
    also: Callable[[Seen], Seen] = lambda seen: seen
    unmoved: NodeState = NodeState.NOT_INSTALLED
    step: Step = Step.UPGRADE

    def is_legacy(self, result: Result) -> bool:
        return self.legacy or LEGACY in result.stderr


def disrupt(session: Session, node: DesiredNode, disruption: Disruption) -> Result:
    """The call, with a look at the node now and then."""
    words = f"talosctl to {disruption.verb} it"
    return run_call(
        session,
        disruption.call,
        node.hostname,
        disruption.step,
        words,
        progress=lambda: _progress(session, node, disruption),
    )


def run_call(
    session: Session, call: Call, hostname: str, step: Step, words: str, *, progress: Callable[[], str] | None = None
) -> Result:
    """Run it to its end without blocking. Its exit code is no proof of anything; the result is for messages only."""
    deadline = session.now() + call.deadline.total_seconds()
    running = session.tools.runner.start(call)
    try:
        while (result := running.poll()) is None:
            session.waits(hostname, step, words, deadline)
            session.pause(POLL_RUNNING)
            words = progress() if progress is not None else words
    except BaseException:
        # TERM or INT made talosctl reboot the node and exit 0 (facts, real-tools.md 2): only SIGKILL is safe
        running.kill()
        raise
    return result


def glance(session: Session, node: DesiredNode, disruption: Disruption) -> str:
    """How the node is right after its talosctl was killed, in words. Whoever said stop twice waits for no more."""
    seen = see(observe_node(node, hurried(session.tools, GLANCE)), disruption.wanted)
    if seen.rebooted:
        return "it had rebooted"
    return "it did not answer" if seen.state is NodeState.UNREACHABLE else "it was still in its old boot"


def _progress(session: Session, node: DesiredNode, disruption: Disruption) -> str:
    seen = see(observe_node(node, session.tools), disruption.wanted)
    if seen.rebooted:
        return "it to boot"
    return (
        "it to come back"
        if seen.state in {NodeState.UNREACHABLE, NodeState.HUNG}
        else f"talosctl to {disruption.verb} it"
    )


def wait_until_back(session: Session, node: DesiredNode, disruption: Disruption, result: Result) -> ObservedNode:
    """Watch the node until it is proven to be what was wanted. Raises NodeStopped with its observed state."""
    start = session.now()
    deadline = start + session.policy.boot_timeout.total_seconds()
    quiet_since: Instant | None = None
    wrong = 0
    rebooted = False
    while True:
        observed = observe_node(node, session.tools)
        seen = see(observed, disruption.wanted)
        seen = disruption.also(seen) if seen.done else seen
        now = session.now()
        if seen.done:
            return observed
        if seen.rebooted and not rebooted:
            rebooted = True
            session.step(node.hostname, Step.VERIFY, "a new boot")
        wrong = wrong + 1 if seen.wrong else 0
        quiet_since = (quiet_since or now) if seen.settled and not seen.rebooted else None
        quiet = quiet_since is not None and now - quiet_since >= _quiet_after(disruption, result).total_seconds()
        if wrong > 1 or quiet or now >= deadline:
            raise _left_as(session, node, disruption, observed, seen, result)
        step = Step.VERIFY if rebooted else Step.BOOT
        session.waits(node.hostname, step, seen.words, deadline)
        session.look_again(start, at_most=POLL_BOOT)


def _quiet_after(disruption: Disruption, result: Result) -> timedelta:
    if not disruption.is_legacy(result):
        return QUIET_AFTER
    # a talosctl that was killed tells nothing about how far its node has come
    return QUIET_AFTER_LEGACY if result.end is End.EXITED else timedelta.max


def _left_as(
    session: Session, node: DesiredNode, disruption: Disruption, observed: ObservedNode, seen: Seen, result: Result
) -> NodeStopped:
    state, words = seen.state, seen.words
    if state is NodeState.NOT_INSTALLED:
        state = disruption.unmoved
    if state is NodeState.NOT_INSTALLED and seen.settled and has_pending_install(node, session.tools) is True:
        state = NodeState.INSTALLED
    if state is NodeState.ROLLED_BACK and _installed_nothing(disruption, observed, result):
        state = NodeState.NOT_INSTALLED
    if state is NodeState.UNREACHABLE and result.end is End.EXITED:
        words = "its Talos API has not answered since the reboot"
    what = _what(node, disruption, replace(seen, state=state, words=words), result)
    kube_name = observed.kube.name if isinstance(observed.kube, KubeNode) else node.hostname
    if state in DOWN:
        what += f". {what_is_left(session, node)}"
    return NodeStopped(node.hostname, state, what, hint=_hint(node, kube_name, session.again, state))


def _installed_nothing(disruption: Disruption, observed: ObservedNode, result: Result) -> bool:
    """It booted its old system again, and the installer had never come to its end."""
    wanted = disruption.wanted.version
    old = isinstance(observed.talos, TalosNode) and observed.talos.version != wanted
    if wanted is None or not old or disruption.is_legacy(result):
        return False
    return result.ok and INSTALLED not in result.stderr


def _what(node: DesiredNode, disruption: Disruption, seen: Seen, result: Result) -> str:
    words = seen.words
    talosctl = _said(result)
    host = node.hostname
    unchanged = "rebooted, but without anything installed" if seen.rebooted else "was not changed and did not reboot"
    meaning = {
        NodeState.NOT_INSTALLED: f"{host} {unchanged}: it runs its old version ({talosctl})",
        NodeState.INSTALLED: f"{host} has the new version installed but did not reboot into it: its next reboot "
        f"will, whoever asks for it ({talosctl})",
        NodeState.HUNG: f"{host} began to {disruption.verb} and hangs: it still answers from its old boot ({talosctl})",
        NodeState.ROLLED_BACK: f"{host} rebooted, but {words}: the {disruption.verb} was undone by the node itself",
        NodeState.OTHER_IMAGE: f"{host} rebooted, but {words}: the image is not what the files describe",
        NodeState.NOT_READY: f"{host} booted, but is not ready: still waiting for {words}",
        NodeState.UNREACHABLE: f"{host} does not answer any more ({words}; {talosctl})",
        NodeState.STAGED: f"{host} has the new config on its disk but did not reboot into it: its next reboot will, "
        f"whoever asks for it ({talosctl})",
        NodeState.NOT_TAKEN: f"{host} rebooted, but {words}",
    }
    return meaning.get(seen.state, f"{host}: {words}")


def _said(result: Result) -> str:
    if result.ok:
        return "talosctl said it succeeded"
    if result.end is not End.EXITED:
        return f"talosctl was {result.end.value}"
    return f"talosctl said: {result.complaint()}"


def _hint(node: DesiredNode, kube_name: str, again: str, state: NodeState) -> str:
    address = node.addresses[0]
    hints = {
        NodeState.NOT_INSTALLED: f"talosctl -n {address} dmesg | tail -50   # then run `{again}` again",
        NodeState.INSTALLED: f"run `{again}` again: it installs once more and reboots",
        NodeState.HUNG: f"look at its console; if it only hangs: talosctl -n {address} reboot -m powercycle",
        NodeState.ROLLED_BACK: f"talosctl -n {address} dmesg | less   # why; then run `{again}` again",
        NodeState.OTHER_IMAGE: f"talops rollback {node.hostname}   # to its old system; then look at the schematic",
        NodeState.NOT_READY: f"talosctl -n {address} services; kubectl describe node {kube_name}",
        NodeState.UNREACHABLE: f"look at its console or power it on; then: talosctl -n {address} version",
        NodeState.STAGED: f"run `{again}` again: it reboots the node",
        NodeState.NOT_TAKEN: f"talops diff {node.hostname}   # what it has; then run `{again}` again",
    }
    return hints.get(state, "talops status")


def boot_id_of(observed: ObservedNode) -> str:
    """The boot ID, which every disruptive step needs to have been told. Raises NodeStopped."""
    if isinstance(observed.boot_id, Unknown):
        raise NodeStopped(
            observed.hostname,
            NodeState.UNREACHABLE,
            f"{observed.hostname}: its boot ID cannot be read: {observed.boot_id.reason}",
            hint="talosctl read needs the role os:admin; check the talosconfig with `talosctl config info`",
        )
    return observed.boot_id
