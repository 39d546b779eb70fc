"""talhelper as pinned: what it writes, what it says, and how it ends."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from command_line import KEY, ROOT
from real_tools import real
from talops.config.talconfig import KUBERNETES_OF
from talops.domain.process import Call, Result
from talops.files.throwaway import throwaway_secrets
from talops.tools.calls import talhelper_genconfig, talhelper_genschema, talhelper_gensecret, talhelper_validate
from talops.tools.commands import TEMPLATES
from talops.tools.runner import ShRunner
from talops.tools.talhelper import Issue, genconfig

TALCONFIG = """\
clusterName: test
endpoint: https://10.0.0.10:6443
talosVersion: v1.13.2
kubernetesVersion: v1.35.4
nodes:
  - {hostname: cp-1, ipAddress: 10.0.0.11, controlPlane: true, installDisk: /dev/sda}
"""


@pytest.fixture(autouse=True)
def nobodys_configs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD"):
        monkeypatch.delenv(name, raising=False)
    # not HOME: below it are the real tools
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))


@contextmanager
def runner() -> Iterator[ShRunner]:
    """It passes on the environment in which it was made."""
    found = ShRunner()
    try:
        yield found
    finally:
        found.close()


def ran(call: Call) -> Result:
    with runner() as tools:
        (result,) = tools.gather((call,))
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`talconfig` and `others` are the repository; `makes` are the files that are there afterwards."""

    name: str
    talconfig: str = TALCONFIG
    others: Mapping[str, str] = field(default_factory=dict)
    env: tuple[str, ...] = ()
    secret: tuple[str, ...] = ("talsecret.sops.yaml",)
    key: bool = True
    exit: int = 0
    out: str = ""
    err: str = ""
    makes: frozenset[str] = frozenset()


MADE = frozenset({"test-cp-1.yaml", "talosconfig"})
CASES = (
    Case(name="right", out="generated config for cp-1 in ", makes=MADE),
    Case(
        name="no key",
        key=False,
        exit=1,
        err="SOPS decryption failed: Error getting data key: 0 successful groups required, got 0",
    ),
    Case(name="no secret file", secret=(), out="new secrets will be generated everytime", makes=MADE),
    Case(
        name="an environment file of the working directory is not read",
        talconfig=TALCONFIG.replace("clusterName: test", "clusterName: ${CLUSTER}"),
        others={"talenv.yaml": "CLUSTER: test\n"},
        exit=1,
        err="variable ${CLUSTER} not set",
    ),
    Case(
        name="an environment file that is named",
        talconfig=TALCONFIG.replace("clusterName: test", "clusterName: ${CLUSTER}"),
        others={"talenv.yaml": "CLUSTER: test\n"},
        env=("talenv.yaml",),
        makes=MADE,
    ),
    Case(
        name="a file whose name has a comma",
        talconfig=TALCONFIG.replace("clusterName: test", "clusterName: ${CLUSTER}"),
        others={'tal,"env".yaml': "CLUSTER: test\n"},
        env=('tal,"env".yaml',),
        makes=MADE,
    ),
    Case(
        name="a patch of unknown keys",
        talconfig=TALCONFIG + 'patches: ["machine: {nosuch: 1}"]\n',
        exit=1,
        err="failed to generate talos config: error decoding document /v1alpha1/ (line 1): unknown keys",
    ),
    Case(
        name="a version that it does not know yet",
        talconfig=TALCONFIG.replace("v1.13.2", "v1.13.99"),
        out='  * WARNING: "v1.13.99" might not be compatible',
        makes=MADE,
    ),
    Case(
        name="a Kubernetes version that is none",
        talconfig=TALCONFIG.replace("v1.35.4", "banana"),
        exit=2,
        err="panic: runtime error",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_genconfig_answers_as_talops_expects(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    for name, text in {"talconfig.yaml": case.talconfig, **case.others}.items():
        (repo / name).write_text(text)
    (repo / "talsecret.sops.yaml").write_text((ROOT / "talsecret.sops.yaml").read_text())
    if case.key:
        monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    monkeypatch.chdir(repo)
    out = tmp_path / "out"
    result = ran(
        talhelper_genconfig(
            str(real("talhelper")),
            talconfig=str(repo / "talconfig.yaml"),
            env_files=tuple(str(repo / name) for name in case.env),
            secret_files=tuple(str(repo / name) for name in case.secret),
            out=str(out),
        )
    )
    assert result.exit == case.exit, result.stderr
    assert case.out in result.stdout.decode()
    assert case.err in result.stderr.decode()
    assert {path.name for path in out.glob("*")} == case.makes
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.glob("*"))


def test_what_talhelper_warns_of_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    (tmp_path / "talconfig.yaml").write_text(TALCONFIG.replace("v1.13.2", "v1.13.99"))
    with runner() as tools:
        answer = genconfig(
            tools,
            str(real("talhelper")),
            talconfig=tmp_path / "talconfig.yaml",
            env_files=(),
            secret_files=(ROOT / "talsecret.sops.yaml",),
            out=tmp_path / "out",
        )
    warning = '"v1.13.99" might not be compatible with this Talhelper version you\'re using'
    assert (answer.failure, answer.issues) == ("", (Issue(field="talosVersion", what=warning),))


def test_validate_says_which_file_is_wrong_and_stops_there(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: v1alpha1\nmachine: {type: worker}\ncluster: {}\n")
    result = ran(talhelper_validate(str(real("talhelper")), (str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"))))
    assert result.exit == 1
    assert f"failed to validate Talos node config file {tmp_path / 'a.yaml'}: " in result.stderr.decode()
    assert "b.yaml" not in result.stderr.decode()


def test_gensecret_prints_the_secrets_of_a_new_cluster_each_time() -> None:
    first, second = (ran(talhelper_gensecret(str(real("talhelper")))) for _ in range(2))
    assert (first.exit, second.exit, first.stderr) == (0, 0, b"")
    assert first.stdout.startswith(b"cluster:\n")
    assert first.stdout != second.stdout


def test_genschema_prints_which_keys_talconfig_may_have() -> None:
    result = ran(talhelper_genschema(str(real("talhelper"))))
    assert (result.exit, result.stderr) == (0, b"")
    levels = json.loads(result.stdout)["$defs"]
    assert {"clusterName", "nodes", "controlPlane"} <= set(levels["TalhelperConfig"]["properties"])
    assert levels["Node"]["additionalProperties"] is False


def test_gensecrets_throwaway_kin_is_taken_by_every_talos_that_talhelper_knows(tmp_path: Path) -> None:
    for talos, (kubernetes, _) in KUBERNETES_OF.items():
        folder = tmp_path / str(talos)
        folder.mkdir()
        text = TALCONFIG.replace("v1.13.2", f"v1.{talos}.0").replace("v1.35.4", f"v1.{kubernetes}.0")
        (folder / "talconfig.yaml").write_text(text)
        (folder / "secrets.yaml").write_text(throwaway_secrets())
        with runner() as tools:
            answer = genconfig(
                tools,
                str(real("talhelper")),
                talconfig=folder / "talconfig.yaml",
                env_files=(),
                secret_files=(folder / "secrets.yaml",),
                out=folder / "out",
            )
        assert answer.failure == "", talos
        assert {path.name for path in (folder / "out").iterdir()} == MADE


def test_every_call_of_talhelper_has_a_case() -> None:
    # its version is asked as every tool's is
    assert {name for name in TEMPLATES if name.startswith("talhelper-")} - {"talhelper-version"} == {
        "talhelper-genconfig",
        "talhelper-validate",
        "talhelper-gensecret",
        "talhelper-genschema",
    }
