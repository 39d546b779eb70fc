"""Schematics made known to the Image Factory: it serves no image of one that it was never told of.

Each is told once, which the user's state folder remembers. IDs are computed here, so that generating waits for nobody.
"""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING

from talops.domain.finding import Finding, Severity
from talops.errors import WebFailed
from talops.files.silence import remember, said_before
from talops.tools.homes import expanded

if TYPE_CHECKING:
    from talops.tools.web import Web

WITHIN = timedelta(seconds=5)
"""For all of them together."""
UNREACHABLE = "factory-unreachable"
_SILENCE = "schematics-silence"
_REFUSED = range(400, 429)
"""HTTP statuses that say that the schematic, or the address, is wrong, whenever it is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schematic:
    """`url` is where it is told, `text` what is told: the YAML whose SHA-256 is `id`."""

    url: str
    id: str
    text: str


def tell(
    schematics: Iterable[Schematic], environ: Mapping[str, str], *, unless_silent_at: float | None = None
) -> tuple[Finding, ...]:
    """Tell the factory those that it was not told yet, side by side. Never raises, never takes long.

    `unless_silent_at`, in seconds since 1970: what was silent shortly before then is not asked again.
    """
    known = set(_known(environ))
    new = [schematic for schematic in schematics if (schematic.url, schematic.id) not in known]
    if not new:
        return ()
    place, asked = _place(environ).with_name(_SILENCE), {f"{schematic.url} {schematic.id}" for schematic in new}
    if unless_silent_at is not None and (before := said_before(asked, place, unless_silent_at)):
        hint = "it is asked again in a few minutes, or now: talops gen config --force"
        return tuple(_unheard(why, hint) for why in before)
    answers = _posted(new, environ)
    told = [schematic for schematic, answer in zip(new, answers, strict=True) if answer is None]
    _remember(told, environ)
    findings = tuple(dict.fromkeys(answer for answer in answers if answer is not None))
    remember(asked, [finding.what for finding in findings if finding.rule == UNREACHABLE], place)
    return findings


def _posted(schematics: Sequence[Schematic], environ: Mapping[str, str]) -> Sequence[Finding | None]:
    answers: list[Finding | None] = [_silent(schematic, "no answer in time") for schematic in schematics]

    def post(number: int) -> None:
        answers[number] = _post(web, schematics[number])

    from talops.tools.web import Web

    with Web(environ) as web:
        # not waited for at the end: a name server may be silent longer than any deadline of ours
        threads = [Thread(target=post, args=(number,), daemon=True) for number in range(len(schematics))]
        for thread in threads:
            thread.start()
        until = monotonic() + WITHIN.total_seconds()
        for thread in threads:
            thread.join(max(0.0, until - monotonic()))
    return tuple(answers)


def _post(web: "Web", schematic: Schematic) -> Finding | None:
    try:
        body = web.post(schematic.url, schematic.text.encode(), deadline=WITHIN, content_type="application/yaml")
        answer = json.loads(body)
    except WebFailed as error:
        if error.status in _REFUSED:
            return _wrong(schematic, f"the Image Factory refuses it: {error.what}")
        return _silent(schematic, error.what)
    except ValueError:
        return _silent(schematic, f"{schematic.url} answered something else than an Image Factory does")
    told = answer.get("id") if isinstance(answer, dict) else None
    if told != schematic.id:
        return _wrong(schematic, f"the Image Factory knows it as {told}: nodes could not pull its images")
    return None


def _wrong(schematic: Schematic, why: str) -> Finding:
    return Finding(
        rule="schematic-refused",
        severity=Severity.ERROR,
        what=f"the schematic {schematic.id[:12]}…: {why}",
        hint="look at it in talconfig.yaml, and at imageFactory there; --offline asks nobody",
        file="talconfig.yaml",
    )


def _silent(schematic: Schematic, why: str) -> Finding:
    what = f"the Image Factory was not told of a schematic ({why}): until it is, no node can pull such an image"
    return _unheard(what, f"run it again when {schematic.url} can be reached; --offline does not ask")


def _unheard(what: str, hint: str) -> Finding:
    return Finding(rule=UNREACHABLE, severity=Severity.WARNING, what=what, hint=hint)


def _place(environ: Mapping[str, str]) -> Path:
    state = environ.get("XDG_STATE_HOME") or Path(environ.get("HOME") or expanded("~")) / ".local" / "state"
    return Path(state) / "talops" / "schematics"


def _known(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    with contextlib.suppress(OSError):
        for line in _place(environ).read_text("utf-8", "replace").splitlines():
            url, _, known = line.partition(" ")
            yield url, known


def _remember(told: Sequence[Schematic], environ: Mapping[str, str]) -> None:
    """Where there is no place for it, the factory is told again the next time."""
    if not told:
        return
    lines = "".join(f"{schematic.url} {schematic.id}\n" for schematic in told)
    with contextlib.suppress(OSError):
        place = _place(environ)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as file:
            file.write(lines)
