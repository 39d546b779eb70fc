"""stdin, stdout and stderr, whatever they are: closed, of another encoding, gone in the middle."""

import contextlib
import errno
import io
import os
import sys

LOST = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF}
"""What a write says when nobody reads, or when there is no room."""


def steady() -> None:
    """Make the three usable. A character that the terminal's encoding lacks must end nothing.

    A closed one is None for Python; its number would be given to the next file or pipe that is opened.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            # it stays open as long as we live
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper) and mode == "w":
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """At the end: what cannot be written now must not be tried again at exit, where it would change the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
