"""The corpus of real configurations and tool outputs, which lives beside the repository and is never copied into it."""

from pathlib import Path

from promised import missing

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def corpus(*parts: str) -> Path:
    """A file or folder of the corpus. Skips the test when it is missing; fails it where CI=true promises it."""
    path = CORPUS.joinpath(*parts)
    if not path.exists():
        missing(f"no corpus beside the repository: {path} is missing")
    return path
