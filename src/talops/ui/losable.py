"""A `| head` that has seen enough ends no rollout: it goes on, and its journal says that nobody sees it."""

from talops.domain.event import Event, Noted
from talops.domain.process import Instant
from talops.ui import Renderer


class Losable:
    """A renderer that may lose whom it writes to: from then on it is silent."""

    def __init__(self, screen: Renderer) -> None:
        self._screen = screen
        self._lost = ""
        self._told = False

    def handle(self, event: Event) -> Noted | None:
        """Returns a note for the journal, once, when nobody can be told any more."""
        if not self._lost:
            try:
                self._screen.handle(event)
            except (OSError, ValueError) as error:
                self._lose(error)
        if not self._lost or self._told:
            return None
        self._told = True
        return Noted(at=event.at, wall=event.wall, text=f"the screen is lost: {self._lost}", warning=True)

    def tick(self, now: Instant) -> None:
        if not self._lost:
            try:
                self._screen.tick(now)
            except (OSError, ValueError) as error:
                self._lose(error)

    def close(self) -> None:
        try:
            self._screen.close()
        except (OSError, ValueError) as error:
            self._lose(error)

    def _lose(self, error: OSError | ValueError) -> None:
        self._lost = str(error) or type(error).__name__
