"""A screen whose reader may go away in the middle of a rollout: a closed pipe, a lost terminal, a full disk."""

from collections.abc import Callable

from talops.domain.event import Event
from talops.domain.process import Instant
from talops.ui import Renderer


class Guarded:
    """Implements Renderer. When nothing can be written any more it falls silent, and says so to `gone`, once."""

    def __init__(self, screen: Renderer, gone: Callable[[str], None]) -> None:
        self._screen, self._gone = screen, gone
        self._silent = False

    def handle(self, event: Event) -> None:
        self._show(lambda: self._screen.handle(event))

    def tick(self, now: Instant) -> None:
        self._show(lambda: self._screen.tick(now))

    def close(self) -> None:
        """At the end nobody needs to be told any more."""
        self._gone = lambda _why: None
        self._show(self._screen.close)

    def _show(self, show: Callable[[], None]) -> None:
        if self._silent:
            return
        try:
            show()
        except (OSError, ValueError) as error:
            # a ValueError is what a file says that was closed
            self._silent = True
            self._gone(str(error) or type(error).__name__)
