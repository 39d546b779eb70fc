"""`talops sandbox`: a process of its own, from `up` to `down`, and every other way in which it may end."""

import json
import os
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import BIN
from sandboxes import PATIENCE, Shelf, listening, shelf, wait_for_end, watched

from machine_configs import TOKEN, machine_config

FOUR_SOCKETS = 4
"""Three control planes, one Kubernetes API."""


@pytest.fixture
def shelved() -> Iterator[Shelf]:
    with shelf() as found:
        yield found


@pytest.fixture(scope="module")
def running() -> Iterator[Shelf]:
    """One that runs, for tests that leave it as it was."""
    with shelf() as found:
        found.up("--speed", "50", "--from", "v1.13.0")
        yield found


def test_it_is_the_cluster_of_the_files(running: Shelf) -> None:
    status = running.status()
    assert (status["cluster"], status["speed"], status["faults"]) == ("test", 50.0, [])
    nodes = status["nodes"]
    assert isinstance(nodes, list)
    assert [(node["hostname"], node["version"], node["state"]) for node in nodes] == [
        (name, "v1.13.0", "running") for name in ("cp-1", "cp-2", "cp-3", "worker-1", "worker-2")
    ]


def test_its_status_says_where_the_configs_are_and_what_to_type(running: Shelf) -> None:
    code, printed = running.ran("sandbox", "status")
    assert code == 0
    assert f"talosconfig: {running.folder()}/talosconfig" in printed
    assert 'next: eval "$(talops sandbox env --name test)" && talops status' in printed


def test_the_real_kubectl_finds_its_nodes(running: Shelf) -> None:
    code, printed = running.kubectl("get", "nodes", "-o", "name")
    assert code == 0, printed
    assert printed.split() == [f"node/{name}" for name in ("cp-1", "cp-2", "cp-3", "worker-1", "worker-2")]


def test_only_loopback_is_bound(running: Shelf) -> None:
    process = running.status()["pid"]
    assert isinstance(process, int)
    bound = listening(process)
    assert len(bound) == FOUR_SOCKETS
    assert {address.partition(":")[0] for address in bound} == {"0100007F"}


def test_everything_in_its_folder_is_the_owners_alone(running: Shelf) -> None:
    folder = running.folder()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in folder.iterdir()}
    assert set(modes) == {"control", "kubeconfig", "lock", "log", "talosconfig"}
    assert not [name for name, mode in modes.items() if mode & 0o077]


def test_the_process_has_no_secrets_of_the_shell_that_started_it(shelved: Shelf) -> None:
    code, printed = shelved.ran("sandbox", "up", more={"SOPS_AGE_KEY": "s3cr3t"})
    assert code == 0, printed
    process = shelved.status()["pid"]
    for about in ("environ", "cmdline"):
        assert b"s3cr3t" not in Path(f"/proc/{process}/{about}").read_bytes()


def test_a_second_one_of_that_name_is_refused_and_the_first_lives_on(running: Shelf) -> None:
    before = running.status()["pid"]
    code, printed = running.ran("sandbox", "up")
    assert code == 7
    assert "the sandbox test is running already" in printed
    assert "next: " in printed
    assert running.status()["pid"] == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("fault", "silent-rolback@cp-1"), 2, "did you mean silent-rollback?"),
        (("fault", "power-cut@cp-9"), 2, "there is no node 'cp-9'"),
        (("fault",), 2, "no fault is named"),
        (("mend", "power-cut@cp-9"), 2, "there is no node 'cp-9'"),
        (("status", "--name", "other"), 5, "no sandbox called other is running; there is test"),
        (("env", "--name", "other"), 5, "no sandbox called other is running"),
        (("env", "--shell", "csh"), 2, "there is no shell csh"),
        (("up", "--name", "a/b"), 2, "cannot be called 'a/b'"),
        (("up", "--name", "b", "--speed", "0"), 2, "--speed: 0 is not between"),
        (("up", "--name", "b", "--fault", "nonsense"), 2, "there is no fault 'nonsense'"),
        (("up", "--name", "b", "--from", "1"), 2, "1 is no Talos version"),
        (("down", "--name", "other"), 0, "no sandbox is running that is called other"),
    ],
)
def test_what_cannot_be_is_said_in_words(running: Shelf, words: tuple[str, ...], code: int, said: str) -> None:
    exit_code, printed = running.ran("sandbox", *words)
    assert exit_code == code, printed
    assert said in printed
    assert "Traceback" not in printed
    assert not running.folder("b").exists()


def test_faults_begin_and_end_while_it_runs(running: Shelf) -> None:
    code, printed = running.ran("sandbox", "fault", "pdb-blocks@worker-1", "foreign-kured")
    assert (code, printed) == (0, "sandbox test: faults: foreign-kured, pdb-blocks@worker-1\n")
    assert running.kubectl("get", "pdb", "-n", "legacy", "-o", "name")[1].split() == [
        "poddisruptionbudget.policy/legacy"
    ]

    code, printed = running.ran("sandbox", "mend", "foreign-kured")
    assert (code, printed) == (0, "sandbox test: faults: pdb-blocks@worker-1\n")
    code, printed = running.ran("sandbox", "mend")
    assert (code, printed) == (0, "sandbox test: no fault is on\n")
    assert running.kubectl("get", "pdb", "-n", "legacy", "-o", "name") == (0, "")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("api-unauthorized", "You must be logged in to the server"),
        ("api-forbidden", "forbidden"),
        ("api-broken", "InternalError"),
        ("api-unavailable", "unable to handle the request"),
        ("api-refused", "refused"),
    ],
)
def test_the_kubernetes_api_can_be_broken(running: Shelf, fault: str, said: str) -> None:
    running.ran("sandbox", "fault", fault)
    code, printed = running.kubectl("get", "--raw", "/api/v1/nodes")
    running.ran("sandbox", "mend", fault)
    assert code != 0
    assert said in printed
    assert running.kubectl("get", "--raw", "/api/v1/nodes")[0] == 0


def test_a_client_certificate_that_has_expired_is_in_the_talosconfig_until_it_is_mended(running: Shelf) -> None:
    config = running.folder() / "talosconfig"
    before = config.read_text()
    running.ran("sandbox", "fault", "client-certificate-expired")
    broken = config.read_text()
    running.ran("sandbox", "mend")
    assert broken != before
    assert config.read_text().splitlines()[:8] == before.splitlines()[:8]
    assert stat.S_IMODE(config.stat().st_mode) == 0o600


def test_two_run_side_by_side_and_know_nothing_of_each_other(shelved: Shelf) -> None:
    first, second = shelved.up(), shelved.up("--name", "second", "--fault", "foreign-kured")
    assert not listening(first) & listening(second)
    assert shelved.status()["faults"] == []
    assert shelved.status("second")["faults"] == ["foreign-kured"]

    code, printed = shelved.ran("sandbox", "status")
    assert code == 2
    assert "there are 2 sandboxes: second, test" in printed

    with watched(second) as end:
        assert shelved.ran("sandbox", "down", "--name", "second") == (0, "sandbox second: stopped\n")
        wait_for_end(end)
    assert shelved.status()["pid"] == first
    assert shelved.ran("sandbox", "down", "--all") == (0, "sandbox test: stopped\n")
    assert shelved.left() == []


def test_of_two_that_start_at_once_one_does(shelved: Shelf) -> None:
    words = [str(BIN / "talops"), "sandbox", "up"]
    both = [
        subprocess.Popen(
            words, cwd=shelved.repo, env=shelved.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    said = [command.communicate(timeout=PATIENCE)[1] for command in both]
    assert sorted(command.returncode for command in both) == [0, 7]
    assert sum(b"is running already" in words for words in said) == 1
    assert shelved.status()["faults"] == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_is_left(shelved: Shelf, number: signal.Signals) -> None:
    process = shelved.up()
    with watched(process) as end:
        os.kill(process, number)
        wait_for_end(end)
    assert shelved.left() == []


def test_one_that_was_killed_is_told_from_a_living_one_and_replaced(shelved: Shelf) -> None:
    process = shelved.up()
    with watched(process) as end:
        os.kill(process, signal.SIGKILL)
        wait_for_end(end)

    for command in ("status", "env"):
        code, printed = shelved.ran("sandbox", command)
        assert code == 5
        assert "the sandbox test is dead" in printed
        assert "talops sandbox up" in printed

    fresh = shelved.up()
    assert fresh != process
    assert shelved.status()["pid"] == fresh


def test_what_a_killed_one_left_can_be_thrown_away(shelved: Shelf) -> None:
    process = shelved.up()
    with watched(process) as end:
        os.kill(process, signal.SIGKILL)
        wait_for_end(end)
    code, printed = shelved.ran("sandbox", "down")
    assert (code, printed) == (0, "sandbox test: it was dead already; what was left of it is gone\n")
    assert shelved.left() == []
    assert shelved.ran("sandbox", "down") == (0, "no sandbox is running\n")


def test_one_that_hangs_is_killed(shelved: Shelf) -> None:
    process = shelved.up()
    with watched(process) as end:
        os.kill(process, signal.SIGSTOP)
        code, printed = shelved.ran("sandbox", "down")
        wait_for_end(end)
    assert (code, printed) == (0, "sandbox test: stopped\n")
    assert shelved.left() == []


def test_without_its_folder_it_ends(shelved: Shelf) -> None:
    process = shelved.up()
    with watched(process) as end:
        shelved.folder().rename(shelved.root / "elsewhere")
        wait_for_end(end)


def test_one_in_the_foreground_ends_with_its_command(shelved: Shelf) -> None:
    words = [str(BIN / "talops"), "sandbox", "up", "--foreground"]
    with subprocess.Popen(words, cwd=shelved.repo, env=shelved.environment, stdout=subprocess.PIPE) as command:
        assert command.stdout is not None
        assert b"sandbox test: process" in command.stdout.readline()
        with watched(int(str(shelved.status()["pid"]))) as end:
            command.send_signal(signal.SIGTERM)
            assert command.wait(PATIENCE) == 143
            wait_for_end(end)
    assert shelved.left() == []


def test_without_a_talconfig_it_is_the_example_and_says_so(shelved: Shelf, tmp_path: Path) -> None:
    code, printed = shelved.ran("sandbox", "up", cwd=tmp_path)
    assert code == 0
    assert "there is no talconfig.yaml here: this is the example cluster" in printed
    folder = shelved.folder("example")
    assert f"talops -C {folder} status" in printed

    code, printed = shelved.ran("-C", str(folder), "nodes", cwd=tmp_path)
    assert code == 0
    assert "cluster example: 6 nodes" in printed


def test_the_environment_can_be_taken_over_and_given_back(running: Shelf, tmp_path: Path) -> None:
    shell = 'eval "$(talops sandbox env)" && kubectl get --raw /version && eval "$(talops sandbox env --unset)"; env'
    done = subprocess.run(
        ["sh", "-euc", shell], cwd=tmp_path, env=running.environment, capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"gitVersion" in done.stdout
    assert b"KUBECONFIG" not in done.stdout


def test_nodes_begin_with_the_generated_configs_which_stay_in_memory(shelved: Shelf) -> None:
    text = machine_config(kind="controlplane", hostname="cp-1")
    generated = shelved.repo / "clusterconfig"
    generated.mkdir()
    (generated / "test-cp-1.yaml").write_text(text)
    code, printed = shelved.ran("sandbox", "up", "--from", "v1.13.0")
    assert code == 0, printed

    shown = shelved.talosctl("get", "machineconfig", "v1alpha1", "-o", "jsonpath={.spec}", node="10.0.0.11")
    other = shelved.talosctl("get", "machineconfig", "v1alpha1", "-o", "jsonpath={.spec}", node="10.0.0.12")

    assert shown.strip() == text.strip()
    assert "hostname: cp-2" in other
    status = shelved.status()
    assert TOKEN not in json.dumps(status)
    assert TOKEN not in printed
    files = [path for path in shelved.runtime.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    for about in ("environ", "cmdline"):
        assert TOKEN.encode() not in Path(f"/proc/{status['pid']}/{about}").read_bytes()
