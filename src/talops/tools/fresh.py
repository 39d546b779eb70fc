"""What a new repository begins with: an age key, and files that sops has encrypted.

Private keys and plain text stay in pipes and in memory; the one that age-keygen writes is for the owner alone.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from talops.domain.process import Call, End, Result, Runner
from talops.errors import FilesInvalid, ToolFailed
from talops.tools.calls import age_keygen, age_recipients, sops_encrypt
from talops.tools.homes import is_file, sops_key_file
from talops.tools.programs import missing

_RECIPIENT = re.compile(r"age1[a-z0-9]+")
_AGE_KEYGEN = "age-keygen"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeKey:
    """A key that sops will find: the first of a place. `place` is a file, or the name of a variable."""

    place: str
    recipient: str
    others: int = 0
    """How many more keys there are in that place."""


def key_in_use(runner: Runner, environ: Mapping[str, str]) -> AgeKey | None:
    """The age key that sops finds anyway, in its own order; None when it finds none.

    Raises FilesInvalid when there is one that cannot be used: sops would stumble over it, too.
    """
    keys, named = environ.get("SOPS_AGE_KEY", ""), environ.get("SOPS_AGE_KEY_FILE", "")
    if keys.strip():
        call, place = age_recipients(_AGE_KEYGEN, keys=keys.encode() + b"\n"), "SOPS_AGE_KEY"
    elif named or is_file(sops_key_file(environ)):
        place = named or str(sops_key_file(environ))
        call = age_recipients(_AGE_KEYGEN, place)
    else:
        return None
    found = dict.fromkeys(_RECIPIENT.findall(_told(_asked(runner, call), place)))
    if not found:
        raise FilesInvalid("there is no age key in it", where=place, hint=_NO_KEY)
    return AgeKey(place=place, recipient=next(iter(found)), others=len(found) - 1)


_NO_KEY = "unset SOPS_AGE_KEY_FILE   # for a new key; or let it name a file that age-keygen has written"


def _told(result: Result, place: str) -> str:
    if not result.ok:
        raise FilesInvalid(f"it holds no usable age key: {_why(result)}", where=place, hint=_NO_KEY)
    return result.stdout.decode("utf-8", "replace")


def new_key(runner: Runner, path: Path) -> str:
    """Write a new age key (0600) and return its recipient. Raises ToolMissing and ToolFailed."""
    made = _asked(runner, age_keygen(_AGE_KEYGEN, str(path)))
    result = _asked(runner, age_recipients(_AGE_KEYGEN, str(path))) if made.ok else made
    found = _RECIPIENT.search(result.stdout.decode("utf-8", "replace"))
    if not result.ok or found is None:
        raise ToolFailed(f"age-keygen made no key: {_why(result)}", hint="age-keygen -o /dev/null")
    return found[0]


def encrypted(runner: Runner, rules: Path, name: str, plain: bytes, *, recipient: str) -> bytes:
    """`plain` as the file `name`, encrypted by these rules, and so for that recipient.

    Raises ToolMissing and ToolFailed.
    """
    result = _asked(runner, sops_encrypt("sops", str(rules), name, plain))
    if not result.ok or b"ENC[" not in result.stdout:
        raise ToolFailed(f"sops cannot encrypt {name}: {_why(result)}", hint="sops --version")
    if recipient.encode() not in result.stdout:
        raise ToolFailed(
            f"sops has encrypted {name} for somebody else than {recipient}",
            hint="unset SOPS_AGE_RECIPIENTS SOPS_PGP_FP SOPS_KMS_ARN   # they go before the rules of .sops.yaml",
        )
    return result.stdout


def _why(result: Result) -> str:
    """The first line that says something. Neither tool quotes a key, or a value that it encrypts."""
    lines = [line.strip() for line in result.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return lines[0].removeprefix("age-keygen: ").removeprefix("error: ") if lines else f"exit {result.exit}"


def _asked(runner: Runner, call: Call) -> Result:
    (result,) = runner.gather((call,))
    if result.end is End.NOT_FOUND:
        raise missing(call.argv[0], result)
    if result.end is End.TIMED_OUT:
        raise ToolFailed(
            f"{call.argv[0]} did not end within {call.deadline.seconds} s", hint=f"{call.argv[0]} --version"
        )
    return result
