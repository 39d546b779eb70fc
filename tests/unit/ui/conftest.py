"""Golden files: what people and programs read, reviewed like code. `GOLDEN=write pytest tests/unit/ui` renews them."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    def compare(name: str, text: str) -> None:
        path = FOLDER / name
        if os.environ.get("GOLDEN") == "write":
            path.write_text(text)
        assert text == path.read_text()

    return compare
