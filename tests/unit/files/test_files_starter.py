"""A new repository: whole or not there, and nothing secret where it must not be."""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from real_tools import real
from talops.config.policy import load_policy, load_tools, read_policy
from talops.domain.cluster import Policy
from talops.domain.process import Call, Result
from talops.domain.talos import Version
from talops.domain.tool import Platform
from talops.errors import FilesInvalid, TalopsError, ToolFailed, UsageError
from talops.files.starter import KUBERNETES, TALOS, TOOLS, Starter, check_name, start_repository
from talops.plan.paths import kubernetes_objection
from talops.toolbox.lock import Asset, Lock, lock_text
from talops.tools.runner import ShRunner
from talops.tools.sops import decrypt, with_own_key

FILES = {
    ".github/workflows/talos.yaml",
    ".gitignore",
    ".sops.yaml",
    "README.md",
    "age.key",
    "renovate.json",
    "talconfig.yaml",
    "talenv.sops.yaml",
    "talops.schema.json",
    "talops.yaml",
    "talsecret.sops.yaml",
}


class Recording(ShRunner):
    """The real tools, each call kept. `fails` is a template that ends with an error."""

    def __init__(self, environ: Mapping[str, str], fails: str = "") -> None:
        super().__init__(environ, find=lambda name: name if "/" in name else str(real(name)))
        self.calls: list[Call] = []
        self.results: list[Result] = []
        self.fails = fails

    def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
        self.calls += calls
        if any(call.template == self.fails for call in calls):
            return tuple(Result(exit=1, stderr=b"it will not") for _ in calls)
        results = super().gather(calls)
        self.results += results
        return results


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a person without any key."""
    (tmp_path / "person").mkdir()
    return {"HOME": str(tmp_path / "person"), "PATH": os.environ["PATH"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository, to be read only."""
    root = tmp_path_factory.mktemp("starter")
    return started(root, {"HOME": str(root / "person"), "PATH": os.environ["PATH"]}).folder


@contextmanager
def tools(environ: Mapping[str, str], fails: str = "") -> Iterator[Recording]:
    runner = Recording(environ, fails)
    try:
        yield runner
    finally:
        runner.close()


def started(tmp_path: Path, environ: Mapping[str, str], name: str = "home") -> Starter:
    with tools(environ) as runner:
        return start_repository(name, tmp_path / name, runner=runner, environ=environ)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_it_has_everything_that_a_cluster_repository_needs(tmp_path: Path, environ: dict[str, str]) -> None:
    starter = started(tmp_path, environ)
    assert files_in(starter.folder) == FILES
    assert starter.new
    assert starter.key.place == str(tmp_path / "home" / "age.key")


def test_its_secrets_can_be_read_with_its_own_key_and_by_nobody_else(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = started(tmp_path, environ).folder
    with tools(with_own_key(folder, environ)) as runner:
        assert "CLUSTER_VIP: 192.0.2.10" in decrypt(runner, folder / "talenv.sops.yaml", "talenv.sops.yaml")
        secrets = decrypt(runner, folder / "talsecret.sops.yaml", "talsecret.sops.yaml")
    assert {"cluster:", "secrets:", "certs:"} <= set(secrets.splitlines())
    with tools(environ) as runner, pytest.raises(FilesInvalid, match="cannot be decrypted"):
        decrypt(runner, folder / "talsecret.sops.yaml", "talsecret.sops.yaml")


def test_every_value_of_the_secrets_is_encrypted(folder: Path) -> None:
    for name in ("talsecret.sops.yaml", "talenv.sops.yaml"):
        ours = (folder / name).read_text().partition("\nsops:")[0]
        values = re.findall(r"^ *\S+: (\S+)", ours, re.MULTILINE)
        assert values
        assert all(value.startswith("ENC[AES256_GCM,") for value in values)


def test_what_is_secret_is_for_its_owner_alone(folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes["home"] == 0o700
    assert {modes[name] for name in ("age.key", "talsecret.sops.yaml", "talenv.sops.yaml")} == {0o600}


def test_no_argv_and_no_text_holds_the_key_or_a_secret(tmp_path: Path, environ: dict[str, str]) -> None:
    with tools(environ) as runner:
        folder = start_repository("home", tmp_path / "home", runner=runner, environ=environ).folder
    key = (folder / "age.key").read_text().splitlines()[-1]
    plain = next(call.stdin for call in runner.calls if b"bootstraptoken" in call.stdin).decode()
    secrets = [key, *re.findall(r": (\S{20,})", plain)]
    assert len(secrets) > 10
    argvs = " ".join(word for call in runner.calls for word in call.argv)
    written = "".join((folder / name).read_text() for name in FILES - {"age.key"})
    assert [secret for secret in secrets if secret in argvs + written + repr(runner.calls)] == []


def test_git_ignores_its_key_and_what_is_generated(folder: Path) -> None:
    ignored = (folder / ".gitignore").read_text().splitlines()
    assert {"/clusterconfig/", "age.key", "kubeconfig", "talosconfig"} <= set(ignored)


@pytest.mark.parametrize("where", ["SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "the default file"])
def test_a_key_that_sops_finds_anyway_is_used_and_not_copied(
    tmp_path: Path, environ: dict[str, str], where: str
) -> None:
    other = started(tmp_path, environ, "other")
    key = other.folder / "age.key"
    default = tmp_path / "person" / ".config" / "sops" / "age" / "keys.txt"
    if where == "SOPS_AGE_KEY":
        environ["SOPS_AGE_KEY"] = key.read_text()
    elif where == "SOPS_AGE_KEY_FILE":
        environ["SOPS_AGE_KEY_FILE"] = str(key)
    else:
        default.parent.mkdir(parents=True)
        default.write_text(key.read_text())
    with tools(environ) as runner:
        starter = start_repository("fresh", tmp_path / "fresh", runner=runner, environ=environ)
        assert "CLUSTER_VIP" in decrypt(runner, starter.folder / "talenv.sops.yaml", "talenv.sops.yaml")
    assert (starter.new, starter.key.recipient) == (False, other.key.recipient)
    assert starter.key.place == {"the default file": str(default), "SOPS_AGE_KEY_FILE": str(key)}.get(where, where)
    assert files_in(starter.folder) == FILES - {"age.key"}
    assert "is not in this" in (starter.folder / "README.md").read_text()


def test_of_several_keys_the_first_is_taken_and_that_is_told(tmp_path: Path, environ: dict[str, str]) -> None:
    keys = [started(tmp_path, environ, name) for name in ("one", "two")]
    (tmp_path / "keys").write_text("".join((one.folder / "age.key").read_text() for one in keys))
    environ["SOPS_AGE_KEY_FILE"] = str(tmp_path / "keys")
    starter = started(tmp_path, environ, "fresh")
    assert (starter.key.recipient, starter.key.others) == (keys[0].key.recipient, 1)


@pytest.mark.parametrize(
    ("content", "says"), [("nonsense\n", "unknown identity type"), ("", "no identities found"), (None, "no such file")]
)
def test_a_key_file_that_cannot_be_used_stops_it(
    tmp_path: Path, environ: dict[str, str], content: str | None, says: str
) -> None:
    if content is not None:
        (tmp_path / "keys").write_text(content)
    environ["SOPS_AGE_KEY_FILE"] = str(tmp_path / "keys")
    with pytest.raises(FilesInvalid, match=says):
        started(tmp_path, environ, "fresh")
    assert not (tmp_path / "fresh").exists()


def test_a_recipient_from_the_environment_does_not_lock_the_owner_out(tmp_path: Path, environ: dict[str, str]) -> None:
    environ["SOPS_AGE_RECIPIENTS"] = started(tmp_path, environ, "other").key.recipient
    with pytest.raises(ToolFailed, match="for somebody else") as error:
        started(tmp_path, environ, "fresh")
    assert "unset SOPS_AGE_RECIPIENTS" in error.value.hint
    assert not (tmp_path / "fresh").exists()


@pytest.mark.parametrize("fails", ["age-keygen", "age-recipients", "talhelper-gensecret", "sops-encrypt"])
def test_whatever_fails_nothing_is_left(tmp_path: Path, environ: dict[str, str], fails: str) -> None:
    before = files_in(tmp_path)
    with tools(environ, fails) as runner, pytest.raises(TalopsError):
        start_repository("fresh", tmp_path / "fresh", runner=runner, environ=environ)
    assert files_in(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["person"]


def test_an_interruption_leaves_nothing(tmp_path: Path, environ: dict[str, str]) -> None:
    class Interrupted(Recording):
        def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
            if calls[0].template == "sops-encrypt":
                raise KeyboardInterrupt
            return super().gather(calls)

    runner = Interrupted(environ)
    with pytest.raises(KeyboardInterrupt):
        start_repository("fresh", tmp_path / "fresh", runner=runner, environ=environ)
    runner.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["person"]


@pytest.mark.parametrize("what", ["a folder", "a file", "a link that leads nowhere"])
def test_nothing_that_is_there_is_touched(tmp_path: Path, environ: dict[str, str], what: str) -> None:
    place = tmp_path / "taken"
    if what == "a folder":
        place.mkdir()
    elif what == "a file":
        place.write_text("precious")
    else:
        place.symlink_to("nowhere")
    with pytest.raises(UsageError, match="is there already"):
        started(tmp_path, environ, "taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["person", "taken"]
    assert what != "a file" or place.read_text() == "precious"


def test_a_folder_that_appears_meanwhile_is_not_touched(tmp_path: Path, environ: dict[str, str]) -> None:
    class Busy(Recording):
        def gather(self, calls: Sequence[Call]) -> tuple[Result, ...]:
            (tmp_path / "fresh").mkdir(exist_ok=True)
            (tmp_path / "fresh" / "theirs").write_text("precious")
            return super().gather(calls)

    runner = Busy(environ)
    with pytest.raises(FilesInvalid, match="cannot be written"):
        start_repository("fresh", tmp_path / "fresh", runner=runner, environ=environ)
    runner.close()
    assert files_in(tmp_path / "fresh") == {"theirs"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "person"]


@pytest.mark.parametrize("name", ["a", "home", "cluster-1", "1st", "a" * 63])
def test_a_name_of_a_cluster(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "Home", "a_b", "a.b", "a/b", "..", "a b", "a" * 64, "ä", "a\n", "$(x)"]
)
def test_a_name_that_would_break_something(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called") as error:
        check_name(name)
    check_name(error.value.hint.removeprefix("talops init --new "))


def test_its_policy_is_the_one_that_holds_without_it(folder: Path, tmp_path: Path) -> None:
    text = (folder / "talops.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=talops.schema.json\n")
    assert read_policy(text) == Policy()
    # what is commented out can be switched on
    on = re.sub(r"(?m)^( *)# (order|skip|allow|required|barePods)(: .*?)( +#.*)?$", r"\1\2\3", text)
    (tmp_path / "talops.yaml").write_text(re.sub(r"(?m)^# (tools:|  \S+: .*)$", r"\1", on))
    assert load_policy(tmp_path).order == ("cp-2", "cp-1")
    assert load_tools(tmp_path).mirror == "https://mirror.example/releases"


def test_its_versions_fit_each_other() -> None:
    assert kubernetes_objection(Version.parse(KUBERNETES), Version.parse(TALOS)) is None


def test_renovate_finds_its_versions(folder: Path) -> None:
    managers = json.loads((folder / "renovate.json").read_text())["customManagers"]
    talconfig = (folder / "talconfig.yaml").read_text()
    found = {
        manager["depNameTemplate"]: re.findall(pattern.replace("(?<", "(?P<"), talconfig)
        for manager in managers
        for pattern in manager["matchStrings"]
        if "talconfig" in manager["managerFilePatterns"][0]
    }
    assert found == {"siderolabs/talos": [TALOS], "kubernetes/kubernetes": [KUBERNETES]}


def test_renovate_finds_the_versions_of_the_tools(folder: Path) -> None:
    asset = Asset(url="https://x/y", sha256="0" * 64)
    names = ("age", "helm", "kubectl", "sops", "talhelper", "talosctl")
    lock = lock_text(Lock({name: {Version.parse("v1.2.3"): {Platform("linux", "amd64"): asset}} for name in names}))
    managers = json.loads((folder / "renovate.json").read_text())["customManagers"]
    of_lock = [manager for manager in managers if "lock" in manager["managerFilePatterns"][0]]
    found = {
        manager["depNameTemplate"]: re.findall(pattern.replace("(?<", "(?P<"), lock)
        for manager in of_lock
        for pattern in manager["matchStrings"]
    }
    # the cluster's own versions decide those of talosctl and kubectl
    assert found == {
        name: ["1.2.3"] for name in ("budimanjojo/talhelper", "getsops/sops", "FiloSottile/age", "helm/helm")
    }


def test_no_place_of_a_template_is_left_open(folder: Path) -> None:
    assert [name for name in FILES if re.search(r"@[A-Z]+@", (folder / name).read_text())] == []


def test_all_tools_are_known_that_it_takes(tmp_path: Path, environ: dict[str, str]) -> None:
    with tools(environ) as runner:
        start_repository("home", tmp_path / "home", runner=runner, environ=environ)
    assert {call.argv[0] for call in runner.calls} == set(TOOLS)
