"""What a test needs from outside the repository. Without it a test is skipped; where CI=true promises it, it fails."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true promises this: {what}", pytrace=False)
    pytest.skip(what)
