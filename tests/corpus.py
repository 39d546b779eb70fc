"""The corpus of real configurations and tool outputs, which lives beside the repository and is never copied into it."""

import os
from pathlib import Path

import pytest

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"


def corpus(*parts: str) -> Path:
    """A file or folder of the corpus. Skips the test when it is missing; fails it where CI=true promises it."""
    path = CORPUS.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"the corpus lacks {path}", pytrace=False)
        pytest.skip(f"no corpus beside the repository: {path} is missing")
    return path
