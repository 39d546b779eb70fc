"""What talosctl printed about a config that a node was offered, as a value. It quotes the config: a secret."""

import re

from talops.domain.machineconfig import Answer, Effect
from talops.domain.process import End, Result
from talops.domain.talos import Unknown
from talops.tools.answers import why

_RPC = re.compile(r"rpc error: code = (\w+) desc = (.*)", re.DOTALL)
_UNHEARD = frozenset({"Unavailable", "DeadlineExceeded", "Canceled", "Aborted", "ResourceExhausted"})
"""gRPC codes of a call that never came to an answer."""
_FORBIDDEN = frozenset({"PermissionDenied", "Unauthenticated"})
_DIFFERENCES = re.compile(r"^(?:Config diff:|diff:)", re.MULTILINE)
_LIST = re.compile(r"\s*\d+ errors? occurred:\s+\* ")
_ITEM = re.compile(r"\s*\n\s*\* ")
_BUSY = "already in progress"
_ONLY_BY_REBOOT = "can't be applied in immediate mode"


def answer(result: Result) -> Answer | Unknown:
    """Of `apply-config --dry-run --mode try`: whether the node would reboot for it, or why it does not take it.

    In any other mode a dry run is no mere question: it ends the trial of a config that somebody tries just now, which
    then stays. Source: Talos v1.12.0 and v1.13.0, ApplyConfiguration. The words of a refusal may quote values of the
    config: whoever shows them takes the secrets out.
    """
    if result.end is not End.EXITED:
        return Unknown(why(result))
    said = _DIFFERENCES.split(result.stderr.decode("utf-8", "replace"), maxsplit=1)[0]
    if not result.ok:
        return _refusal(said)
    if "without a reboot" in said:
        return Answer(effect=Effect.LIVE)
    return Unknown("talosctl did not say whether the node would reboot for it")


def refusal(result: Result) -> str:
    """Why the node did not take a config, as a line; empty when it took it, or nobody knows."""
    if result.end is not End.EXITED or result.ok:
        return ""
    found = _refusal(_DIFFERENCES.split(result.stderr.decode("utf-8", "replace"), maxsplit=1)[0])
    if isinstance(found, Unknown):
        return ""
    return found.no or "it would need a reboot for it"


def _refusal(said: str) -> Answer | Unknown:
    found = _RPC.search(said)
    if found is None:
        return Unknown("talosctl failed, and named no answer of the node")
    code, words = found[1], _line(found[2])
    if code in _UNHEARD or _BUSY in words:
        return Unknown(f"it does not answer ({code})" if code in _UNHEARD else "it takes another config just now")
    if code in _FORBIDDEN:
        return Unknown("the role of this talosconfig does not allow it", forbidden=True)
    if _ONLY_BY_REBOOT in words:
        return Answer(effect=Effect.REBOOT)
    return Answer(effect=Effect.NEVER, no=words)


def _line(words: str) -> str:
    """Go's lists of errors, which are nested, as one line."""
    flat = _ITEM.sub("; ", _LIST.sub(" ", words))
    return " ".join(flat.split())
