"""What reads etcd and services, before a sandbox, with both talosctls: no Kubernetes is needed, and no silence waited
out."""

import json
import shutil
import time
from collections.abc import Iterator, Sequence

import pytest
from practice import Practice, practice
from processes import talops

from real_tools import real

MUTE = ("endpoint-mute@cp-2", "node-mute@cp-2")
WITHIN = 12.0
"""Seconds of a look where somebody is silent, on a busy machine; `make bench` measures what is promised."""


@pytest.fixture(scope="module")
def place() -> Iterator[Practice]:
    with practice(start="v1.13.0", target="v1.13.2", workers=1) as found:
        yield found


@pytest.fixture(params=["1.13.0", "1.12.0"])
def talosctl(place: Practice, request: pytest.FixtureRequest) -> str:
    program = place.root / "bin" / "talosctl"
    program.unlink()
    program.symlink_to(real("talosctl", request.param))
    return str(request.param)


@pytest.fixture
def mended(place: Practice) -> Iterator[Practice]:
    yield place
    place.told("mend")


def looked(place: Practice, *words: str, code: int) -> str:
    done = talops(*words, cwd=place.repo, env=place.environment)
    printed = done.stdout.decode()
    assert done.returncode == code, done.stderr.decode() + printed
    return printed


def members(printed: str) -> Sequence[dict[str, object]]:
    found: Sequence[dict[str, object]] = json.loads(printed)["members"]
    return found


def test_a_healthy_cluster_is_healthy_without_kubernetes(place: Practice, talosctl: str) -> None:
    kubeconfig = place.kubeconfig.rename(place.root / "kubeconfig-away")
    try:
        assert "quorum holds: 3 of 3 voters healthy, needs 2: 1 more may be lost" in looked(
            place, "etcd", "status", code=0
        )
        listed = members(looked(place, "etcd", "members", "--json", code=0))
        assert [(row["node"], row["name"], row["answers"]) for row in listed] == [
            (f"cp-{number}", f"cp-{number}", True) for number in (1, 2, 3)
        ]
        assert looked(place, "etcd", "alarms", code=0) == "no alarm\n"
        services = json.loads(looked(place, "services", "--json", code=0))["nodes"]
        assert [node["hostname"] for node in services] == ["cp-1", "cp-2", "cp-3", "w-1"]
        assert all(service["since_seconds"] > 0 for node in services for service in node["services"])
    finally:
        shutil.move(kubeconfig, place.kubeconfig)


def test_a_mute_control_plane_is_a_row_whatever_kubernetes_does(mended: Practice, talosctl: str) -> None:
    mended.told("fault", *MUTE, "api-mute")
    began = time.monotonic()
    printed = looked(mended, "etcd", "status", code=4)
    assert time.monotonic() - began < WITHIN
    assert "DOES NOT ANSWER: talosctl had no answer at its deadline" in printed
    assert "if cp-1 is lost: quorum is LOST, with 1" in printed
    assert "cp-2 is not counted" in printed


def test_behind_a_mute_endpoint_its_node_still_answers_by_way_of_another(mended: Practice) -> None:
    mended.told("fault", "endpoint-mute@cp-1")
    assert "Healthy." in looked(mended, "etcd", "status", code=0)


def test_where_nobody_answers_it_says_what_to_look_at(mended: Practice) -> None:
    mended.told("fault", *(f"endpoint-refused@cp-{number}" for number in (1, 2, 3)))
    printed = looked(mended, "etcd", "status", code=5)
    assert "no control plane answers" in printed
    assert "talosctl config info" in printed


def test_what_etcd_is_at_on_its_node_is_said(mended: Practice) -> None:
    mended.told("fault", "control-plane-replaced@cp-3")
    printed = looked(mended, "etcd", "status", code=4)
    assert "its service is" in printed
    assert "talops etcd recover" in printed
    services = looked(mended, "services", "cp-3", "w-1", code=4)
    assert "NOT WELL on cp-3: " in services
    assert "NOT WELL on w-1" not in services
