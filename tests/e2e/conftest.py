"""A cluster on loopback and a place to run talops in, for each test."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from live_cluster import LiveCluster, served
from live_place import Live, Make, Place, kubeconfig

from talops.config import load_desired
from talops.tools.runner import ShRunner


@pytest.fixture
def make() -> Iterator[Make]:
    """Makes a cluster at v1.13.0 whose files want v1.13.1."""
    with ExitStack() as stack:

        def build(*faults: str, control_planes: int = 3, workers: int = 0) -> Live:
            # short: a Unix socket's path has room for about 100 bytes
            root = Path(tempfile.mkdtemp(prefix="e2e-"))
            stack.callback(shutil.rmtree, root)
            place = Place(root=root)
            place.write_files(control_planes=control_planes, workers=workers, target="v1.13.1")
            desired = load_desired(place.repo, runner=ShRunner(), environ=place.environment)
            cluster = LiveCluster(desired, start="v1.13.0", faults=faults)
            port = stack.enter_context(served(cluster, place.socket))
            place.kubeconfig.write_text(kubeconfig(port))
            return cluster, place

        yield build


@pytest.fixture
def live(make: Make) -> Live:
    """Three control planes that carry storage and databases, too."""
    return make()
