"""talops doctor with the real tools, before a practice cluster and before nothing."""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from practice import Practice, practice
from processes import BIN, talops

from command_line import KEY, ROOT
from real_tools import real

Checks = dict[str, list[dict[str, str]]]


@pytest.fixture
def cluster() -> Iterator[Callable[..., Practice]]:
    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(practice(*words, start="v1.13.0", target="v1.13.0"))


def diagnosed(place: Practice, *words: str) -> tuple[int, Checks]:
    """The exit code, and the rows by name."""
    done = talops("doctor", "--json", *words, cwd=place.repo, env=place.environment)
    assert done.stderr == b""
    found: dict[str, Any] = json.loads(done.stdout)
    rows: Checks = {}
    for row in found["checks"]:
        rows.setdefault(row["name"], []).append(row)
    return done.returncode, rows


def states(rows: Checks) -> dict[str, str]:
    return {name: " ".join(row["state"] for row in found) for name, found in rows.items()}


def with_all_tools(place: Practice) -> None:
    for name in ("talhelper", "sops"):
        if not (place.root / "bin" / name).exists():
            (place.root / "bin" / name).symlink_to(real(name))


def test_a_cluster_that_is_well(cluster: Callable[..., Practice]) -> None:
    place = cluster()
    with_all_tools(place)
    code, rows = diagnosed(place)
    assert code == 0, rows
    assert states(rows) == {
        "files": "ok",
        "talosconfig": "ok",
        "endpoint": "ok",
        "Kubernetes": "ok",
        "may look": "ok",
        "may change": "ok",
        "git": "ok",
        "state": "ok",
    }
    assert rows["endpoint"][0]["what"].startswith("3 endpoints of 3 answer")
    assert place.left_over() == []
    assert place.processes() == {}


def test_each_endpoint_is_asked_by_itself(cluster: Callable[..., Practice]) -> None:
    place = cluster()
    with_all_tools(place)
    place.begin("endpoint-refused@cp-1", "endpoint-wrong-ca@cp-2")
    code, rows = diagnosed(place)
    assert code == 5
    refused, mistrusted, alive = (row["what"] for row in rows["endpoint"])
    assert "connection refused" in refused
    assert "its certificate is not of the CA that the talosconfig trusts" in mistrusted
    assert alive.startswith("1 endpoint of 3 answer")


@pytest.mark.parametrize(
    ("fault", "row", "says"),
    [
        ("client-certificate-expired", "endpoint", "the certificate in the talosconfig has expired"),
        ("api-unauthorized", "Kubernetes", "You must be logged in"),
        ("api-refused", "Kubernetes", "refused"),
        ("kubeconfig-wrong-ca", "Kubernetes", "its certificate is not of the CA that the kubeconfig trusts"),
    ],
)
def test_what_is_broken_is_told_in_words(cluster: Callable[..., Practice], fault: str, row: str, says: str) -> None:
    place = cluster("--fault", fault)
    with_all_tools(place)
    code, rows = diagnosed(place)
    assert code == 5
    assert says in " ".join(found["what"] for found in rows[row]), rows
    assert ("may look" in rows) is (row != "Kubernetes")


def test_a_permission_that_is_missing_is_named_with_the_commands_that_need_it(cluster: Callable[..., Practice]) -> None:
    place = cluster("--fault", "kubectl-forbidden")
    with_all_tools(place)
    code, rows = diagnosed(place)
    assert code == 5
    (row,) = rows["may look"]
    assert row["what"].endswith("will fail without: list cephclusters.ceph.rook.io")
    assert row["what"].startswith("status, ")
    assert row["next"] == "kubectl auth can-i list cephclusters.ceph.rook.io -A"
    assert states(rows)["may change"] == "ok"


def test_everything_mute_is_over_in_seconds(cluster: Callable[..., Practice]) -> None:
    place = cluster(*(word for name in ("cp-1", "cp-2", "cp-3") for word in ("--fault", f"endpoint-mute@{name}")))
    with_all_tools(place)
    place.begin("api-mute")
    began = time.monotonic()
    code, rows = diagnosed(place)
    assert time.monotonic() - began < 8
    assert code == 5
    assert [row["what"].partition(": ")[2] for row in rows["endpoint"]] == [
        "talosctl had no answer at its deadline"
    ] * 3
    assert rows["Kubernetes"][0]["what"] == "no answer in time"


def test_without_a_cluster_nothing_is_asked_of_one(cluster: Callable[..., Practice]) -> None:
    place = cluster("--fault", "api-refused")
    with_all_tools(place)
    code, rows = diagnosed(place, "--offline")
    assert code == 0, rows
    assert {"endpoint", "Kubernetes", "may look", "may change"} & set(rows) == set()


# without a cluster


@pytest.fixture
def bare() -> Iterator[Path]:
    """An empty folder of a person who has the real tools."""
    root = Path(tempfile.mkdtemp(prefix="e2e-"))
    for folder in ("bin", "home", "repo"):
        (root / folder).mkdir()
    for name in ("talosctl", "talhelper", "sops", "kubectl", "helm", "age"):
        (root / "bin" / name).symlink_to(real(name))
    yield root
    shutil.rmtree(root)


def doctor(root: Path, *words: str, **more: str) -> tuple[int, str]:
    env = {"HOME": str(root / "home"), "PATH": f"{root / 'bin'}:/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = talops("doctor", *words, cwd=root / "repo", env=env | more)
    said = (done.stdout + done.stderr).decode()
    assert "Traceback" not in said
    return done.returncode, said


def example(root: Path) -> None:
    for name in ("talconfig.yaml", "talenv.sops.yaml", "talsecret.sops.yaml"):
        shutil.copy(ROOT / name, root / "repo" / name)
    shutil.copytree(ROOT / "patches", root / "repo" / "patches")


def test_a_folder_without_files_shows_the_tools(bare: Path) -> None:
    code, said = doctor(bare)
    assert code == 0, said
    assert "only the tools were looked at" in " ".join(said.split())
    rows = [line.split() for line in said.splitlines() if line.startswith("ok ")]
    assert [row[1] for row in rows] == ["talosctl", "talhelper", "sops", "kubectl", "helm", "age"]
    assert rows[0][2:4] == ["any", "v1.13.0"]


def test_a_folder_that_is_none_is_bad(bare: Path) -> None:
    code, said = doctor(bare, "-C", str(bare / "nowhere"))
    assert code == 5, said
    assert "No such file or directory" in said
    (bare / "repo" / "gone").mkdir()
    env = {"HOME": str(bare / "home"), "PATH": f"{bare / 'bin'}:/usr/bin:/bin"}
    script = 'cd "$1" && rmdir "$1" && exec "$2" doctor'
    argv = ["sh", "-c", script, "sh", str(bare / "repo" / "gone"), str(BIN / "talops")]
    done = subprocess.run(argv, env=env, capture_output=True, timeout=60, check=False)
    assert done.returncode == 5
    assert b"Traceback" not in done.stderr


def test_without_a_lock_the_tools_must_be_near_what_they_speak_to(bare: Path) -> None:
    example(bare)
    talconfig = bare / "repo" / "talconfig.yaml"
    talconfig.write_text(talconfig.read_text().replace("v1.13.2", "v1.10.2").replace("v1.35.4", "v1.33.1"))
    code, said = doctor(bare, "--offline", SOPS_AGE_KEY_FILE=str(KEY))
    assert code == 0, said
    rows = {line.split()[1]: line.split() for line in said.splitlines() if line.startswith(("ok ", "warning "))}
    assert rows["talosctl"][:4] == ["warning", "talosctl", "v1.10", "v1.13.0"]
    assert rows["kubectl"][:4] == ["warning", "kubectl", "v1.33", "v1.36.3"]
    assert "more than one minor release away from v1.10.2" in " ".join(said.split())


def test_a_tool_that_is_missing_is_bad_only_where_it_is_always_needed(bare: Path) -> None:
    (bare / "bin" / "helm").unlink()
    code, said = doctor(bare)
    assert code == 0, said
    assert "warning  helm " in said
    assert "next: talops init" in said
    (bare / "bin" / "talosctl").unlink()
    code, said = doctor(bare)
    assert code == 5, said
    assert "BAD      talosctl " in said


def test_a_program_that_is_no_such_tool_is_bad(bare: Path) -> None:
    (bare / "bin" / "talhelper").unlink()
    (bare / "bin" / "talhelper").write_text("#!/bin/sh\necho hello\n")
    (bare / "bin" / "talhelper").chmod(0o755)
    code, said = doctor(bare)
    assert code == 5, said
    assert "it does not say which version it is" in said


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, "no key for it was found"),
        ({"SOPS_AGE_KEY_FILE": "/nowhere/key"}, "SOPS_AGE_KEY_FILE names /nowhere/key, which is not a file"),
        ({"SOPS_AGE_KEY_FILE": str(KEY)}, "talenv.sops.yaml, talsecret.sops.yaml: readable; for"),
    ],
)
def test_whether_sops_can_decrypt(bare: Path, more: dict[str, str], says: str) -> None:
    example(bare)
    code, said = doctor(bare, "--offline", **more)
    words = " ".join(said.split())
    assert says in words
    assert "age12ksp7q2kqx8m7csavs5vq28neylrfal8emwnnmuvje3p84n4tg5swe3gy6" in said
    assert code == (0 if more.get("SOPS_AGE_KEY_FILE") == str(KEY) else 5)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("talconfig.yaml", "nodes: [\n"),
        ("talconfig.yaml", ""),
        ("talconfig.yaml", "\0"),
        ("talops.lock", "{}"),
        ("talops.lock", "<<<<<<< HEAD\n"),
        ("clusterconfig/talosconfig", "nonsense"),
        ("clusterconfig/talosconfig", ""),
        ("talenv.sops.yaml", "A: ENC[AES256_GCM,data:x]\nsops: {mac: x}\n"),
    ],
)
def test_files_that_are_wrong_are_rows(bare: Path, name: str, content: str) -> None:
    example(bare)
    (bare / "repo" / "clusterconfig").mkdir()
    (bare / "repo" / name).write_text(content)
    code, said = doctor(bare, SOPS_AGE_KEY_FILE=str(KEY))
    assert code == 5, said
    assert "BAD " in said
    assert said.splitlines()[-1].startswith(("1 thing", "2 things", "3 things", "4 things", "5 things"))


SOON = (datetime.now(UTC) + timedelta(days=12)).date().isoformat()


@pytest.mark.parametrize(
    ("ends", "state"), [("2020-01-01", "BAD"), (SOON, "warning"), ("2999-01-01", "ok"), ("some day", "warning")]
)
def test_until_when_the_talosconfig_is_valid(bare: Path, ends: str, state: str) -> None:
    example(bare)
    (bare / "bin" / "talosctl").unlink()
    info = {"context": "home", "nodes": [], "endpoints": [], "roles": [], "certTTL": "", "certNotAfter": ends}
    (bare / "bin" / "talosctl").write_text(
        f"#!/bin/sh\ncase \"$*\" in *info*) echo '{json.dumps(info)}';; *) echo Talos v1.13.0;; esac\n"
    )
    (bare / "bin" / "talosctl").chmod(0o755)
    (bare / "repo" / "clusterconfig").mkdir()
    (bare / "repo" / "clusterconfig" / "talosconfig").write_text("context: home\n")
    _, said = doctor(bare, "--offline", SOPS_AGE_KEY_FILE=str(KEY))
    (row,) = [line for line in said.splitlines() if " talosconfig: " in line]
    assert row.startswith(state)
    assert ends in " ".join(said.split()) or "it does not say until when" in " ".join(said.split())
