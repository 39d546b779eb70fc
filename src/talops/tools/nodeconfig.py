"""What talosctl printed about the config of nodes, and of what they make of it, as values."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from talops.tools.answers import by_node, grouped, remembered
from talops.tools.reading import ParseError, count, flag, load, part, pieces, retyped, text

ACTIVE, PERSISTENT = "v1alpha1", "persistent"
"""The ids of the two configs of a node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConfig:
    """The text of a config, a secret; its resource version grows with each change, and begins anew at each boot."""

    text: str
    version: int

    def __repr__(self) -> str:
        return f"StoredConfig(version={self.version})"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfigs:
    """`active` is what the node runs with, `persistent` what its next boot takes; None for one that it did not name."""

    active: StoredConfig | None
    persistent: StoredConfig | None

    @property
    def staged(self) -> bool:
        """Whether the next boot changes the config."""
        return self.persistent is not None and self.active is not None and self.persistent.text != self.active.text

    def with_texts(self, change: Callable[[str], str]) -> "NodeConfigs":
        """The same, each text changed."""

        def changed(config: StoredConfig | None) -> StoredConfig | None:
            return None if config is None else replace(config, text=change(config.text))

        return NodeConfigs(active=changed(self.active), persistent=changed(self.persistent))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """`healthy` is None while nothing is known yet, and for a service without a health check."""

    id: str
    running: bool
    healthy: bool | None


@remembered
def configs(stdout: bytes) -> Mapping[str, NodeConfigs]:
    """`get machineconfig -o json`."""
    found = []
    for piece in pieces(stdout):
        value = _resource(piece, "MachineConfigs.")
        stored = StoredConfig(text=_spec(value), version=count(value, "metadata", "version"))
        found.append((text(value, "node"), (text(value, "metadata", "id"), stored)))
    return {node: _of_one(by_node(pairs)) for node, pairs in grouped(found).items()}


def _spec(value: object) -> str:
    """Up to Talos 1.7 it is the config itself, not its text; JSON is YAML, too."""
    spec = part(value, "spec")
    return json.dumps(spec) if isinstance(spec, dict) else text(value, "spec")


def _of_one(by_id: Mapping[str, StoredConfig]) -> NodeConfigs:
    return NodeConfigs(active=by_id.get(ACTIVE), persistent=by_id.get(PERSISTENT))


@remembered
def services(stdout: bytes) -> Mapping[str, tuple[Service, ...]]:
    """`get services -o json`."""
    found = []
    for piece in pieces(stdout):
        value = _resource(piece, "Services.v1alpha1.")
        healthy = None if flag(value, "spec", "unknown") else flag(value, "spec", "healthy")
        name = retyped(value, "metadata", "id")
        found.append((text(value, "node"), Service(id=name, running=flag(value, "spec", "running"), healthy=healthy)))
    return grouped(found)


@remembered
def diagnostics(stdout: bytes) -> Mapping[str, tuple[str, ...]]:
    """`get diagnostics -o json`: what a node warns about. A node that warns about nothing is missing from it."""
    found = ((_resource(piece, "Diagnostics.")) for piece in pieces(stdout))
    return grouped((text(value, "node"), text(value, "spec", "message")) for value in found)


def _resource(piece: bytes, kind: str) -> object:
    found = load(piece)
    if not text(found, "metadata", "type").startswith(kind):
        raise ParseError(f"expected {kind}, got something else")
    return found
