"""`talops apply` and `upgrade all --with-config` on a practice cluster, with the real tools."""

import json
import os
import re
import signal
from collections.abc import Iterator

import pytest
from live_talops import ran, started
from practice import Practice, practice

TALOS = "v1.13.2"
PATCHES = "patches:\n"
LIVE = '  - "machine: {sysctls: {vm.max_map_count: \\"262144\\"}}"\n'
REBOOT = '  - "machine: {env: {GRPC_GO_LOG_SEVERITY_LEVEL: info}}"\n'
KUBELET = '  - "machine: {kubelet: {extraArgs: {v: \\"4\\"}}}"\n'
LONGEST = 120.0


def cluster(talosctl: str = "1.13.0", *, start: str = TALOS, workers: int = 1, speed: str = "60") -> Iterator[Practice]:
    with practice(start=start, target=TALOS, workers=workers, talosctl=talosctl, configured=True, speed=speed) as place:
        yield place


@pytest.fixture(params=["1.13.0", "1.12.0"])
def place(request: pytest.FixtureRequest) -> Iterator[Practice]:
    yield from cluster(request.param)


@pytest.fixture
def newest() -> Iterator[Practice]:
    yield from cluster()


def config(place: Practice, hostname: str) -> str:
    """What the node runs with, as talosctl tells."""
    done = place.ran_tool("talosctl", "-n", place.node(hostname)["address"], "get", "mc", "v1alpha1", "-o", "yaml")
    assert done.returncode == 0, done.stderr
    return done.stdout


def boots(place: Practice) -> dict[str, str]:
    done = place.ran_tool("kubectl", "get", "nodes", "-o", "json")
    return {node["metadata"]["name"]: node["status"]["nodeInfo"]["bootID"] for node in json.loads(done.stdout)["items"]}


def secrets(place: Practice) -> set[str]:
    """Of the cluster: every long value of its secrets."""
    return set(re.findall(r"[A-Za-z0-9+/=.]{20,}", (place.repo / "talsecret.yaml").read_text()))


def some_of(place: Practice) -> tuple[str, ...]:
    """Every node, or where another talosctl is all that differs, one."""
    return () if place.talosctl == "1.13.0" else ("cp-2",)


def test_what_is_live_reaches_every_node_and_none_reboots(place: Practice) -> None:
    place.edit(PATCHES, PATCHES + LIVE)
    before, nodes = boots(place), some_of(place)

    code, shown = ran(place, "apply", *nodes, "--plan")
    assert code == 3, shown
    assert "machine.sysctls" in shown
    code, printed = ran(place, "apply", *nodes, "--yes", "--show-commands", patience=LONGEST)

    assert code == 0, printed
    assert boots(place) == before
    assert all("vm.max_map_count" in config(place, hostname) for hostname in nodes or place.nodes())
    assert "apply-config --file" in printed
    told = printed + shown + "".join(path.read_text() for path in place.journals())
    assert [value for value in secrets(place) if value in told] == []
    assert place.traces() == []
    code, printed = ran(place, "apply", *nodes, "--yes")
    assert (code, "Nothing to do" in printed) == (0, True)


def test_what_needs_a_reboot_takes_the_node_through_one(place: Practice) -> None:
    place.edit(PATCHES, PATCHES + REBOOT)
    before = boots(place)

    code, printed = ran(place, "apply", "cp-2", "w-1", "--yes", patience=LONGEST)

    assert code == 0, printed
    after = boots(place)
    assert {name for name in after if after[name] != before[name]} == {"cp-2", "w-1"}
    assert ["GRPC_GO" in config(place, name) for name in ("cp-1", "cp-2", "cp-3", "w-1")] == [False, True, False, True]
    assert place.traces() == []


def test_staged_it_waits_for_the_upgrade_that_carries_it(newest: Practice) -> None:
    newest.edit(PATCHES, PATCHES + REBOOT)

    code, printed = ran(newest, "apply", "--stage", "--yes")

    assert code == 0, printed
    assert "GRPC_GO" not in config(newest, "cp-1")
    address = newest.node("w-1")["address"]
    newest.ran_tool("talosctl", "-n", address, "reboot", "--wait=false")
    newest.wait_until(lambda: newest.node("w-1")["kubernetes"] == "Ready" and "GRPC_GO" in config(newest, "w-1"))


@pytest.mark.parametrize("talosctl", ["1.13.0", "1.12.0"])
def test_an_upgrade_with_configs_takes_each_node_down_once(talosctl: str) -> None:
    for place in cluster(talosctl, start="v1.12.0", workers=0):
        place.edit(PATCHES, PATCHES + REBOOT)

        nodes = some_of(place) or ("cp-1", "cp-3")
        run = ("upgrade", "all", "--with-config", "--yes", "--only", *nodes)

        code, printed = ran(place, *run, patience=LONGEST * 2)

        assert code == 0, printed
        assert {place.versions()[hostname] for hostname in nodes} == {TALOS}
        assert all("GRPC_GO" in config(place, hostname) for hostname in nodes)
        assert place.traces() == []
        code, printed = ran(place, *run)
        assert code == 0, printed
        assert "Nothing to do" in printed


def test_a_config_that_breaks_the_first_control_plane_reaches_no_other(newest: Practice) -> None:
    newest.edit(PATCHES, PATCHES + KUBELET)
    newest.begin("kubelet-fails-after-apply@cp-2", "kubelet-fails-after-apply@cp-1", "kubelet-fails-after-apply@cp-3")

    code, printed = ran(newest, "apply", "--yes", patience=LONGEST)

    assert code == 5, printed
    broken = re.findall(r"([a-z0-9-]+) was given its new config and is not well with it", printed)
    assert len(set(broken)) == 1
    assert "talops apply" in printed
    changed = [hostname for hostname in newest.nodes() if "extraArgs" in config(newest, hostname)]
    assert changed == [broken[0]]


def test_a_killed_talops_is_followed_by_one_that_settles_and_ends_it() -> None:
    for place in cluster(speed="25"):
        place.edit(PATCHES, PATCHES + KUBELET)
        with started(place, "apply", "--yes", "w-1", "cp-1") as talops:
            talops.wait_for("its new config")
            os.kill(talops.process.pid, signal.SIGKILL)
            talops.end()

        code, printed = ran(place, "apply", "--yes", "w-1", "cp-1", patience=LONGEST)

        assert code == 0, printed
        assert "carries the mark of run" in printed
        assert [trace for trace in place.traces() if trace not in place.left_over()] == []


def test_ctrl_c_sees_the_node_through(newest: Practice) -> None:
    newest.edit(PATCHES, PATCHES + KUBELET)
    with started(newest, "apply", "--yes", terminal=True) as talops:
        talops.wait_for("its new config")
        talops.press_ctrl_c()

        assert talops.end(LONGEST) == 8, talops.printed
    changed = [hostname for hostname in newest.nodes() if "extraArgs" in config(newest, hostname)]
    assert len(changed) == 1
    assert newest.traces() == []


def test_nobody_there_to_answer_is_told_before_anything_is_asked_of_the_cluster(newest: Practice) -> None:
    code, printed = ran(newest, "apply")

    assert code == 2
    assert "--yes" in printed
    assert "talops apply --plan" in printed
