"""One real API server for all tests of a worker that ask for it, and a place to run talops in."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_cluster import LiveCluster, served
from live_place import Place

from builders import desired_cluster
from contract.apiserver import ApiServer, api_server
from contract.cases import BARE
from contract.mirror import Mirror


@pytest.fixture(scope="session")
def apiserver() -> Iterator[ApiServer]:
    with api_server(BARE) as served:
        yield served


@pytest.fixture(scope="session")
def mirror(apiserver: ApiServer) -> Mirror:
    return Mirror(apiserver.kube)


@pytest.fixture
def place() -> Iterator[Place]:
    """Files of a cluster, and the machines of an embedded one behind its talosctl."""
    # short: a Unix socket's path has room for about 100 bytes
    place = Place(root=Path(tempfile.mkdtemp(prefix="unlock-")))
    try:
        place.write_files(control_planes=3, workers=0, target="v1.13.1")
        with served(LiveCluster(desired_cluster(workers=0), start="v1.13.0"), place.socket):
            yield place
    finally:
        shutil.rmtree(place.root)
