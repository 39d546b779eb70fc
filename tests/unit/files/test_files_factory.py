"""How long an Image Factory that says nothing is waited for."""

from pathlib import Path

import pytest

from talops.files import factory
from talops.files.factory import WITHIN, Schematic, tell


class Hanging:
    """A thread that never ends, as where a name server is silent. To wait for it moves a clock of its own."""

    now = 0.0

    def __init__(self, **_about: object) -> None:
        """Nobody is asked."""

    def start(self) -> None:
        """It begins to hang."""

    def join(self, timeout: float) -> None:
        Hanging.now += timeout


def test_all_schematics_together_are_waited_for_no_longer_than_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hanging, "now", 0.0)
    monkeypatch.setattr(factory, "Thread", Hanging)
    monkeypatch.setattr(factory, "monotonic", lambda: Hanging.now)
    schematics = [Schematic(url=f"https://factory-{n}.example/schematics", id=str(n), text="") for n in range(20)]
    found = tell(schematics, {"XDG_STATE_HOME": str(tmp_path)})
    assert Hanging.now == WITHIN.total_seconds()
    assert {finding.rule for finding in found} == {factory.UNREACHABLE}
