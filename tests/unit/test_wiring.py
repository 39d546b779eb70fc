"""What a run tells the operator to type next is what was typed first."""

import pytest

from talops.wiring import Wish


@pytest.mark.parametrize(
    ("wish", "command"),
    [
        (Wish(), "talops upgrade all"),
        (Wish(only=("w-1", "w-2")), "talops upgrade all --only w-1 w-2"),
        (
            Wish(skip=("w-3",), accept_downtime=frozenset({"etcd"})),
            "talops upgrade all --skip-node w-3 --accept-downtime etcd",
        ),
    ],
)
def test_the_same_wish_once_more(wish: Wish, command: str) -> None:
    assert wish.command == command
