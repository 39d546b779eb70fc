"""The kubeconfig that a control plane gives out, into a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.config.kubeconfig import merged
from talops.domain.talos import Unknown
from talops.errors import ToolFailed
from talops.observe.asking import Single, ask
from talops.tools.answers import for_admins
from talops.tools.homefile import kubeconfig_path, locked, read_text, write_whole
from talops.tools.homes import expanded
from talops.wiring.stages import Stage

STDOUT = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """`current`: the context that kubectl uses by itself, from that file."""

    path: Path
    context: str
    current: str
    changed: bool


def fetched(stage: Stage) -> str:
    """The kubeconfig of an administrator, a secret: of the first control plane that answers. Raises ToolFailed."""
    addresses = [node.addresses[0] for node in stage.desired.control_planes]
    question = Single(stage.tools.talosctl.kubeconfig, _text, addresses)
    ask(stage.tools.runner, [question])
    answer = for_admins(question.answer)
    if isinstance(answer, Unknown):
        look = f"talosctl -n {addresses[0]} version" if addresses else "talops nodes"
        raise ToolFailed(f"no control plane gives out a kubeconfig: {answer.reason}", hint=answer.hint or look)
    return answer


def _text(stdout: bytes) -> str | Unknown:
    try:
        text = stdout.decode("utf-8")
    except UnicodeDecodeError:
        return Unknown("what it sent is no text")
    return text if text.strip() else Unknown("what it sent is empty")


def put(content: str, file: str, *, force: bool, environ: Mapping[str, str] = os.environ) -> Written:
    """Merge it into `file`, or into the kubeconfig that kubectl uses.

    Raises FilesInvalid, Refused, Locked and ToolFailed.
    """
    path = expanded(file) if file else kubeconfig_path(environ)
    with locked(path):
        there = read_text(path)
        after = merged(there, content, where=str(path), force=force)
        if after.changed or _readable_by_others(path):
            write_whole(path, after.text)
    return Written(path=path, context=after.context, current=after.current, changed=after.changed)


def _readable_by_others(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & 0o077)
    except OSError:
        return False
