"""One real API server for all tests of a worker that ask for it."""

from collections.abc import Iterator

import pytest

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
