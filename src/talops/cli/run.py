"""Run a command line. The one place that prints errors and turns them into exit codes."""

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence

from talops.cli import streams
from talops.cli.words import arranged
from talops.errors import Exit, TalopsError


def run(words: Sequence[str]) -> int:
    """The exit code, whatever happens."""
    streams.steady()
    try:
        return _ran(words)
    finally:
        streams.flush()


def _ran(words: Sequence[str]) -> int:
    # must be said before typer is imported: rich help costs 140 ms (facts, python-libraries.md)
    os.environ.setdefault("TYPER_USE_RICH", "0")
    from typer import Abort
    from typer import Exit as TyperExit
    from typer.exceptions import TyperException

    try:
        return _run(words)
    except TalopsError as error:
        _say(error.what, error.hint)
        return error.exit
    except TyperExit as ended:
        return ended.exit_code
    except TyperException as error:
        return _usage(error)
    except (Abort, KeyboardInterrupt):
        _say("interrupted", "")
        return Exit.INTERRUPTED
    except OSError as error:
        if error.errno not in streams.LOST or error.filename is not None:
            return _bug()
        return _unheard(error)
    except Exception:
        return _bug()


def _run(words: Sequence[str]) -> int:
    """Not `main` of typer: that one makes exit codes of its own."""
    from talops.cli.app import command

    root = command()
    with root.make_context("talops", arranged(words)) as context:
        root.invoke(context)
    return Exit.DONE


def _usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    format_message = getattr(error, "format_message", None)
    message = str(format_message() if callable(format_message) else error)
    if message.startswith("Usage: "):
        # a group without its command: its help is the answer
        with contextlib.suppress(OSError):
            print(message, file=sys.stderr)  # noqa: T201
        return Exit.USAGE
    _say(message, f"{context.command_path if context is not None else 'talops'} --help")
    return Exit.USAGE


def _unheard(error: OSError) -> int:
    """Nobody reads our output any more, which needs no word; or there is no room for it."""
    if error.errno != errno.EPIPE:
        _say(f"the output cannot be written: {error.strerror}", "")
    return Exit.FAILED


def _bug() -> int:
    traceback.print_exc()
    _say("this is a bug in talops", "please report it, with the lines above and the command line")
    return Exit.BUG


def _say(what: str, hint: str) -> None:
    # when nobody can read it any more, the exit code still tells
    with contextlib.suppress(OSError):
        print(f"talops: {what}", file=sys.stderr)  # noqa: T201
        if hint:
            print(f"  next: {hint}", file=sys.stderr)  # noqa: T201
