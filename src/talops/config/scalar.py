"""Scalars as talhelper's Go reads them: the rules of yaml.v3, as measured with talhelper (facts, real-tools.md 7)."""

import contextlib
import math
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NoReturn

from talops.errors import FilesInvalid

LONGEST = 70
"""Digits of a 64-bit number in base 2, and some."""

_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
OLD_TRUE = {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}
OLD_FALSE = {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}
_INT = re.compile(r"[-+]?(0[bB][01_]+|0[oO]?[0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: 1-based, as editors count."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value. `plain` when it was written without quotes, so that it may mean a number or a bool."""

    text: str
    plain: bool
    at: Place


def fail(at: Place, what: str, hint: str = "") -> NoReturn:
    raise FilesInvalid(what, where=str(at), hint=hint)


def is_null(scalar: Scalar) -> bool:
    return scalar.plain and scalar.text in _NULLS


def number(scalar: Scalar) -> int | float | None:
    """What a plain scalar means as a number, None when it is none. `017` is octal: Go reads YAML 1.1 there."""
    if not scalar.plain or scalar.text.startswith("_"):
        return None
    text = scalar.text.replace("_", "")
    whole = _whole(text) if _INT.fullmatch(scalar.text) else None
    if whole is not None and -(2**63) <= whole < 2**64:
        return whole
    # `08` is no octal number, and what 64 bits cannot hold is no integer
    broken = float(text) if _FLOAT.fullmatch(text) else math.inf
    return None if math.isinf(broken) else broken


def _whole(text: str) -> int | None:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    if len(digits) > LONGEST:
        return None
    try:
        if digits[:2] in {"0x", "0o", "0b"}:
            return sign * int(digits, 0)
        return sign * int(digits, 8 if len(digits) > 1 and digits.startswith("0") else 10)
    except ValueError:
        return None


def canonical(scalar: Scalar) -> str:
    """As Go writes the value again that it read: `007` as `7`, `True` as `true`, a date with its midnight."""
    meant = number(scalar)
    if isinstance(meant, float):
        return _go_float(meant)
    if meant is not None:
        return str(meant)
    if scalar.plain and scalar.text in _TRUE | _FALSE:
        return scalar.text.lower()
    if scalar.plain and _DATE.fullmatch(scalar.text):
        with contextlib.suppress(ValueError):
            return f"{date(*map(int, scalar.text.split('-'))).isoformat()}T00:00:00Z"
    return scalar.text


def _go_float(value: float) -> str:
    """Go's %g: as few digits as will do, with an exponent below 1e-4 and from 1e6 on."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    power = len(digits) + int(exponent) - 1
    if -4 <= power < 6:
        return f"{Decimal(repr(value)).normalize():f}"
    rest = "".join(str(digit) for digit in digits[1:])
    return f"{'-' if sign else ''}{digits[0]}{'.' if rest else ''}{rest}e{power:+03d}"


def truth(scalar: Scalar) -> bool | None:
    """What it means as a bool. YAML 1.1 words count, even quoted; a quoted `"true"` does not (measured)."""
    if scalar.text in OLD_TRUE or (scalar.plain and scalar.text in _TRUE):
        return True
    if scalar.text in OLD_FALSE or (scalar.plain and scalar.text in _FALSE):
        return False
    return None
