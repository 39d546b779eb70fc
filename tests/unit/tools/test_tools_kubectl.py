"""Kubernetes through the real kubectl's proxy, against a small server on loopback."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from talops.domain.process import Call, Request, Response
from talops.errors import ToolFailed, ToolMissing
from talops.tools import kubernetes, requests
from talops.tools.calls import Kubectl
from talops.tools.child import boot_time
from talops.tools.kubectl import ProxyKube
from talops.tools.pins import pin_kubeconfig, private_folder
from talops.tools.runner import ShRunner

KUBECTL = str(Path(sys.executable).with_name("kubectl"))
"""Of the test dependencies."""
SERVER = Path(__file__).with_name("api_server.py")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with subprocess.Popen([sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())


def kubeconfig(port: int) -> str:
    cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    contexts = [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in ("c", "other")]
    user = {"name": "u", "user": {"token": "s3cret"}}
    config = {"clusters": [cluster], "contexts": contexts, "users": [user], "current-context": "c"}
    return json.dumps({"apiVersion": "v1", "kind": "Config", **config})


@pytest.fixture
def folder() -> Iterator[Path]:
    with private_folder() as private:
        yield private


@pytest.fixture
def kubectl(port: int, tmp_path: Path) -> Kubectl:
    (tmp_path / "config").write_text(kubeconfig(port))
    return Kubectl(path=KUBECTL, kubeconfig=str(tmp_path / "config"))


@pytest.fixture
def runner() -> Iterator[ShRunner]:
    runner = ShRunner()
    yield runner
    runner.close()


@pytest.fixture
def kube(runner: ShRunner, kubectl: Kubectl, folder: Path) -> Iterator[ProxyKube]:
    with ProxyKube(runner, kubectl, folder) as kube:
        yield kube


def get(path: str, *, seconds: float = 10) -> Request:
    return Request(template="test", method="GET", path=path, deadline=timedelta(seconds=seconds))


def test_a_list_comes_through(kube: ProxyKube) -> None:
    found = kubernetes.nodes(kube.gather((requests.nodes(),))[0])
    assert isinstance(found, tuple)
    assert [node.name for node in found] == [f"n-{number}" for number in range(6)]


def test_many_requests_answer_in_order(kube: ProxyKube) -> None:
    paths = ["/api/v1/nodes", "/nothing"] * 15
    replies = kube.gather([get(path) for path in paths])
    assert [reply.status for reply in replies] == [200, 404] * 15


def test_a_refused_eviction_names_its_budget(kube: ProxyKube) -> None:
    pod = Request(template="evict", method="POST", path="/api/v1/namespaces/a/pods/p/eviction", body=b"{}")
    outcome = kubernetes.evict_outcome(kube.gather((pod,))[0])
    assert outcome == kubernetes.Blocked(("pg-primary",), "The disruption budget pg-primary needs 1")


def test_a_patch_carries_its_type_and_its_body(kube: ProxyKube) -> None:
    patch = Request(
        template="node-patch", method="PATCH", path="/x", body=b'{"a":1}', content_type="application/merge-patch+json"
    )
    (reply,) = kube.gather((patch,))
    echo = json.loads(reply.body)
    assert (echo["type"], echo["body"]) == ("application/merge-patch+json", '{"a":1}')


def test_a_large_body_comes_whole(kube: ProxyKube) -> None:
    (reply,) = kube.gather((get("/big"),))
    assert len(json.loads(reply.body)["text"]) == 3_000_000


def test_a_text_is_not_the_api_server(kube: ProxyKube) -> None:
    (reply,) = kube.gather((get("/text"),))
    assert (reply.status, reply.error) == (None, "404 page not found")


@pytest.mark.parametrize("path", ["/hang", "/drip"])
def test_slow_answers_end_at_their_deadline_side_by_side(kube: ProxyKube, path: str) -> None:
    began = boot_time()
    replies = kube.gather([get(path, seconds=0.3)] * 6 + [get("/api/v1/nodes")])
    assert boot_time() - began < 6 * 0.3
    assert [reply.status for reply in replies] == [None] * 6 + [200]
    assert kube.gather((get("/api/v1/nodes"),))[0].status == 200


def test_a_read_that_nobody_wants_any_more_is_not_waited_for(runner: ShRunner, kubectl: Kubectl, folder: Path) -> None:
    with ProxyKube(runner, kubectl, folder, unwanted=lambda: True) as kube:
        began = boot_time()
        (reply,) = kube.gather((get("/hang", seconds=60),))
    assert boot_time() - began < 30
    assert (reply.status, reply.error) == (None, "talops was asked to stop")


def test_a_server_that_breaks_off_is_no_answer(kube: ProxyKube) -> None:
    (reply,) = kube.gather((get("/vanish"),))
    assert reply.status is None
    assert reply.error


def test_a_dead_server_is_no_answer_with_its_reason(runner: ShRunner, folder: Path, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        (tmp_path / "dead").write_text(kubeconfig(unused.getsockname()[1]))
        with ProxyKube(runner, Kubectl(path=KUBECTL, kubeconfig=str(tmp_path / "dead")), folder) as kube:
            (reply,) = kube.gather((requests.nodes(),))
    assert reply.status is None
    assert "connection refused" in reply.error


def test_a_proxy_that_was_killed_is_started_again(kube: ProxyKube, runner: ShRunner) -> None:
    assert kube.gather((requests.nodes(),))[0].status == 200
    runner.close()
    assert kube.gather((requests.nodes(),))[0].status == 200


def test_a_proxy_that_does_not_start_again_is_no_answer(runner: ShRunner, kubectl: Kubectl, folder: Path) -> None:
    with ProxyKube(runner, kubectl, folder) as kube:
        runner.close()
        Path(kubectl.kubeconfig).write_text("{")
        assert kube.gather((requests.nodes(),)) == (
            Response(status=None, error="kubectl proxy has ended and does not start again"),
        )


def test_the_proxy_ends_with_its_block(runner: ShRunner, kubectl: Kubectl, folder: Path) -> None:
    with ProxyKube(runner, kubectl, folder):
        assert list(folder.iterdir())
    assert not list(folder.iterdir())
    assert runner.next_due is None


def test_an_unknown_context_is_an_error_with_a_hint(runner: ShRunner, kubectl: Kubectl, folder: Path) -> None:
    wrong = Kubectl(path=KUBECTL, kubeconfig=kubectl.kubeconfig, context="nope")
    with pytest.raises(ToolFailed, match="nope") as caught, ProxyKube(runner, wrong, folder):
        pass
    assert caught.value.hint


def test_a_missing_kubectl_is_an_error_with_a_hint(runner: ShRunner, folder: Path) -> None:
    with pytest.raises(ToolMissing, match="kubectl") as caught, ProxyKube(runner, Kubectl(path="no-kubectl"), folder):
        pass
    assert caught.value.hint


def test_the_pinned_kubeconfig_is_private_and_stays_what_it_was(
    runner: ShRunner, kubectl: Kubectl, folder: Path
) -> None:
    pinned = pin_kubeconfig(runner, kubectl, folder)
    Path(kubectl.kubeconfig).write_text("{}")
    path = Path(pinned.kubeconfig)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    config = json.loads(path.read_text())
    assert (config["current-context"], len(config["contexts"])) == ("c", 1)
    with ProxyKube(runner, pinned, folder) as kube:
        assert kube.gather((requests.nodes(),))[0].status == 200


def test_a_context_can_be_chosen(runner: ShRunner, kubectl: Kubectl, folder: Path) -> None:
    pinned = pin_kubeconfig(runner, Kubectl(path=KUBECTL, kubeconfig=kubectl.kubeconfig, context="other"), folder)
    assert json.loads(Path(pinned.kubeconfig).read_text())["current-context"] == "other"


@pytest.mark.parametrize(
    ("content", "context"),
    [("", ""), ("{broken", ""), ("{}", ""), (kubeconfig(1), "nope")],
    ids=["empty", "broken", "nothing in it", "unknown context"],
)
def test_no_usable_kubeconfig_is_an_error_with_a_hint(
    runner: ShRunner, folder: Path, tmp_path: Path, content: str, context: str
) -> None:
    path = tmp_path / "config"
    path.write_text(content)
    with pytest.raises(ToolFailed, match="no usable kubeconfig") as caught:
        pin_kubeconfig(runner, Kubectl(path=KUBECTL, kubeconfig=str(path), context=context), folder)
    assert "--kubeconfig" in caught.value.hint
    assert "s3cret" not in str(caught.value)


def test_pinning_without_kubectl_is_an_error(runner: ShRunner, folder: Path) -> None:
    with pytest.raises(ToolMissing, match="kubectl"):
        pin_kubeconfig(runner, Kubectl(path="no-kubectl"), folder)


def test_the_runner_needs_no_kubeconfig_in_our_environment() -> None:
    runner = ShRunner({"PATH": os.environ["PATH"]})
    (result,) = runner.gather((Call(template="test", argv=("env",), deadline=timedelta(seconds=10)),))
    assert b"KUBECONFIG" not in result.stdout


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are counted below /proc")
def test_hours_of_changes_do_not_use_up_the_open_files(kube: ProxyKube) -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(60):
        kube.gather((Request(template="test", method="PATCH", path="/api/v1/nodes/n-1", body=b"{}"),))
    assert len(os.listdir("/proc/self/fd")) < before + 20  # noqa: PTH208
