"""Tests that share one expensive thing run one after the other, on one worker of pytest-xdist."""

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("test_contract_apiserver",)
"""How the names of their files begin: those with one such beginning go together."""


def scope(nodeid: str) -> str:
    """Which tests go together, by their ID: all others each alone, as with `--dist load`.

    xdist has `loadgroup` for this; from pytest 9.2 on it no longer sees its marks.
    """
    file = nodeid.partition("::")[0].rpartition("/")[2]
    return next((beginning for beginning in TOGETHER if file.startswith(beginning)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = scope
    return scheduler
