"""Machine configs: those of the files beside those of the nodes."""

from collections.abc import Sequence
from pathlib import Path

from talops.domain.cluster import Desired, DesiredNode
from talops.domain.machineconfig import NodeDrift
from talops.domain.talos import Unknown
from talops.errors import ToolFailed, UsageError
from talops.files.redact import Secrets, redacted
from talops.observe import Running, observe_running, read_configs
from talops.tools.nodeconfig import NodeConfigs
from talops.wiring.stages import Stage, generated


def drifts(stage: Stage, repo: Path, hostnames: Sequence[str]) -> tuple[NodeDrift, ...]:
    """Of these nodes, or of all. Raises UsageError for a name of no node, FilesInvalid, ToolMissing and ToolFailed."""
    from talops.files.drift import drift

    nodes = named(stage.desired, hostnames)
    wanted = generated(repo)
    running = observe_running(nodes, stage.desired, stage.tools)
    secrets = _secrets(stage, [*wanted.values(), *(text for one in running.values() for text in _texts(one))])
    return tuple(drift(node, wanted[node.hostname], running[node.hostname], secrets) for node in nodes)


def machine_config(stage: Stage, hostname: str, *, show_secrets: bool) -> NodeConfigs:
    """What a node runs with, and what its next boot takes, redacted unless told otherwise.

    Raises UsageError for a name of no node, and ToolFailed.
    """
    (node,) = named(stage.desired, [hostname])
    held = read_configs([node], stage.tools)[hostname]
    if isinstance(held, Unknown) or held.active is None:
        gap = held if isinstance(held, Unknown) else Unknown("it names no config that it runs with")
        raise ToolFailed(f"{hostname}: {gap.reason}", hint=gap.hint or f"talosctl -n {node.addresses[0]} version")
    if show_secrets:
        return held
    secrets = _secrets(stage, _stored(held))
    return held.with_texts(lambda text: redacted(text, secrets))


def named(desired: Desired, hostnames: Sequence[str]) -> tuple[DesiredNode, ...]:
    """In the order of the files; all when none is named. Raises UsageError for a name of no node."""
    from talops.plan.names import did_you_mean

    known = [node.hostname for node in desired.nodes]
    for hostname in hostnames:
        if hostname not in known:
            raise UsageError(f"there is no node {hostname} in the files", hint=did_you_mean(hostname, known))
    return tuple(node for node in desired.nodes if not hostnames or node.hostname in hostnames)


def _secrets(stage: Stage, texts: Sequence[str]) -> Secrets:
    return Secrets.among(stage.secret).and_of(*dict.fromkeys(texts))


def _texts(running: Running) -> list[str]:
    return [] if isinstance(running.configs, Unknown) else _stored(running.configs)


def _stored(held: NodeConfigs) -> list[str]:
    return [config.text for config in (held.active, held.persistent) if config is not None]
