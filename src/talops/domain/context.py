"""Where a command stands: which repository, which cluster, and who reads its output."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the global options say. None means: as talosctl and kubectl themselves would choose."""

    repo: Path
    talosconfig: str | None = None
    kubeconfig: str | None = None
    context: str | None = None
    kube_context: str | None = None


class Output(Enum):
    """Who reads: a person at a terminal, a log, or a program."""

    LIVE = "live"
    PLAIN = "plain"
    JSON = "json"
