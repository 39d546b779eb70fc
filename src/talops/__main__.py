"""Entry point. What has to be instant is answered here, before anything slow is imported."""

import os
import sys

COMPLETE = "_TALOPS_COMPLETE"


def main() -> None:
    """The console script `talops`."""
    if sys.argv[1:] == ["--version"]:
        from talops import __version__

        print(f"talops {__version__}")  # noqa: T201
        return
    instruction = os.environ.get(COMPLETE, "")
    if instruction.startswith("complete_"):
        from talops.cli.complete import completion

        answer = completion(instruction, os.environ)
        if answer is not None:
            print(answer)  # noqa: T201
            return
    from talops.cli.run import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
