"""A screen that is lost ends no rollout: the journal says once that nobody sees it, and the rest goes on."""

from datetime import UTC, datetime

import pytest

from talops.domain.event import Event, Noted
from talops.domain.process import Instant
from talops.ui.losable import Losable

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


def test_a_screen_that_works_shows_everything_and_the_journal_hears_nothing() -> None:
    screen = Breaking()
    losable = Losable(screen)
    assert [losable.handle(event(text)) for text in "ab"] == [None, None]
    losable.tick(1.0)
    losable.close()
    assert screen.shown == [event("a"), event("b")]


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")])
@pytest.mark.parametrize("breaks_in", ["handle", "tick"])
def test_a_lost_screen_is_said_once(error: Exception, breaks_in: str) -> None:
    losable = Losable(Breaking(error))
    if breaks_in == "tick":
        losable.tick(1.0)
    notes = [losable.handle(event(text)) for text in "abc"]
    losable.close()
    assert notes[1:] == [None, None]
    assert notes[0] is not None
    assert (notes[0].warning, "the screen is lost" in notes[0].text) == (True, True)


def test_a_bug_of_a_screen_is_no_lost_screen() -> None:
    with pytest.raises(KeyError):
        Losable(Breaking(KeyError("x"))).handle(event("a"))
