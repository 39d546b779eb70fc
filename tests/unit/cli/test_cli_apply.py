"""`talops apply` on the command line, rehearsed with configs that the real talhelper generates."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from configs import Edit, configured, live, rebooting, want

from command_line import KEY, ROOT, talops
from real_tools import real
from talops.cli import acting
from talops.domain.plan import Plan

SYSCTLS = '  - |-\n    machine:\n      sysctls:\n        vm.max_map_count: "262144"\n'
FILES = ("talconfig.yaml", "talenv.sops.yaml", "talsecret.sops.yaml", "patches", ".sops.yaml")


@pytest.fixture(scope="module")
def programs() -> tuple[Path, Path]:
    """Found while HOME is still that of whoever runs the tests."""
    return real("talhelper"), real("sops")


@pytest.fixture
def example(programs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example repository with its generated configs, to edit."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for program in programs:
        (tools / program.name).symlink_to(program)
    folder = tmp_path / "example"
    folder.mkdir()
    for name in FILES:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    monkeypatch.chdir(folder)
    ran = talops("gen", "config", "--offline")
    assert ran.exit == 0, ran.said
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "talconfig.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_what_was_generated_is_there_already(example: Path) -> None:
    ran = talops("rehearse", "apply")

    assert ran.exit == 0, ran.said
    assert "Nothing to do: every node runs with the config of the files." in ran.out


def test_a_plan_shows_what_differs_and_how_each_node_takes_it(example: Path) -> None:
    edit(example, "controlPlane:\n", f"{SYSCTLS}\ncontrolPlane:\n")

    ran = talops("rehearse", "apply", "--plan", "w-1", "cp-1")

    assert ran.exit == 3, ran.said
    assert "1. cp-1  controlplane  its config, live" in ran.out
    assert 'vm.max_map_count: "262144"' in ran.out
    assert "2 nodes will take a new config, one at a time, and not reboot." in ran.out


def test_the_plan_as_json(example: Path) -> None:
    edit(example, "controlPlane:\n", f"{SYSCTLS}\ncontrolPlane:\n")

    ran = talops("rehearse", "apply", "--plan", "--output", "json", "w-1")

    (step,) = json.loads(ran.out)["plan"]["applies"]
    assert (ran.exit, step["hostname"], step["mode"]) == (3, "w-1", "no-reboot")
    assert [change["path"] for change in step["changes"]] == ["machine.sysctls"]


@pytest.mark.parametrize("words", [("rehearse", "apply"), ("rehearse", "apply", "--stage")])
def test_it_is_rehearsed(example: Path, words: tuple[str, ...]) -> None:
    edit(example, "controlPlane:\n", f"{SYSCTLS}\ncontrolPlane:\n")

    ran = talops(*words, "--output", "plain", "--show-commands")

    assert ran.exit == 0, ran.said
    assert "6 nodes" in ran.out
    assert "apply-config --file" in ran.out
    secrets = [line for line in (example / "clusterconfig" / "example-cp-1.yaml").read_text().split() if len(line) > 40]
    assert [word for word in secrets if word in ran.said and not word.startswith("factory.talos.dev")] == []


def test_so_is_an_upgrade_with_configs(example: Path) -> None:
    edit(example, "controlPlane:\n", f"{SYSCTLS}\ncontrolPlane:\n")

    ran = talops("rehearse", "upgrade", "all", "--with-config", "--output", "plain")

    assert ran.exit == 0, ran.said
    assert "with the configs of the files" in ran.out


def test_another_version_of_kubernetes_is_refused(example: Path) -> None:
    edit(example, "kubernetesVersion: v1.35.4", "kubernetesVersion: v1.36.0")

    ran = talops("rehearse", "apply")

    assert ran.exit == 9
    assert "talops upgrade k8s   # or" in ran.said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("apply",), "talops apply --plan"),
        (("apply", "--stage", "w-1"), "talops apply w-1 --stage --plan"),
        (("rehearse", "apply", "w-11"), "did you mean w-1?"),
        (("rehearse", "apply", "w-1", "--skip-node", "w-1"), "w-1 is named by both NODE and --skip-node"),
        (("rehearse", "apply", "--accept-downtime", "ceph"), "it takes `etcd`"),
    ],
)
def test_wrong_usage(example: Path, words: tuple[str, ...], said: str) -> None:
    ran = talops(*words)

    assert ran.exit == 2
    assert said in ran.said


def test_without_talhelper_it_says_how_to_get_it(example: Path, tmp_path: Path) -> None:
    edit(example, "controlPlane:\n", f"{SYSCTLS}\ncontrolPlane:\n")
    (tmp_path / "tools" / "talhelper").unlink()

    ran = talops("rehearse", "apply")

    assert ran.exit == 5
    assert "talhelper" in ran.said


def no(questions: list[str]) -> Callable[[Plan], bool]:
    """Somebody who reads each question, and answers no."""

    def answer(plan: Plan) -> bool:
        questions.append(acting.question(plan))
        return False

    return answer


@pytest.mark.parametrize(
    ("edit_of", "asked"),
    [
        (live, "Apply the config of the files to 2 nodes (none of them reboots)?"),
        (rebooting, "Apply the config of the files to 2 nodes (2 of them reboot, one at a time)?"),
    ],
)
def test_what_a_person_is_asked(edit_of: Edit, asked: str) -> None:
    rehearsed = configured(edit_of, nodes=("w-1", "w-2"))
    questions: list[str] = []

    rehearsed.apply(confirm=no(questions))

    assert questions == [asked]


def test_what_a_person_is_asked_about_an_upgrade_with_configs() -> None:
    rehearsed = configured(live, start="v1.13.0")
    rehearsed.play(only=("w-1", "w-2"))
    want(rehearsed, live)
    questions: list[str] = []

    rehearsed.play(with_config=True, confirm=no(questions))

    assert questions == ["Upgrade 4 nodes, one at a time, to v1.13.1, and give 2 nodes more a new config?"]
