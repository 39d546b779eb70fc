"""The calls that the embedded cluster does not answer: kubectl's config and proxy, and sops. The real ones, as pinned.

What talosctl is asked is held in test_contract_talos_doors_agree.py, what it is told to do in …_doors_change.py;
talhelper and git have files of their own.
"""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import KEY, ROOT
from real_tools import real
from talops.domain.process import Call, End, Result
from talops.toolbox.versions import said_version
from talops.tools.calls import (
    Kubectl,
    Talosctl,
    age_keygen,
    age_recipients,
    program_version,
    sops_decrypt,
    sops_encrypt,
)
from talops.tools.commands import CHART_TEMPLATES, TALOSCTL_TEMPLATES, TEMPLATES
from talops.tools.runner import ShRunner

SERVER = "https://127.0.0.1:1"
OTHER_KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
Make = Callable[[Path], Call]


@contextmanager
def runner() -> Iterator[ShRunner]:
    """It passes on the environment in which it was made."""
    found = ShRunner()
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(autouse=True)
def nobodys_configs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SOPS_")]:
        monkeypatch.delenv(name)
    # not HOME: below it are the real tools
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "home" / "kubeconfig"))


def kubeconfig(folder: Path) -> str:
    clusters = [{"name": name, "cluster": {"server": SERVER}} for name in ("ours", "theirs")]
    contexts = [{"name": name, "context": {"cluster": name, "user": name}} for name in ("ours", "theirs")]
    users = [{"name": name, "user": {"token": f"token-of-{name}"}} for name in ("ours", "theirs")]
    whole = {"clusters": clusters, "contexts": contexts, "users": users, "current-context": "ours"}
    path = folder / "kubeconfig"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **whole}))
    return str(path)


def kubectl(folder: Path, context: str = "") -> Kubectl:
    return Kubectl(path=str(real("kubectl")), kubeconfig=kubeconfig(folder), context=context)


def encrypted(folder: Path, change: Callable[[str], str] = str) -> Call:
    path = folder / "talenv.sops.yaml"
    path.write_text(change((ROOT / "talenv.sops.yaml").read_text()))
    return sops_decrypt(str(real("sops")), str(path))


def to_encrypt(folder: Path, name: str = "talenv.sops.yaml") -> Call:
    """By rules that are for no other file."""
    rules = folder / "rules.yaml"
    rules.write_text(f"creation_rules: [{{path_regex: 'talenv[.]sops[.]yaml$', age: {OUR_RECIPIENT}}}]")
    return sops_encrypt(str(real("sops")), str(rules), name, b"WORD: plain\n")


def second_key(folder: Path) -> Call:
    (folder / "age.key").write_text("something of somebody")
    return age_keygen(str(real("age-keygen")), str(folder / "age.key"))


def no_key(folder: Path) -> Call:
    (folder / "age.key").write_text("something of somebody")
    return age_recipients(str(real("age-keygen")), str(folder / "age.key"))


def nobodys_talosconfig(folder: Path) -> Call:
    """The example's own: nothing listens there."""
    path = folder / "talosconfig"
    path.write_text("context: home\ncontexts: {home: {endpoints: [10.0.0.1]}}\n")
    return Talosctl(path=str(real("talosctl")), talosconfig=str(path)).answers("127.0.0.1:1", "10.0.0.11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`key` is the age key that sops finds. `says`: words of stderr; `value`: what must be made of stdout."""

    template: str
    name: str
    make: Make
    exit: int
    says: str = ""
    key: str = ""
    value: Callable[[bytes], bool] = lambda stdout: stdout == b""


def only_ours(stdout: bytes) -> bool:
    config = json.loads(stdout)
    users = [(user["name"], user["user"]["token"]) for user in config["users"]]
    return users == [("ours", "token-of-ours")] and config["current-context"] == "ours"


def swapped(text: str) -> str:
    """One character of an encrypted value is another."""
    before, mark, after = text.partition("data:")
    return before + mark + ("A" if after[0] != "A" else "B") + after[1:]


def says_its_version(name: str, version: str) -> Case:
    return Case(
        template=f"{name}-version",
        name=version,
        make=lambda _folder: program_version(name, str(real(name, version))),
        exit=0,
        value=lambda stdout: str(said_version(stdout)) == f"v{version}",
    )


OUR_KEY = KEY.read_text()
OUR_RECIPIENT = "age12ksp7q2kqx8m7csavs5vq28neylrfal8emwnnmuvje3p84n4tg5swe3gy6"
CASES = (
    Case(
        template="sops-encrypt",
        name="from stdin",
        make=to_encrypt,
        exit=0,
        value=lambda stdout: b"WORD: ENC[" in stdout and OUR_RECIPIENT.encode() in stdout and b"plain" not in stdout,
    ),
    Case(
        template="sops-encrypt",
        name="a name that no rule is for",
        make=lambda folder: to_encrypt(folder, "talsecret.sops.yaml"),
        exit=1,
        says="no matching creation rules",
    ),
    Case(
        template="age-keygen",
        name="a new key",
        make=lambda folder: age_keygen(str(real("age-keygen")), str(folder / "age.key")),
        exit=0,
        says="Public key: age1",
    ),
    Case(template="age-keygen", name="never over another", make=second_key, exit=1, says="file exists"),
    Case(
        template="age-recipients",
        name="of a file",
        make=lambda _folder: age_recipients(str(real("age-keygen")), str(KEY)),
        exit=0,
        value=lambda stdout: stdout == f"{OUR_RECIPIENT}\n".encode(),
    ),
    Case(
        template="age-recipients",
        name="of stdin",
        make=lambda _folder: age_recipients(str(real("age-keygen")), keys=OUR_KEY.encode()),
        exit=0,
        value=lambda stdout: stdout == f"{OUR_RECIPIENT}\n".encode(),
    ),
    Case(template="age-recipients", name="of no key", make=no_key, exit=1, says="unknown identity type"),
    Case(
        template="talosctl-answers",
        name="nobody there",
        make=nobodys_talosconfig,
        exit=1,
        says="connect: connection refused",
    ),
    Case(
        template="kubectl-answers",
        name="nobody there",
        make=lambda folder: kubectl(folder).answers(),
        exit=1,
        says="127.0.0.1:1",
    ),
    Case(
        template="kubectl-config",
        name="one context of two",
        make=lambda folder: kubectl(folder).config_view(),
        exit=0,
        value=only_ours,
    ),
    Case(
        template="kubectl-config",
        name="an unknown context",
        make=lambda folder: kubectl(folder, "nowhere").config_view(),
        exit=1,
        says="cannot locate context nowhere",
    ),
    Case(
        template="kubectl-config",
        name="no kubeconfig at all",
        make=lambda _folder: Kubectl(path=str(real("kubectl"))).config_view(),
        exit=1,
        says="current-context must exist in order to minify",
    ),
    Case(
        template="kubectl-proxy",
        name="an unknown context",
        make=lambda folder: kubectl(folder, "nowhere").proxy(str(folder / "s")),
        exit=1,
        says='context "nowhere" does not exist',
    ),
    Case(
        template="sops-decrypt",
        name="the right key",
        make=encrypted,
        key=OUR_KEY,
        exit=0,
        value=lambda stdout: b"CLUSTER_VIP: " in stdout and b"sops" not in stdout,
    ),
    Case(template="sops-decrypt", name="no key", make=encrypted, exit=128, says="FAILED"),
    Case(
        template="sops-decrypt",
        name="a wrong key",
        make=encrypted,
        key=OTHER_KEY,
        exit=128,
        says="identity did not match",
    ),
    Case(
        template="sops-decrypt",
        name="a value that was changed",
        make=lambda folder: encrypted(folder, swapped),
        key=OUR_KEY,
        exit=25,
        says="Could not decrypt value",
    ),
    Case(
        template="sops-decrypt",
        name="no file",
        make=lambda folder: sops_decrypt(str(real("sops")), str(folder / "missing.yaml")),
        exit=100,
        says="cannot operate on non-existent file",
    ),
    says_its_version("talosctl", "1.12.0"),
    says_its_version("talosctl", "1.13.0"),
    says_its_version("talhelper", "3.1.16"),
    says_its_version("kubectl", "1.36.3"),
    says_its_version("sops", "3.11.0"),
    says_its_version("helm", "3.22.0"),
    says_its_version("helm", "4.2.3"),
    says_its_version("age", "1.3.2"),
    says_its_version("age-keygen", "1.3.2"),
)


def test_every_call_has_a_case() -> None:
    asked_elsewhere = {template.name for template in TALOSCTL_TEMPLATES}
    asked_elsewhere |= {name for name in TEMPLATES if name.startswith("talhelper-")} - {"talhelper-version"}
    # test_contract_charts.py
    asked_elsewhere |= {template.name for template in CHART_TEMPLATES}
    asked_elsewhere |= {"git-tracked", "git-not-ignored", "git-toplevel", "git-archive"}
    assert {case.template for case in CASES} | asked_elsewhere == set(TEMPLATES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.template}: {case.name}")
def test_the_real_tool_answers_as_talops_expects(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if case.key:
        monkeypatch.setenv("SOPS_AGE_KEY", case.key)
    with runner() as tools:
        (result,) = tools.gather((case.make(tmp_path),))
    assert (result.end, result.exit) == (End.EXITED, case.exit), result.stderr
    assert case.says in result.stderr.decode()
    assert case.value(result.stdout), "not what was expected on stdout"


def test_the_proxy_says_in_plain_text_that_its_server_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with runner() as tools:
        running = tools.start(kubectl(tmp_path).proxy(str(path)))
        answer = asked(path, "/api/v1/nodes", running.poll)
        running.kill()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] in {b"500", b"502"}
    assert b"connect: connection refused" in body
    assert not body.lstrip().startswith(b"{")
    assert path.stat().st_mode & 0o077 == 0


def asked(path: Path, what: str, ended: Callable[[], Result | None]) -> bytes:
    """One answer, once the socket is there."""
    pause = threading.Event()
    with socket.socket(socket.AF_UNIX) as connection:
        while connection.connect_ex(str(path)):
            assert ended() is None
            pause.wait(0.005)
        connection.sendall(f"GET {what} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        with connection.makefile("rb") as file:
            return file.read()
