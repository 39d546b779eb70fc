"""A repository as it is, but for its secrets: in their places stands what everybody may read.

For a pull request that has no key: everything is generated and checked, and nothing of it is any cluster's.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Mapping
from pathlib import Path

from talops.config import TALCONFIG, load_files
from talops.config.compose import parse
from talops.config.talenv import NAMES as TALENV
from talops.config.tree import Mapping as TreeMapping
from talops.domain.process import Runner
from talops.errors import FilesInvalid
from talops.files.inputs import TALSECRET, files_named, is_encrypted
from talops.tools.pins import write_private

_VALUE = re.compile(
    r"(?P<key>[\w.-]*)(?P<before>[\"']?:[ \t]*|- )[\"']?"
    r"ENC\[AES256_GCM,data:(?P<data>[^,\]]*),[^\]]*type:(?P<type>\w+)\][\"']?"
)
_OF_SOPS = re.compile(r"^sops:\n(?:[ \t].*\n|\n)*", re.MULTILINE)
_STEPS_UP = 8
"""How many `../` an @file may begin with."""
_ADDRESSES = ("IP", "ADDR", "GATEWAY", "DNS", "NTP", "HOST", "SERVER", "ENDPOINT", "ROUTER", "NODE")
_KEY_LENGTH = 44
"""Characters of 32 bytes in Base64, the length of most keys."""


def with_placeholders(repo: Path, into: Path, secrets: str, *, runner: Runner, environ: Mapping[str, str]) -> Path:
    """Copies what machine configs are made of; `secrets` are those of no cluster. Returns the folder of the copy.

    A variable that the environment has keeps its value. Raises FilesInvalid.
    """
    copy = into.joinpath("copy", *map(str, range(_STEPS_UP)))
    copy.mkdir(mode=0o700, parents=True)
    for name in (TALCONFIG, *TALENV):
        _copied(repo, copy, name, environ if name in TALENV else {})
    names = [name for name in TALSECRET if (repo / name).exists()] or [TALSECRET[0]]
    write_private(copy / names[-1], secrets.encode())
    top = parse(load_files(copy, runner=runner, environ=environ).talconfig, TALCONFIG)
    for name in files_named(top) if isinstance(top, TreeMapping) else ():
        if not Path(name).is_absolute():
            _copied(repo, copy, name, {})
    return copy


def _copied(repo: Path, copy: Path, name: str, given: Mapping[str, str]) -> None:
    """What is not there, talhelper will miss."""
    target = copy / name
    if copy.parents[_STEPS_UP - 1] not in target.resolve().parents:
        raise FilesInvalid(f"{name} lies too far outside of the repository to be copied", where=TALCONFIG)
    try:
        content = (repo / name).read_bytes()
    except (OSError, ValueError):
        return
    text = content.decode("utf-8", "replace")
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not target.exists():
        write_private(target, placeheld(text, given).encode() if is_encrypted(text) else content)


def placeheld(text: str, given: Mapping[str, str]) -> str:
    """An encrypted YAML file with a harmless value for each that is encrypted, without those that are `given`."""
    plain = _OF_SOPS.sub("", text if text.endswith("\n") else f"{text}\n")
    lines = []
    for line in plain.splitlines(keepends=True):
        found = _VALUE.search(line)
        if found is None or found["key"] not in given:
            lines.append(_VALUE.sub(lambda value: f"{value['key']}{value['before']}{_value(value)}", line))
    return "".join(lines)


def _value(found: re.Match[str]) -> str:
    match found["type"]:
        case "int" | "float":
            return "1"
        case "bool":
            return "true"
    try:
        length = len(base64.b64decode(found["data"]))
    except binascii.Error:
        length = 0
    return f'"{_text(found["key"], length)}"'


def _text(key: str, length: int) -> str:
    """What it may be for is told by its name. The same for the same name, so that two revisions can be compared."""
    number = zlib.crc32(key.encode())
    high, low = number >> 8 & 0xFF, number & 0xFF
    name = key.upper()
    if "MAC" in name:
        return f"00:00:5e:00:{high:02x}:{low:02x}"
    if "CIDR" in name or "SUBNET" in name:
        return f"198.{high % 2 + 18}.{low}.0/24"
    if "URL" in name:
        return f"https://placeholder-{number}.invalid"
    if "PORT" in name:
        return "65000"
    if any(part in name for part in _ADDRESSES):
        return f"198.18.{high}.{low % 254 + 1}"
    return "A" * (_KEY_LENGTH - 1) + "=" if length == _KEY_LENGTH else f"placeholder-{number}"
