"""Which keys of machine configs, and of what is written inside of them, stand before a secret."""

import re
from collections.abc import Sequence

from talops.config.scalar import Scalar
from talops.files.documents import V1ALPHA1, Area

MASK = "***"

HARMLESS = re.compile(r"true|false|null|none|auto|yes|[-+]?[0-9.]{1,3}|\*+", re.IGNORECASE)
"""Values that cannot be a secret whatever names them."""
_KEYS = frozenset({"token", "secret", "key", "auth", "authorization", "identitytoken", "passphrase"})
_NAMED = (
    r"(?:[\w.-]*(?:passwor[dt]|passwd|passphrase|secret|token|api[-_.]?key|auth[-_.]?key|private[-_.]?key|"
    r"preshared[-_.]?key|access[-_.]?key|encryption[-_.]?key|credentials?|authorization)|_?auth|pass|pwd)"
)
_SECRET_NAME = re.compile(_NAMED, re.IGNORECASE)
_SECRET_LINE = re.compile(rf"(?im)(?P<name>(?:^|[\s\"'{{,-]){_NAMED}[\"']?[ \t]*[:=][ \t]*)(?P<value>\S[^\n]*)")


def telling(key: str, name: object) -> str:
    """The key that says what a value is: of `name: PASSWORD` beside `value: …` the name."""
    said = name.text if isinstance(name, Scalar) else name
    return said if key == "value" and isinstance(said, str) and said else key


def is_secret(path: Sequence[str], text: str, area: Area = Area.TYPED) -> bool:
    """By its key alone. `path` begins with the kind and ends with the key, without places in lists."""
    key = path[-1].lower() if path else ""
    if not text or HARMLESS.fullmatch(text):
        return False
    # whoever knows the cluster's ID can ask the discovery service about it
    if "extraManifestHeaders" in path or tuple(path) == (V1ALPHA1, "cluster", "id"):
        return True
    if key == "key" and area is not Area.TYPED:
        # a toleration, a label selector
        return False
    return key in _KEYS or _SECRET_NAME.fullmatch(key) is not None


def without_lines(text: str) -> str:
    """Text of no known form: what stands behind a secret's name goes, to the end of its line."""
    return _SECRET_LINE.sub(_without_value, text) if ":" in text or "=" in text else text


def _without_value(line: re.Match[str]) -> str:
    return line[0] if HARMLESS.fullmatch(line["value"]) else f"{line['name']}{MASK}"
