"""Entry point. What has to be instant is answered here, before anything slow is imported."""

import os
import sys

COMPLETE = "_TALOPS_COMPLETE"


def main() -> None:
    """The console script `talops`."""
    if sys.argv[1:] == ["--version"]:
        from talops import __version__

        _say(f"talops {__version__}")
        return
    instruction = os.environ.get(COMPLETE, "")
    if instruction.startswith("complete_"):
        from talops.cli.complete import completion

        answer = completion(instruction, os.environ)
        if answer is not None:
            _say(answer)
            return
    from talops.cli.run import run

    sys.exit(run(sys.argv[1:]))


def _say(text: str) -> None:
    """A shell that has lost interest (Ctrl-C at a Tab) is no reason for a traceback."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
