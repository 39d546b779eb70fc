"""Each encrypted file is decrypted once in a command: a hardware key asks for a touch each time."""

from collections.abc import Sequence
from pathlib import Path

from talops.config.talenv import NAMES as TALENV
from talops.domain.process import Call, Result, Runner, Running
from talops.files.inputs import TALSECRET, is_encrypted
from talops.tools.calls import sops_decrypt


class DecryptingOnce:
    """Implements `Runner`: of sops it remembers the answers, in memory."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._known: dict[tuple[str, ...], Result] = {}

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        new = [call for call in calls if not _is_sops(call) or call.argv not in self._known]
        results = iter(self._runner.gather(new) if new else ())
        answers = []
        for call in calls:
            if _is_sops(call) and call.argv in self._known:
                answers.append(self._known[call.argv])
                continue
            answers.append(next(results))
            if _is_sops(call):
                self._known[call.argv] = answers[-1]
        return tuple(answers)

    def start(self, call: Call) -> Running:
        return self._runner.start(call)


def _is_sops(call: Call) -> bool:
    return call.template == "sops-decrypt"


def decrypting_once(runner: Runner, repo: Path) -> DecryptingOnce:
    """The files that are always needed are decrypted side by side, before anybody asks for one of them.

    `repo` must be named as it will be named then.
    """
    once = DecryptingOnce(runner)
    files = [repo / name for name in (*TALENV, *TALSECRET)]
    once.gather([sops_decrypt("sops", str(path)) for path in files if _encrypted(path)])
    return once


def _encrypted(path: Path) -> bool:
    try:
        return is_encrypted(path.read_text("utf-8", "replace"))
    except OSError:
        return False
