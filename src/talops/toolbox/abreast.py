"""Work done side by side in threads that nobody has to wait for: Ctrl-C ends us at once, whatever they hang on."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")
_WIDTH = 4


class Stopped(Exception):
    """Raised in a thread, when it is told to stop."""


def abreast(
    work: Mapping[K, Callable[[Callable[[], None]], V]], failures: tuple[type[Exception], ...]
) -> Iterator[tuple[K, V | Exception]]:
    """What each function returned, or which of the `failures` it raised, as they end. Anything else is raised here.

    Each is given a function to call now and then, which raises Stopped when it shall end.
    """
    ended: queue.Queue[tuple[K, V | BaseException]] = queue.Queue()
    stop = threading.Event()
    waiting = list(work.items())
    running = 0

    def run(key: K, function: Callable[[Callable[[], None]], V]) -> None:
        try:
            ended.put((key, function(partial(_raise_if, stop))))
        except BaseException as error:
            ended.put((key, error))

    try:
        while waiting or running:
            while waiting and running < _WIDTH:
                threading.Thread(target=run, args=waiting.pop(0), daemon=True).start()
                running += 1
            key, found = ended.get()
            running -= 1
            if isinstance(found, BaseException) and not isinstance(found, failures):
                raise found
            if not isinstance(found, BaseException) or isinstance(found, Exception):
                yield key, found
    finally:
        stop.set()


def _raise_if(stop: threading.Event) -> None:
    if stop.is_set():
        raise Stopped
