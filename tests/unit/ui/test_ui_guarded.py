"""A screen that is lost breaks nothing that is under way: it is said once, and the rest is silence."""

from datetime import UTC, datetime

import pytest

from talops.domain.event import Event, Noted
from talops.domain.process import Instant
from talops.ui.guarded import Guarded

WALL = datetime(2026, 3, 1, tzinfo=UTC)


def event(text: str) -> Noted:
    return Noted(at=1.0, wall=WALL, text=text)


class Breaking:
    """A screen that breaks when it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.shown: list[Event] = []

    def handle(self, event: Event) -> None:
        self._write()
        self.shown.append(event)

    def tick(self, now: Instant) -> None:
        self._write()

    def close(self) -> None:
        self._write()

    def _write(self) -> None:
        if self.error is not None:
            raise self.error


def test_a_screen_that_works_shows_everything() -> None:
    screen, gone = Breaking(), list[str]()
    guarded = Guarded(screen, gone.append)
    for text in "ab":
        guarded.handle(event(text))
    guarded.tick(1.0)
    guarded.close()
    assert screen.shown == [event("a"), event("b")]
    assert gone == []


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")])
@pytest.mark.parametrize("breaks_in", ["handle", "tick"])
def test_a_lost_screen_is_said_once(error: Exception, breaks_in: str) -> None:
    gone: list[str] = []
    guarded = Guarded(Breaking(error), gone.append)
    if breaks_in == "tick":
        guarded.tick(1.0)
    for text in "abc":
        guarded.handle(event(text))
    guarded.close()
    assert gone == [str(error)]


def test_a_screen_that_is_lost_at_the_very_end_is_nobody_s_loss() -> None:
    gone: list[str] = []
    Guarded(Breaking(BrokenPipeError()), gone.append).close()
    assert gone == []


def test_a_bug_of_a_screen_is_no_lost_screen() -> None:
    with pytest.raises(KeyError):
        Guarded(Breaking(KeyError("x")), lambda _why: None).handle(event("a"))
