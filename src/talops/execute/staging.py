"""A config onto a node's disk for its next boot, and whether a boot has taken it.

A reboot for a config is two calls: `apply-config --mode staged`, and a reboot once the node tells that the config is on
its disk. One call with `--mode reboot` would leave two questions open whenever its answer is lost: whether the node has
the config, and whether it goes down. Here each call has an answer of its own, a node that refuses the config is not
rebooted for it, and a run that dies in between leaves a node that is up, and that tells what its next boot takes.
"""

from collections.abc import Callable
from dataclasses import replace

from talops.domain.cluster import DesiredNode, ObservedNode
from talops.domain.event import NodeState, Step
from talops.domain.machineconfig import ApplyMode
from talops.domain.process import Result
from talops.domain.talos import Unknown, Version
from talops.execute.configs import Configs, Distance
from talops.execute.disrupt import Disruption, run_call
from talops.execute.failure import NodeStopped
from talops.execute.session import Session
from talops.execute.watchboot import Seen
from talops.observe import read_configs

STAGE_WITHIN = 60.0
"""Seconds for the node to tell that a config is on its disk. It writes that before it answers."""
LOOK_EVERY = 2.0
NOT_THERE = 3
"""So many looks in a row without it, after a talosctl that said it was there, and it was not taken."""


def distance(session: Session, node: DesiredNode, configs: Configs) -> Distance | Unknown:
    """From what the node has now to the config of the files."""
    held = read_configs([node], session.tools)[node.hostname]
    return held if isinstance(held, Unknown) else configs.distance(node.hostname, held)


def stage(session: Session, node: DesiredNode, configs: Configs, release: Version | Unknown) -> None:
    """Put the config of the files on the node's disk, for its next boot. Raises NodeStopped.

    One that is there already is left there. `release` is the Talos that the node runs.
    """
    session.step(node.hostname, Step.STAGE, "the config of the files, for its next boot")
    if _is_there(distance(session, node, configs)):
        return
    talosctl = session.tools.talosctl.for_version(release)
    call = talosctl.apply_config(node.addresses[0], configs.file(node.hostname), mode=ApplyMode.STAGED)
    result = run_call(session, call, node.hostname, Step.STAGE, "talosctl to stage its config")
    deadline = session.now() + STAGE_WITHIN
    looks = 0
    while True:
        found = distance(session, node, configs)
        if _is_there(found):
            return
        looks = looks + 1 if isinstance(found, Distance) else 0
        if looks >= NOT_THERE or session.now() >= deadline:
            raise not_taken(session, node, configs, result, found)
        session.waits(node.hostname, Step.STAGE, "it to tell that the config is on its disk", deadline)
        session.pause(LOOK_EVERY)


def _is_there(found: Distance | Unknown) -> bool:
    return isinstance(found, Distance) and found.on_disk


def not_taken(
    session: Session, node: DesiredNode, configs: Configs, result: Result, found: Distance | Unknown
) -> NodeStopped:
    """The node goes on with its old config; in words that may be shown."""
    host = node.hostname
    no = configs.refusal(host, result)
    if no:
        what = f"{host} does not take its config: {no}"
    elif isinstance(found, Unknown):
        what = f"{host} does not tell whether it has taken its config: {found.reason}"
    else:
        said = "talosctl said it succeeded" if result.ok else f"talosctl ended with {result.exit} ({result.end.value})"
        what = f"{host} has not taken its config, although asked to: {said}"
    return NodeStopped(
        host,
        NodeState.NOT_TAKEN,
        what,
        hint=f"talops diff {host}   # what it has; correct the files, then run `{session.again}` again",
    )


def and_configured(
    make: Callable[[ObservedNode], Disruption], session: Session, node: DesiredNode, configs: Configs
) -> Callable[[ObservedNode], Disruption]:
    """The same disruption, after which the node also runs with the config of the files."""

    def made(before: ObservedNode) -> Disruption:
        return replace(make(before), also=lambda seen: _configured(session, node, configs, seen))

    return made


def _configured(session: Session, node: DesiredNode, configs: Configs, seen: Seen) -> Seen:
    """A node that is back is done only when it runs with the config of the files (law 7)."""
    found = distance(session, node, configs)
    if isinstance(found, Distance):
        if not found.changes:
            return seen
        words = f"it runs with another config than the one that was staged: {found.changes[0].path or 'a document'}"
        return replace(seen, done=False, state=NodeState.NOT_TAKEN, words=words, wrong=True)
    return replace(seen, done=False, state=NodeState.NOT_READY, words="it to tell its config")
