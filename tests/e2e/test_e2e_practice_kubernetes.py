"""`talops upgrade k8s` on a practice cluster, with the real talosctl of both generations.

One cluster for all that one of them is asked: each test goes on to another release.
"""

import json
import os
import signal
from collections.abc import Iterator
from itertools import count

import pytest
from live_talops import ran, started
from practice import Practice, practice

TALOS = {"1.13.0": "v1.13.2", "1.12.0": "v1.12.4"}
"""That each talosctl knows: an older one refuses a newer Talos."""
POLICY = "stability: {samples: 2, window: 300ms}\ntimeouts: {boot: 5s}\n"
"""How long a talosctl may say nothing, too."""
LONGEST = 60.0
PATCHES = count(5)


@pytest.fixture(scope="module", params=["1.13.0", "1.12.0"])
def place(request: pytest.FixtureRequest) -> Iterator[Practice]:
    talos = TALOS[request.param]
    with practice(start=talos, target=talos, control_planes=1, workers=1, talosctl=request.param) as found:
        (found.repo / "talops.yaml").write_text(POLICY)
        yield found


newest = pytest.mark.parametrize("place", ["1.13.0"], indirect=True)


def kubelets(place: Practice) -> dict[str, str]:
    done = place.ran_tool("kubectl", "get", "nodes", "-o", "json")
    nodes = json.loads(done.stdout)["items"]
    return {node["metadata"]["name"]: node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes}


def images(place: Practice) -> set[str]:
    """Tags of the static pods."""
    done = place.ran_tool("kubectl", "get", "pods", "-n", "kube-system", "-l", "tier=control-plane", "-o", "json")
    pods = json.loads(done.stdout)["items"]
    return {pod["spec"]["containers"][0]["image"].rpartition(":")[2] for pod in pods}


def upgrade(place: Practice, to: str, *words: str) -> tuple[int, str]:
    return ran(place, "upgrade", "k8s", "--to", to, "--yes", *words, patience=LONGEST)


def next_release() -> str:
    return f"v1.35.{next(PATCHES)}"


def test_every_component_is_taken_there_by_that_talosctl(place: Practice) -> None:
    to = next_release()
    code, printed = upgrade(place, to, "--show-commands")

    assert code == 0, printed
    assert f"Kubernetes {to} runs on every node" in printed
    assert "-e 127.0.0.1:" in printed
    assert set(kubelets(place).values()) == images(place) == {to}
    assert place.traces() == []


def test_a_release_that_the_nodes_do_not_run_is_refused(place: Practice) -> None:
    before = images(place)
    to = "v1.36.1" if place.talosctl == "1.12.0" else "v1.37.1"

    code, shown = ran(place, "upgrade", "k8s", "--to", to, "--plan")

    assert code == 9, shown
    assert f"Kubernetes {to} is too new" in shown
    assert images(place) == before


@newest
def test_each_fault_is_named_with_its_node_and_the_next_run_does_what_is_left(place: Practice) -> None:
    to = next_release()
    place.begin("static-pod-stays@cp-1")
    pod, first = upgrade(place, to)
    place.mend()
    place.begin("kubelet-does-not-restart@w-1")
    kubelet, second = upgrade(place, to)
    place.mend()
    code, third = upgrade(place, to)
    again, fourth = upgrade(place, to)

    assert pod == kubelet == 5, first + second
    assert "kube-apiserver on cp-1 stays at its old release" in first
    assert "next: talosctl -n 10.30.0.11 service kubelet restart" in first
    assert "kubelet on w-1 stays at its old release" in second
    assert "next: talosctl -n 10.30.0.21 service kubelet restart" in second
    # the kubelet has followed meanwhile; what talosctl does last is left
    assert code == 0, third
    assert "run that took them there did not come to its end: manifests are left" in third
    assert f"Kubernetes {to} runs on every node" in third
    assert set(kubelets(place).values()) == images(place) == {to}
    assert again == 0, fourth
    assert f"Nothing to do: every node runs Kubernetes {to}" in fourth
    assert place.traces() == []


@newest
def test_a_run_that_is_broken_off_is_gone_on_with_whoever_ended_it(place: Practice) -> None:
    to = next_release()
    with started(place, "upgrade", "k8s", "--to", to, "--yes") as talops:
        talops.wait_for(f"kube-apiserver {to}: is updated")
        talops.process.send_signal(signal.SIGINT)
        talops.wait_for("Ctrl-C again stops waiting")
        talops.process.send_signal(signal.SIGINT)
        code = talops.end()
        printed = talops.printed
    left = place.traces()
    with started(place, "upgrade", "k8s", "--to", to, "--yes") as talops:
        talops.wait_for(f"kube-controller-manager {to}: is updated")
        os.kill(talops.process.pid, signal.SIGKILL)
        talops.end()
    done, second = upgrade(place, to)

    assert code == 130, printed
    assert "its talosctl was killed, and no node reboots. Now: kube-apiserver" in printed
    assert not any("in-flight" in row or "Lease" in row for row in left), left
    assert done == 0, second
    assert "settling that first" in second
    assert set(kubelets(place).values()) == images(place) == {to}
    # what the killed one had in its private folder stays
    assert not any("talops.dev" in row or "Lease" in row for row in place.traces())
