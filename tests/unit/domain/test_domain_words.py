"""How times are said in a sentence."""

from datetime import timedelta

import pytest

from talops.domain.words import span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 seconds"),
        (1, "1 second"),
        (45, "45 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (900, "15 minutes"),
        (1801, "30 minutes"),
        (3599, "1 hour"),
        (3600, "1 hour"),
        (3900, "1 hour and 5 minutes"),
        (9060, "2 hours and 31 minutes"),
    ],
)
def test_a_span_is_said_as_a_person_would(seconds: float, said: str) -> None:
    assert span(seconds) == said
    assert span(timedelta(seconds=seconds)) == said
