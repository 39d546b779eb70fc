"""Entry point. What has to be instant is answered here, before anything slow is imported."""

import os
import sys

COMPLETE = "_TALOPS_COMPLETE"


def main() -> None:
    """The console script `talops`."""
    heard = sys.stdout is not None
    if heard and sys.argv[1:] == ["--version"]:
        from talops import __version__

        sys.exit(_say(f"talops {__version__}"))
    instruction = os.environ.get(COMPLETE, "")
    if heard and instruction:
        from talops.cli.complete import completion

        answer = completion(instruction, os.environ)
        # fish reads the exit code: 1 is "nothing to offer"
        sys.exit(1 if answer is None else _say(answer))
    try:
        from talops.cli.run import run

        sys.exit(run(sys.argv[1:]))
    except KeyboardInterrupt:
        # so early that nothing was begun: while modules are imported
        sys.exit(130)


def _say(text: str) -> int:
    """A shell that has lost interest (Ctrl-C at a Tab) is no reason for a traceback."""
    try:
        # a file name may be no text at all
        sys.stdout.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))
        sys.stdout.buffer.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 5
    return 0


if __name__ == "__main__":
    main()
