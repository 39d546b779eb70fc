"""What `talosctl kubeconfig -` prints: the kubeconfig and nothing else, or why there is none. Both generations."""

from collections.abc import Iterator

import pytest
from play import cluster

from contract.talos_door import GENERATIONS, KUBECONFIG, OpenDoor, open_door
from talops.tools.answers import why
from talops.tools.commands import TEMPLATES

CP1, CP2, W1 = "10.1.0.1", "10.1.0.2", "10.1.0.4"
WORDS = TEMPLATES["kubeconfig"].command
BOTH = pytest.mark.parametrize("version", GENERATIONS)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDoor]:
    world = cluster("dead-node@cp-2", start="v1.13.0").world
    with open_door(world, tmp_path_factory.mktemp("door"), still=True) as opened:
        yield opened


@BOTH
def test_a_control_plane_gives_it_out_on_stdout_and_writes_no_file(door: OpenDoor, version: str) -> None:
    before = sorted(path.name for path in door.home.rglob("*"))
    result = door.talosctl(*WORDS, version=version, nodes=(CP1,))
    assert (result.exit, result.stdout, result.stderr) == (0, KUBECONFIG, b"")
    assert sorted(path.name for path in door.home.rglob("*")) == before


@BOTH
@pytest.mark.parametrize(("node", "says"), [(W1, "only available on control plane nodes"), (CP2, "dial tcp")])
def test_where_there_is_none_it_says_why(door: OpenDoor, version: str, node: str, says: str) -> None:
    result = door.talosctl(*WORDS, version=version, nodes=(node,))
    assert (result.exit, result.stdout) == (1, b"")
    assert says in why(result)
