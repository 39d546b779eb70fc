"""Bad files: what is wrong, where, what to do about it, exit 6, and never a traceback."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command_line import KEY, ROOT, TALCONFIG, Ran, repository, talops

WRONG_KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
READS_ALL = "-dac_override,-dac_read_search"
GIVEN_UP = ("setpriv", f"--inh-caps={READS_ALL}", f"--bounding-set={READS_ALL}")
"""root without the right to read everything: still the owner of its Python, whose folders may be closed to others."""
sops = pytest.mark.skipif(shutil.which("sops") is None, reason="sops is not installed")


def must_say(said: Ran, exit: int, *words: str, hint: bool = True) -> None:
    assert said.exit == exit, said.said
    assert said.out == ""
    for word in words:
        assert word in said.err
    assert ("  next: " in said.err) or not hint, said.err
    assert "Traceback" not in said.err
    assert "bug in talops" not in said.err


def changed(old: str, new: str) -> str:
    assert old in TALCONFIG
    return TALCONFIG.replace(old, new, 1)


TALCONFIGS = {
    "broken YAML": (changed("nodes:", "nodes: ["), "talconfig.yaml:"),
    "a tab": (changed("  - {hostname: cp-2", "\t- {hostname: cp-2"), "talconfig.yaml:7:"),
    "a key twice": (f"{TALCONFIG}clusterName: again\n", "talconfig.yaml:11:1: the key `clusterName`"),
    "an undefined variable": (changed("10.0.0.12", '"${NOBODY_SET_THIS}"'), "talconfig.yaml:7:34: the variable"),
    "a version that is none": (changed("v1.13.2", "latest"), "talconfig.yaml:3:15: talosVersion"),
    "an unsupported Talos": (changed("v1.13.2", "v1.99.0"), "talconfig.yaml:3:15: v1.99.0"),
    "a Kubernetes that does not fit": (changed("v1.35.4", "v1.20.0"), "talconfig.yaml:4:20: Kubernetes"),
    "a hostname twice": (changed("cp-2", "cp-1"), "talconfig.yaml:7: the hostname cp-1"),
}


@pytest.mark.parametrize(("talconfig", "where"), TALCONFIGS.values(), ids=TALCONFIGS)
@pytest.mark.parametrize("command", ["nodes", "rehearse plan", "upgrade all --yes"])
def test_a_bad_talconfig_is_exit_6_with_its_place_and_a_hint(
    tmp_path: Path, talconfig: str, where: str, command: str
) -> None:
    must_say(talops("-C", str(repository(tmp_path, talconfig)), *command.split()), 6, where)


@pytest.mark.parametrize("talconfig", ["", "just words\n", "- a\n- list\n"])
def test_a_file_that_is_no_talconfig_is_said_to_be_none(tmp_path: Path, talconfig: str) -> None:
    must_say(talops("-C", str(repository(tmp_path, talconfig)), "nodes"), 6, "talconfig.yaml:1:1", hint=False)


POLICIES = {
    "an unknown key": ("ordr: [cp-1]\n", "talops.yaml:1:1: unknown key `ordr`", "did you mean `order`?"),
    "a node that there is not": ("order: [cp-1, cp-9]\n", "talops.yaml:1:15: `order` names cp-9", "did you mean"),
    "a key twice": ("skip: []\nskip: []\n", "talops.yaml:2:1: the key `skip`", ""),
    "broken YAML": ("skip: [\n", "talops.yaml:2:1", ""),
    "a list": ("- skip\n", "talops.yaml:1:1: the policy must be a mapping", ""),
}


@pytest.mark.parametrize(("policy", "what", "hint"), POLICIES.values(), ids=POLICIES)
def test_a_bad_policy_is_exit_6_with_its_place_and_what_was_meant(
    tmp_path: Path, policy: str, what: str, hint: str
) -> None:
    must_say(talops("-C", str(repository(tmp_path, talops__yaml=policy)), "rehearse", "plan"), 6, what, hint)


def test_a_talconfig_that_is_not_utf8_is_said_with_its_place(tmp_path: Path) -> None:
    (repository(tmp_path) / "talconfig.yaml").write_bytes(b"clusterName: caf\xe9\n")
    must_say(talops("-C", str(tmp_path), "nodes"), 6, "talconfig.yaml:1:17: it is not UTF-8")


def test_a_policy_that_is_not_utf8_or_a_folder_is_said_to_be(tmp_path: Path) -> None:
    (repository(tmp_path) / "talops.yaml").write_bytes(b"skip: [caf\xe9]\n")
    must_say(talops("-C", str(tmp_path), "rehearse", "plan"), 6, "talops.yaml:1:11: it is not UTF-8")
    (tmp_path / "talops.yaml").unlink()
    (tmp_path / "talops.yaml").mkdir()
    must_say(talops("-C", str(tmp_path), "rehearse", "plan"), 6, "talops.yaml: it cannot be read: Is a directory")


def test_a_patch_file_that_cannot_be_is_one_that_is_not_there(tmp_path: Path) -> None:
    said = talops("-C", str(repository(tmp_path, TALCONFIG + 'patches: ["@a\\0b"]\n')), "nodes")
    assert (said.exit, said.err) == (0, "")
    assert "is not there" in said.out


@pytest.mark.parametrize("command", ["nodes", "rehearse plan", "status", "install cni --plan", "rehearse install cni"])
def test_a_folder_without_a_talconfig_is_no_repository(tmp_path: Path, command: str) -> None:
    must_say(talops("-C", str(tmp_path), *command.split()), 6, f"no talconfig.yaml in {tmp_path}")


@pytest.mark.parametrize("command", ["nodes", "rehearse plan", "status"])
@pytest.mark.parametrize(
    ("name", "why"), [("nowhere", "No such file"), ("file", "no folder"), ("x" * 5000, "too long")]
)
def test_a_repository_that_is_no_folder_is_said_to_be_none(tmp_path: Path, command: str, name: str, why: str) -> None:
    (tmp_path / "file").touch()
    must_say(talops("-C", str(tmp_path / name), *command.split()), 6, "the cluster repository", why)


def test_a_talconfig_that_is_a_folder_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "talconfig.yaml").mkdir()
    must_say(talops("-C", str(tmp_path), "nodes"), 6, "talconfig.yaml: it cannot be read: Is a directory")


@pytest.mark.parametrize("closed", [".", "talconfig.yaml"])
def test_what_may_not_be_read_is_said(tmp_path: Path, closed: str) -> None:
    path = repository(tmp_path / "repo") / closed
    argv = (sys.executable, "-m", "talops", "-C", str(tmp_path / "repo"), "nodes")
    path.chmod(0)
    try:
        powers = GIVEN_UP if os.access(path, os.R_OK) else ()
        done = subprocess.run((*powers, *argv), capture_output=True, text=True, timeout=30)
    finally:
        path.chmod(0o700)
    must_say(Ran(exit=done.returncode, out=done.stdout, err=done.stderr), 6, "Permission denied")


@sops
@pytest.mark.parametrize("command", ["nodes", "rehearse upgrade all", "plan"])
def test_without_an_age_key_the_message_names_the_recipient_and_where_keys_are_looked_for(command: str) -> None:
    said = talops("-C", str(ROOT), *command.split())
    must_say(said, 6, "talenv.sops.yaml: it cannot be decrypted: no key", "age1", "SOPS_AGE_KEY_FILE", "keys.txt")


@sops
def test_a_wrong_age_key_is_said_to_be_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY", WRONG_KEY)
    must_say(talops("-C", str(ROOT), "nodes"), 6, "talenv.sops.yaml", "the key that was found is a wrong one", "age1")


@sops
@pytest.mark.parametrize("key", ["AGE-SECRET-KEY-1NONSENSE", "/no/such/file"])
def test_a_key_that_is_none_is_said_to_be_none_and_never_quoted(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE" if key.startswith("/") else "SOPS_AGE_KEY", key)
    said = talops("-C", str(ROOT), "nodes")
    must_say(said, 6, "talenv.sops.yaml")
    assert "NONSENSE" not in said.err


@sops
def test_the_right_key_decrypts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    said = talops("-C", str(ROOT), "nodes")
    assert (said.exit, said.err) == (0, "")


@sops
def test_a_file_that_was_changed_without_sops_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    text = (ROOT / "talenv.sops.yaml").read_text()
    repository(tmp_path, talenv__sops__yaml=text.replace("TIME_SERVER:", "TIME_SERVED:", 1))
    must_say(talops("-C", str(tmp_path), "nodes"), 6, "talenv.sops.yaml", "sops")
