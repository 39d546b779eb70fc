"""The disruptive call itself, and what the node says afterwards (laws 1 and 7)."""

from dataclasses import dataclass, replace
from datetime import timedelta

from talops.domain.cluster import DesiredNode, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.process import Call, End, Instant, Result
from talops.domain.talos import Unknown
from talops.execute.failure import NodeStopped
from talops.execute.session import Session
from talops.execute.watchboot import Seen, Wanted, see
from talops.observe import has_pending_install, observe_node

POLL_RUNNING = 10.0
POLL_BOOT = 3.0
QUIET_AFTER = timedelta(seconds=30)
"""A node still in its old boot so long after its talosctl ended stays up: it is the client that calls Reboot."""
QUIET_AFTER_LEGACY = timedelta(minutes=2)
"""On the legacy path the node goes on by itself; its longest silent stretch is the image pull."""
LEGACY = b"falling back to legacy"
INSTALLED = b"Exit code: 0"
"""What the installer's end looks like on the new path; a talosctl that says it not has installed nothing, whatever its
exit code (facts, real-tools.md 2: a signal in the install step made it reboot the node and exit 0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disruption:
    """What is done to the node: a mutating call, what must be true afterwards, and the words for the screen."""

    call: Call
    wanted: Wanted
    verb: str


def run_call(session: Session, node: DesiredNode, disruption: Disruption) -> Result:
    """Run it to its end without blocking. Its exit code is no proof of anything; the result is for messages only."""
    hostname = node.hostname
    deadline = session.now() + disruption.call.deadline.total_seconds()
    running = session.tools.runner.start(disruption.call)
    words = f"talosctl to {disruption.verb} it"
    try:
        while (result := running.poll()) is None:
            session.waits(hostname, Step.UPGRADE, words, deadline)
            session.pause(POLL_RUNNING)
            words = _progress(session, node, disruption)
    except BaseException:
        # TERM or INT made talosctl reboot the node and exit 0 (facts, real-tools.md 2): only SIGKILL is safe
        running.kill()
        raise
    return result


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
        now = session.now()
        if seen.done:
            return observed
        if seen.rebooted and not rebooted:
            rebooted = True
            session.step(node.hostname, Step.VERIFY, "a new boot")
        wrong = wrong + 1 if seen.wrong else 0
        quiet_since = (quiet_since or now) if seen.settled and not seen.rebooted else None
        quiet = quiet_since is not None and now - quiet_since >= _quiet_after(result).total_seconds()
        if wrong > 1 or quiet or now >= deadline:
            raise _left_as(session, node, disruption, seen, result)
        step = Step.VERIFY if rebooted else Step.BOOT
        session.waits(node.hostname, step, seen.words, deadline)
        session.pause(POLL_BOOT)


def _quiet_after(result: Result) -> timedelta:
    return QUIET_AFTER_LEGACY if LEGACY in result.stderr else QUIET_AFTER


def _left_as(session: Session, node: DesiredNode, disruption: Disruption, seen: Seen, result: Result) -> NodeStopped:
    state, words = seen.state, seen.words
    if state is NodeState.NOT_INSTALLED and seen.settled and has_pending_install(node, session.tools) is True:
        state = NodeState.INSTALLED
    if state is NodeState.ROLLED_BACK and result.ok and LEGACY not in result.stderr and INSTALLED not in result.stderr:
        state = NodeState.NOT_INSTALLED
    if state is NodeState.UNREACHABLE and result.end is End.EXITED:
        words = "its Talos API has not answered since the reboot"
    return NodeStopped(
        node.hostname,
        state,
        _what(node, disruption, replace(seen, state=state, words=words), result),
        hint=_hint(node, state),
    )


def _what(node: DesiredNode, disruption: Disruption, seen: Seen, result: Result) -> str:
    words = seen.words
    talosctl = "talosctl said it succeeded" if result.ok else f"talosctl said: {result.complaint()}"
    host = node.hostname
    unchanged = "rebooted, but without anything installed" if seen.rebooted else "was not changed and did not reboot"
    meaning = {
        NodeState.NOT_INSTALLED: f"{host} {unchanged}: it runs its old version ({talosctl})",
        NodeState.INSTALLED: f"{host} has the new version installed but did not reboot into it ({talosctl})",
        NodeState.HUNG: f"{host} began to reboot and hangs: it still answers from its old boot ({talosctl})",
        NodeState.ROLLED_BACK: f"{host} rebooted, but {words}: the {disruption.verb} was undone by the node itself",
        NodeState.NOT_READY: f"{host} booted, but is not ready: still waiting for {words}",
        NodeState.UNREACHABLE: f"{host} does not answer any more ({words}; {talosctl})",
    }
    return meaning.get(seen.state, f"{host}: {words}")


def _hint(node: DesiredNode, state: NodeState) -> str:
    address = node.addresses[0]
    hints = {
        NodeState.NOT_INSTALLED: f"talosctl -n {address} dmesg | tail -50   # then run `talops upgrade all` again",
        NodeState.INSTALLED: "run `talops upgrade all` again: it installs once more and reboots",
        NodeState.HUNG: f"look at its console; if it only hangs: talosctl -n {address} reboot -m powercycle",
        NodeState.ROLLED_BACK: f"talosctl -n {address} dmesg | less   # the reason of the failed boot; then run again",
        NodeState.NOT_READY: f"talosctl -n {address} services; kubectl describe node {node.hostname}",
        NodeState.UNREACHABLE: f"look at its console or power it on; then: talosctl -n {address} version",
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
