"""Completion for a shell: typer's scripts, which ask us at every press of Tab."""

from talops.cli.optiontable import SHELLS
from talops.errors import ToolFailed, UsageError

_NAMES = {"prog_name": "talops", "complete_var": "_TALOPS_COMPLETE"}


def script(shell: str) -> str:
    """What the shell must read. Raises UsageError."""
    from typer._completion_shared import get_completion_script

    return get_completion_script(shell=_known(shell), **_NAMES)


def install(shell: str) -> str:
    """Put it where the shell finds it. Returns what was done. Raises UsageError and ToolFailed."""
    from typer import _completion_shared

    try:
        _, path = _completion_shared.install(shell=_known(shell), **_NAMES)
    except OSError as error:
        raise ToolFailed(
            f"the completion of {shell} cannot be installed: {error.strerror}: {error.filename}",
            hint=f"talops --show-completion {shell}",
        ) from None
    return f"The completion of {shell} is in {path}; it takes effect in the next terminal."


def _known(shell: str) -> str:
    if shell not in SHELLS:
        raise UsageError(f"there is no completion for {shell}", hint=f"it is one of {', '.join(SHELLS)}")
    return shell
