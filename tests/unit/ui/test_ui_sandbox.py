"""The screen of `talops sandbox status`."""

from collections.abc import Callable

import pytest

from talops.domain.sandbox import SandboxNode, SandboxStatus
from talops.ui.show_sandbox import show_sandbox

Golden = Callable[[str, str], None]


def node(
    hostname: str,
    *,
    version: str = "v1.13.1",
    slot: str = "A",
    other: str = "",
    state: str = "running",
    kubernetes: str = "Ready",
    cordoned: bool = False,
) -> SandboxNode:
    return SandboxNode(
        hostname=hostname,
        role="controlplane" if hostname.startswith("cp") else "worker",
        address="10.20.0.11",
        version=version,
        slot=slot,
        other=other,
        state=state,
        kubernetes=kubernetes,
        cordoned=cordoned,
    )


def sandbox(*nodes: SandboxNode, faults: list[str], speed: float = 10.0) -> SandboxStatus:
    return SandboxStatus(
        schema=1,
        name="practice",
        cluster="example",
        pid=4711,
        up=192.4,
        speed=speed,
        repository="/home/me/cluster",
        talosconfig="/run/user/1000/talops/sandbox/practice/talosconfig",
        kubeconfig="/run/user/1000/talops/sandbox/practice/kubeconfig",
        faults=faults,
        nodes=list(nodes),
        history=[],
    )


@pytest.mark.parametrize("width", [100, 60])
def test_the_screen_of_a_sandbox_in_trouble(golden: Golden, width: int) -> None:
    status = sandbox(
        node("cp-1"),
        node("cp-2", state="off", kubernetes="NotReady"),
        node("worker-1", version="v1.13.2", slot="B", other="v1.13.1", cordoned=True),
        node("worker-2", kubernetes="gone", state="booting"),
        faults=["api-throttled", "power-cut@cp-2", "silent-rollback@worker-2"],
    )
    golden(f"sandbox-{width}.txt", show_sandbox(status, here="/tmp", width=width) + "\n")


def test_in_its_own_repository_the_next_command_is_short() -> None:
    shown = show_sandbox(sandbox(node("cp-1"), faults=[], speed=1.0), here="/home/me/cluster")
    assert shown.splitlines()[-1] == 'next: eval "$(talops sandbox env --name practice)" && talops status'
    assert "as fast as a real cluster" in shown
    assert "faults: none" in shown
