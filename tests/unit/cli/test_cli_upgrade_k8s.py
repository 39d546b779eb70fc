"""`talops upgrade k8s` and its rehearsal, as they are typed."""

import json
from pathlib import Path

import pytest

from command_line import repository, talops


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Five nodes, Kubernetes v1.35.4."""
    monkeypatch.chdir(repository(tmp_path))
    return tmp_path


def test_a_plan_shows_what_runs_and_every_hop(example: Path) -> None:
    ran = talops("rehearse", "upgrade", "k8s", "--plan", "--from", "v1.33.2")

    assert ran.exit == 3, ran.said
    assert "Kubernetes v1.33.2 to v1.34.4" in ran.out
    assert "Kubernetes v1.34.4 to v1.35.4" in ran.out
    assert "cp-1      v1.33.2    v1.33.2" in ran.out


def test_the_plan_is_json_where_that_is_asked_for(example: Path) -> None:
    ran = talops("rehearse", "upgrade", "k8s", "--plan", "--output", "json")

    plan = json.loads(ran.out)["plan"]
    (hop,) = plan["kubernetes"]
    assert (plan["aim"], plan["target"], plan["order"]) == ("kubernetes", "v1.35.4", ["Kubernetes v1.35.4"])
    assert hop["from_version"] == "v1.34.4"
    assert hop["nodes"][-1] == {"hostname": "worker-2", "role": "worker", "runs": {"kubelet": "v1.34.4"}}


def test_a_rehearsal_upgrades_and_says_so(example: Path) -> None:
    ran = talops("rehearse", "upgrade", "k8s")

    assert ran.exit == 0, ran.said
    assert "Kubernetes v1.35.4 runs on every node" in ran.out


def test_the_alias_does_the_same(example: Path) -> None:
    assert talops("rehearse", "upgrade-k8s", "--plan").out == talops("rehearse", "upgrade", "k8s", "--plan").out
    assert talops("upgrade-k8s", "--to", "v1").err == talops("upgrade", "k8s", "--to", "v1").err


def test_at_the_target_there_is_nothing_to_do(example: Path) -> None:
    ran = talops("rehearse", "upgrade", "k8s", "--plan", "--from", "v1.35.4")

    assert ran.exit == 0, ran.said
    assert "Nothing to do." in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "v1.37.1"), "too new: Talos v1.13 runs Kubernetes v1.31 to v1.36"),
        (("--to", "v1.34.2", "--from", "v1.35.1"), "would be a downgrade"),
        (("--fault", "dead-node@worker-1"), "its Talos API does not say what it runs"),
    ],
)
def test_what_forbids_it_is_exit_9(example: Path, words: tuple[str, ...], said: str) -> None:
    ran = talops("rehearse", "upgrade", "k8s", "--plan", *words)

    assert ran.exit == 9, ran.said
    assert said in " ".join(ran.out.split())


@pytest.mark.parametrize("typed", ["1.36", "v1", "newest", "v1.36.0+build"])
def test_what_is_no_release_is_said_with_how_to_write_it(example: Path, typed: str) -> None:
    for words in (("upgrade", "k8s", "--to", typed), ("rehearse", "upgrade", "k8s", "--from", typed)):
        ran = talops(*words)

        assert ran.exit == 2
        assert f"{typed} is no release of Kubernetes" in ran.err
        assert "write it with its patch" in ran.err


def test_without_anybody_to_answer_it_ends_before_it_looks_at_anything(example: Path) -> None:
    ran = talops("upgrade", "k8s", "--to", "v1.35.7")

    assert ran.exit == 2
    assert "add --yes to go on without asking, or only look: talops upgrade k8s --to v1.35.7 --plan" in ran.err


def test_a_fault_ends_with_what_to_type(example: Path) -> None:
    ran = talops("rehearse", "upgrade", "k8s", "--fault", "kubelet-does-not-restart@worker-2")

    assert ran.exit == 5
    assert "next: talosctl -n 10.0.0.22 service kubelet restart" in ran.out


def test_another_release_than_that_of_the_files_is_reminded_of(example: Path) -> None:
    ran = talops("rehearse", "upgrade", "k8s", "--to", "v1.35.7")

    assert ran.exit == 0, ran.said
    assert "The files still say v1.35.4: set kubernetesVersion in talconfig.yaml to v1.35.7" in ran.out
