"""`talops diff`, `get machineconfig`, `kubeconfig` and `health` before a sandbox, with the real tools."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from compared import PATIENCE, PLANES, WORKERS, Compared, address, compared

from talops.domain.process import Runner
from talops.files.redact import Secrets
from talops.tools.runner import ShRunner
from talops.tools.sops import decrypt

PORT = ("port: 7445", "port: 7446")
TOKEN = re.compile(r"(?m)^  token: (\S+)$")


@pytest.fixture(scope="module")
def place() -> Iterator[Compared]:
    with compared() as found:
        yield found


@pytest.fixture
def cluster(place: Compared) -> Iterator[Compared]:
    """Every node as the files want it, at the beginning and at the end."""
    yield place
    place.give_back()


@pytest.fixture(scope="module")
def secrets(place: Compared) -> Secrets:
    """Every secret value of the repository, in every form in which it may stand somewhere."""
    runner: Runner = ShRunner(place.environment)
    texts = [decrypt(runner, place.repo / name, name) for name in ("talsecret.sops.yaml", "talenv.sops.yaml")]
    return Secrets.of(*texts)


def told(printed: str, secrets: Secrets) -> list[str]:
    """Secrets that can be read in it."""
    return [value for value in secrets.values if value in printed]


def test_a_cluster_that_is_as_the_files_want_it_does_not_drift(cluster: Compared) -> None:
    code, out, err = cluster.ran("diff")
    assert (code, err) == (0, ""), out
    assert out.splitlines()[-2:] == ["No drift: 6 nodes have what the files say.", "next: nothing"]


def test_drift_is_told_with_its_nodes_and_what_it_takes(cluster: Compared) -> None:
    for hostname in ("w-1", "w-2"):
        cluster.apply(hostname, PORT, ("debug: false", "debug: true"))
    code, out, _ = cluster.ran("diff")
    assert code == 3
    assert "w-1, w-2\n  v1alpha1\n" in out
    assert re.search(r"~ debug: true → false +applies live", out)
    assert re.search(r"~ machine.features.kubePrism.port: 7446 → 7445 +applies live", out)
    assert "no drift: cp-1, cp-2, cp-3, w-3" in out
    assert out.endswith("next: talops apply\n")


def test_only_the_named_nodes_are_compared(cluster: Compared) -> None:
    cluster.apply("w-1", PORT)
    assert cluster.ran("diff", "w-2", "cp-1")[0] == 0
    code, out, _ = cluster.ran("diff", "w-1")
    assert (code, out.splitlines()[-1]) == (3, "next: talops apply w-1")


def test_a_name_of_no_node_is_a_wrong_command_line(cluster: Compared) -> None:
    code, out, err = cluster.ran("diff", "w-9")
    assert (code, out) == (2, "")
    assert "did you mean w-3?" in err


def test_a_staged_config_is_told(cluster: Compared) -> None:
    cluster.apply("w-1", PORT, mode="staged")
    code, out, _ = cluster.ran("diff", "w-1")
    assert code == 3
    assert "staged: another config than that of the files applies at the next boot" in out
    _, shown, err = cluster.ran("get", "machineconfig", "w-1")
    assert "port: 7445" in shown
    assert "another config is staged on w-1" in err
    cluster.apply("w-2", PORT)
    cluster.apply("w-2", mode="staged")
    _, out, _ = cluster.ran("diff", "w-2")
    assert "staged: the config of the files applies at the next boot" in out


def test_no_secret_is_told_when_it_is_one_that_differs(cluster: Compared, secrets: Secrets) -> None:
    generated = cluster.config("cp-1").read_text()
    token = TOKEN.search(generated)
    assert token is not None
    cluster.apply("w-1", (token[1], "abcdef.0123456789abcdef"), mode="staged")
    cluster.apply("cp-2", ("secretboxEncryptionSecret: ", "secretboxEncryptionSecret: AAAA"))
    secrets = secrets.and_of(generated, "A: abcdef.0123456789abcdef\n")
    code, out, err = cluster.ran("diff")
    _, as_json, _ = cluster.ran("diff", "--json")
    assert code == 3
    assert re.search(r"~ cluster.secretboxEncryptionSecret: a secret that differs +applies live", out)
    assert told(out + err + as_json, secrets) == []


def test_json_has_a_schema_and_every_node(cluster: Compared) -> None:
    cluster.apply("w-1", PORT)
    code, out, _ = cluster.ran("diff", "--json")
    found = json.loads(out)
    assert (code, found["schema"], found["drift"], found["unknown"]) == (3, 1, True, [])
    assert [node["hostname"] for node in found["nodes"]] == [*PLANES, *WORKERS]
    (changed,) = [node for node in found["nodes"] if node["changes"]]
    assert changed["hostname"] == "w-1"
    assert changed["changes"][0]["path"] == "machine.features.kubePrism.port"


def test_a_machine_config_is_shown_without_secrets_and_is_still_one(cluster: Compared, secrets: Secrets) -> None:
    code, out, err = cluster.ran("get", "machineconfig", "cp-1")
    assert (code, err) == (0, "")
    assert told(out, secrets.and_of(cluster.config("cp-1").read_text())) == []
    assert 'token: "***"' in out
    assert "kind: HostnameConfig" in out


def test_secrets_are_shown_to_who_asks_for_them(cluster: Compared) -> None:
    code, out, _ = cluster.ran("get", "machineconfig", "cp-1", "--show-secrets")
    assert code == 0
    assert out == cluster.config("cp-1").read_text()


def test_diff_needs_no_kubernetes(cluster: Compared, tmp_path: Path) -> None:
    code, out, _ = cluster.ran("diff", "w-1", KUBECONFIG=str(tmp_path / "none"))
    assert code == 0
    assert "not known, which Kubernetes runs" in out


def test_a_kubeconfig_is_merged_into_the_one_of_kubectl(cluster: Compared, tmp_path: Path) -> None:
    path = tmp_path / "home" / "config"
    code, out, err = cluster.ran("kubeconfig", KUBECONFIG=str(path))
    assert (code, err) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert out.splitlines() == [f"merged into {path}: context admin@example", "next: kubectl get nodes"]
    nodes = subprocess.run(
        ["kubectl", "--kubeconfig", str(path), "get", "nodes", "-o", "name"],
        env=cluster.environment,
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    assert nodes.stdout.decode().split() == [f"node/{name}" for name in (*PLANES, *WORKERS)]
    before = path.read_text()
    assert "nothing new" in cluster.ran("kubeconfig", str(path))[1]
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_kubeconfig_is_printed_to_who_asks_for_it(cluster: Compared) -> None:
    code, out, err = cluster.ran("kubeconfig", "-")
    assert (code, err) == (0, "")
    assert "client-key-data: " in out


def test_nothing_is_wrong_with_a_healthy_cluster(cluster: Compared) -> None:
    code, out, err = cluster.ran("health")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "Nothing is wrong."


def test_a_dead_node_is_told_by_all_and_starves_nobody() -> None:
    with compared() as cluster:
        assert cluster.ran("sandbox", "fault", "power-cut@w-3")[0] == 0
        cluster.apply("w-1", PORT)
        code, out, _ = cluster.ran("diff")
        assert code == 5
        assert "w-3: NOT KNOWN, dial tcp 10.20.0.23:50000: connect: no route to host" in out
        assert "kubePrism.port: 7446 → 7445" in out
        assert "1 node could not be read: w-3." in out
        code, out, _ = cluster.ran("health")
        assert code == 4
        assert f"next: talosctl -n {address('w-3')} version" in out
        code, out, _ = cluster.ran("health", "--json")
        assert (code, json.loads(out)["well"]) == (4, False)
        code, out, err = cluster.ran("get", "mc", "w-3")
        assert (code, out) == (5, "")
        assert f"next: talosctl -n {address('w-3')} version" in err
