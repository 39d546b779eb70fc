"""Run a command line. The one place that prints errors and turns them into exit codes."""

import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from talops.cli.words import arranged
from talops.errors import Exit, TalopsError

ISSUES = "https://github.com/talops/talops/issues"


def run(words: Sequence[str]) -> int:
    """The exit code, whatever happens."""
    # must be said before typer is imported: rich help costs 140 ms (facts, python-libraries.md)
    os.environ.setdefault("TYPER_USE_RICH", "0")
    from typer import Abort
    from typer import Exit as TyperExit
    from typer.exceptions import TyperException

    from talops.cli.app import command

    try:
        return int(command().main(arranged(words), prog_name="talops", standalone_mode=False) or 0)
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
    except BrokenPipeError:
        # whoever read our output has gone: there is nobody to tell, and nothing must be flushed at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception:
        traceback.print_exc()
        _say("this is a bug in talops", f"please report it with the lines above: {ISSUES}")
        return Exit.BUG


def _usage(error: Exception) -> int:
    context = getattr(error, "ctx", None)
    format_message = getattr(error, "format_message", None)
    message = str(format_message() if callable(format_message) else error)
    where = context.command_path if context is not None else "talops"
    if not message:
        # a group without its command: its help is the answer
        return Exit.USAGE
    _say(message, f"{where} --help")
    return Exit.USAGE


def _say(what: str, hint: str) -> None:
    # when nobody can read it any more, the exit code still tells
    with suppress(OSError):
        print(f"talops: {what}", file=sys.stderr)  # noqa: T201
        if hint:
            print(f"  next: {hint}", file=sys.stderr)  # noqa: T201
