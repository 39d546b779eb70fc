"""Tests that share one expensive thing run one after the other, on one worker of pytest-xdist."""

import os

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = (
    "test_contract_apiserver",
    "test_contract_etcd_real",
    "test_contract_talos_doors_change",
    "test_contract_talos_doors_kubernetes",
    "test_contract_talosctl_traps",
    "test_e2e_etcd.py",
    "test_e2e_etcd_looks",
    "test_e2e_network_install",
    "test_e2e_practice_cni",
)
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


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two on a core: a test of the real tools mostly waits, for a node to boot or for a tool's own pauses."""
    return 2 * (os.cpu_count() or 1)
