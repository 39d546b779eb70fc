"""How far an installation of tools is: a line for each that is through, and on a terminal bars that move."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID


class Lines:
    """Implements `Watcher` for a log."""

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def moved(self, label: str, done: int, of: int | None) -> None:  # noqa: ARG002
        return None

    def ended(self, label: str, words: str) -> None:
        self._print(f"{label}: {words}")

    def said(self, words: str) -> None:
        self._print(words)

    def _print(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


class Bars(Lines):
    """The same, with a bar for each download. Bars are gone at the end; lines stay."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._progress: Progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Bars":
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def moved(self, label: str, done: int, of: int | None) -> None:
        if label not in self._tasks:
            self._tasks[label] = self._progress.add_task(label, total=of)
        self._progress.update(self._tasks[label], completed=done, total=of)

    def ended(self, label: str, words: str) -> None:
        if label in self._tasks:
            self._progress.update(self._tasks.pop(label), visible=False)
        super().ended(label, words)

    def _print(self, text: str) -> None:
        from rich.text import Text

        self._progress.console.print(Text(text), soft_wrap=True)
