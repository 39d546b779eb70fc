"""What a real etcd of three members says in each case is what the embedded one says."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from contract.etcd_embedded import EmbeddedEtcd
from contract.etcd_real import real_etcd
from contract.etcd_steps import STORY, two_dead
from real_tools import real

Told = dict[str, Sequence[str]]
LOST = "two dead"


def play_story() -> Told:
    """On one real cluster. Members come and go only when they have been connected for a while."""
    told: Told = {}
    with real_etcd() as etcd:
        for name, scene in STORY.items():
            if name == "comings and goings":
                etcd.connected_long_enough()
            told[name] = scene(etcd)
    return told


def play_loss() -> Told:
    with real_etcd() as etcd:
        return {LOST: two_dead(etcd)}


@pytest.fixture(scope="module")
def theirs() -> Told:
    """Two clusters side by side: what both wait for is time."""
    real("etcd", "3.6.16")
    with ThreadPoolExecutor(2) as pool:
        plays = [pool.submit(play) for play in (play_story, play_loss)]
        return {name: told for play in plays for name, told in play.result().items()}


@pytest.fixture(scope="module")
def ours() -> Told:
    etcd, lost = EmbeddedEtcd(), EmbeddedEtcd()
    return {**{name: scene(etcd) for name, scene in STORY.items()}, LOST: two_dead(lost)}


@pytest.mark.parametrize("scene", [*STORY, LOST])
def test_the_embedded_etcd_says_what_a_real_one_says(scene: str, ours: Told, theirs: Told) -> None:
    assert ours[scene] == theirs[scene]
