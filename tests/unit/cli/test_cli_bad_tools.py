"""Missing tools, missing or broken configs, a cluster that does not answer: what to do, and no traceback.

kubectl is the real one. talosctl is a script that prints what the real one prints.
"""

import errno
import json
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import ROOT, Ran, talops

kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")

TALOSCTL = """\
#!/bin/sh
case "$*" in
*"config info"*) {info} ;;
*"version --client"*) printf 'Client:\\n\\tTag:         v1.13.0\\n' ;;
*) echo 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing:' \
    'dial tcp 127.0.0.1:{port}: connect: connection refused"' >&2
   exit 1 ;;
esac
"""
INFO = (
    """echo '{"context": "sim", "nodes": [], "endpoints": ["127.0.0.1"], "roles": ["os:admin"],"""
    """ "certTTL": "1 year from now", "certNotAfter": "2027-11-23"}'"""
)
NO_CONTEXT = "echo 'no context is set' >&2; exit 1"


def kubeconfig(port: int) -> str:
    config = {
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"token": "s3cret"}}],
        "current-context": "c",
    }
    return json.dumps({"apiVersion": "v1", "kind": "Config", **config})


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of loopback on which nobody listens, and nobody else can."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def bin(tmp_path: Path, closed_port: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """PATH: a talosctl whose cluster is down, the real kubectl where there is one, and nothing of the machine's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    install_talosctl(folder, INFO, closed_port)
    found = shutil.which("kubectl")
    if found is not None:
        (folder / "kubectl").symlink_to(found)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin-of-nobody")
    return folder


def install_talosctl(folder: Path, info: str, port: int = 1) -> None:
    path = folder / "talosctl"
    path.write_text(TALOSCTL.replace("{info}", info).replace("{port}", str(port)))
    path.chmod(0o755)


@pytest.fixture
def configs(tmp_path: Path, bin: Path, closed_port: int) -> list[str]:
    """Options that name configs of a cluster that is down."""
    (tmp_path / "talosconfig").write_text("context: sim\n")
    (tmp_path / "kubeconfig").write_text(kubeconfig(closed_port))
    return ["--talosconfig", str(tmp_path / "talosconfig"), "--kubeconfig", str(tmp_path / "kubeconfig")]


def must_say(said: Ran, exit: int, *words: str) -> None:
    assert said.exit == exit, said.said
    for word in words:
        assert word in said.said
    assert "next: " in said.said
    assert "Traceback" not in said.said
    assert "s3cret" not in said.said


LIVE = ["status", "plan", "upgrade all --plan", "upgrade all --yes", "rollback worker-1 --yes", "unlock --yes"]


@pytest.mark.parametrize("command", LIVE)
def test_without_talosctl_it_is_said_to_be_missing(repo: Path, configs: list[str], bin: Path, command: str) -> None:
    (bin / "talosctl").unlink()
    must_say(talops(*command.split(), *configs), 5, "talosctl is not installed", "install talosctl")


@pytest.mark.parametrize("command", LIVE)
def test_without_kubectl_it_is_said_to_be_missing(repo: Path, configs: list[str], bin: Path, command: str) -> None:
    (bin / "kubectl").unlink(missing_ok=True)
    must_say(talops(*command.split(), *configs), 5, "kubectl is not installed", "install kubectl")


def test_without_sops_it_is_said_to_be_missing_and_by_which_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    # the one that is installed beside python is found, too
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    must_say(talops("-C", str(ROOT), "nodes"), 5, "talenv.sops.yaml is encrypted and sops is not installed", "pip")


def test_a_rehearsal_needs_no_tool(repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert talops("rehearse", "upgrade", "all").exit == 0


@pytest.mark.parametrize("command", LIVE)
def test_without_a_talosconfig_the_places_are_named(repo: Path, bin: Path, command: str) -> None:
    must_say(talops(*command.split()), 6, "no talosconfig", ".talos/config", "--talosconfig")


@pytest.mark.parametrize("named", ["missing", "~/missing", "~nobody-of-that-name/x", "folder", "x" * 5000])
@pytest.mark.parametrize("option", ["--talosconfig", "--kubeconfig"])
def test_a_named_config_that_is_no_file_is_said_to_be_none(
    repo: Path, configs: list[str], option: str, named: str
) -> None:
    (repo / "folder").mkdir()
    must_say(talops("status", *configs, option, named), 6, f"{option} names {named}, which is not a file")


def test_a_talosconfig_that_talosctl_cannot_use_is_said_with_its_words(
    repo: Path, configs: list[str], bin: Path
) -> None:
    install_talosctl(bin, NO_CONTEXT)
    said = talops("status", *configs, "--context", "home")
    must_say(said, 5, "no context is set", "with the context home", "config contexts")


@pytest.mark.parametrize("garbage", ["echo '[]'", "echo", "printf '\\377'", "kill -9 $$"])
def test_a_talosctl_that_answers_nonsense_is_said_to(repo: Path, configs: list[str], bin: Path, garbage: str) -> None:
    install_talosctl(bin, garbage)
    must_say(talops("status", *configs), 5, "talosctl cannot use")


@kubectl
@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        ("", (), "kubectl finds none, or one that names no current context"),
        ("{}", (), "kubectl finds none, or one that names no current context"),
        ("{broken", (), "error loading config file"),
        ("just words", (), "error loading config file"),
        (kubeconfig(1), ("--kube-context", "nope"), "nope"),
    ],
    ids=["empty", "nothing in it", "broken", "garbage", "unknown context"],
)
def test_a_kubeconfig_that_kubectl_cannot_use_is_said_with_its_words(
    repo: Path, configs: list[str], content: str, options: tuple[str, ...], words: str
) -> None:
    Path(configs[3]).write_text(content)
    must_say(talops("status", *configs, *options), 5, "no usable kubeconfig", words, "--kubeconfig")


@kubectl
def test_without_any_kubeconfig_it_is_said_how_to_name_one(repo: Path, configs: list[str]) -> None:
    must_say(talops("status", *configs[:2]), 5, "no usable kubeconfig", "--kubeconfig")


@kubectl
@pytest.mark.parametrize(("command", "code"), [("status", 4), ("plan", 5), ("unlock --yes", 5)])
def test_a_cluster_that_does_not_answer_is_said_not_to(repo: Path, configs: list[str], command: str, code: int) -> None:
    must_say(talops(*command.split(), *configs), code, "connection refused")


@kubectl
def test_the_status_of_a_silent_cluster_is_json_too(repo: Path, configs: list[str]) -> None:
    said = talops("status", "--json", *configs)
    status = json.loads(said.out)
    assert (said.exit, status["schema"], status["healthy"]) == (4, 1, False)
    assert all(node["unreachable"] for node in status["nodes"])


@kubectl
def test_no_private_copy_is_left_behind(
    repo: Path, configs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "run"))
    talops("unlock", "--yes", *configs)
    talops("status", *configs, "--kube-context", "nope")
    assert list((tmp_path / "run").iterdir()) == []


def test_without_a_place_for_private_copies_it_is_said(
    repo: Path, configs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(**_where: object) -> str:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.mkdtemp", read_only)
    must_say(talops("status", *configs), 5, "no place for a private folder", "TMPDIR")
