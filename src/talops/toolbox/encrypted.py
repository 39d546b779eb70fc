"""Whether sops can read what is encrypted in a repository, and if not, for whom it is."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from talops.domain.doctor import Check, bad, ok, warning
from talops.domain.process import Result
from talops.domain.words import count
from talops.errors import FilesInvalid
from talops.toolbox.questions import Question
from talops.tools.calls import sops_decrypt
from talops.tools.homes import is_file, sops_key_file
from talops.tools.sops import OWN_KEY, plain_text

SECRETS, KEYS = "secrets", "age keys"
PATIENCE = timedelta(seconds=6)
"""Less than a command has, which may wait for a finger on a hardware key."""
MOST = 100
_ELSEWHERE = {"clusterconfig", "node_modules", "__pycache__"}
_ENDINGS = (".yaml", ".yml", ".json", ".env", ".ini")
_RECIPIENT = re.compile(r"(?:recipient|fp|arn): \"?(\S+?)\"?\s*$", re.MULTILINE)
_BIGGEST = 4 * 1024 * 1024


def encrypted_files(repo: Path) -> tuple[str, ...]:
    """Files that sops has encrypted, by their names below the repository. Hidden folders are not ours."""
    return tuple(sorted(_found(repo)))


def _found(repo: Path) -> Iterator[str]:
    for folder, below, names in os.walk(repo):
        below[:] = [name for name in below if name not in _ELSEWHERE and not name.startswith(".")]
        for name in names:
            path = Path(folder) / name
            if name.endswith(_ENDINGS) and not name.startswith(".") and _is_encrypted(path):
                yield str(path.relative_to(repo))


def _is_encrypted(path: Path) -> bool:
    try:
        if path.stat().st_size > _BIGGEST:
            return False
        content = path.read_bytes()
    except OSError:
        return False
    return b"ENC[AES256_GCM," in content and b"sops" in content and b"mac" in content


def recipients(repo: Path, names: Iterable[str]) -> tuple[str, ...]:
    """Who can read these files, by what they say themselves."""
    texts = ((repo / name).read_text("utf-8", "replace") for name in names)
    return tuple(dict.fromkeys(word for text in texts for word in _RECIPIENT.findall(text)))


def keys(environ: Mapping[str, str], repo: Path) -> Check:
    """Where sops looks for age keys, and what it finds there. It needs none where a cloud's key service decrypts."""
    seen, missing = list[str](), list[str]()
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_CMD"):
        (seen if environ.get(name) else missing).append(name)
    named = environ.get("SOPS_AGE_KEY_FILE", "")
    if named and not is_file(Path(named)):
        return bad(KEYS, f"SOPS_AGE_KEY_FILE names {named}, which is not a file", "unset SOPS_AGE_KEY_FILE")
    if named:
        seen.append(named if Path(named) != repo.absolute() / OWN_KEY else f"{OWN_KEY} of this repository")
    else:
        missing.append("SOPS_AGE_KEY_FILE")
    default = sops_key_file(environ)
    (seen if is_file(default) else missing).append(str(default))
    if seen:
        return ok(KEYS, ", ".join(seen))
    return warning(KEYS, f"none in {', '.join(missing)}", "export SOPS_AGE_KEY_FILE=/path/to/key")


def decryption(repo: Path, names: Sequence[str], sops: str) -> Question:
    """`sops` is the program."""
    looked_at = names[:MOST]
    calls = tuple(replace(sops_decrypt(sops, str(repo / name)), deadline=PATIENCE) for name in looked_at)

    def meaning(results: Sequence[Result]) -> Iterator[Check]:
        faults: dict[str, FilesInvalid] = {}
        for name, result in zip(looked_at, results, strict=True):
            try:
                plain_text(result, name)
            except FilesInvalid as fault:
                faults[name] = fault
        yield from _judged(repo, names, faults)

    return Question(calls, meaning)


def _judged(repo: Path, names: Sequence[str], faults: Mapping[str, FilesInvalid]) -> Iterator[Check]:
    """The same fault of several files is said once."""
    read = [name for name in names[:MOST] if name not in faults]
    alike: dict[tuple[str, str], list[str]] = {}
    for name, fault in faults.items():
        alike.setdefault((fault.what.removeprefix(f"{name}: "), fault.hint), []).append(name)
    for (what, hint), of in alike.items():
        yield bad(SECRETS, f"{_some(of)}: {what}", hint)
    if read:
        yield ok(SECRETS, f"{_some(read)}: readable; for {', '.join(recipients(repo, read)) or 'nobody whom it names'}")
    if len(names) > MOST:
        rest = count(len(names) - MOST, "more encrypted file")
        yield warning(SECRETS, f"{rest} were not looked at", "sops -d FILE >/dev/null")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
