"""Encrypted talenv files, with the real sops: decrypted in memory, explained when that fails, never quoted."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from talops.config import load_desired
from talops.errors import Exit, FilesInvalid, TalopsError, ToolMissing
from talops.tools.runner import ShRunner

REPO = Path(__file__).resolve().parents[3]
KEY = REPO / "example.agekey"
RECIPIENT = "age12ksp7q2kqx8m7csavs5vq28neylrfal8emwnnmuvje3p84n4tg5swe3gy6"
OTHER_KEY = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX"
SECRET = "correct.horse.battery"
TALCONFIG = """\
clusterName: c
kubernetesVersion: v1.35.4
endpoint: https://${DOMAIN}:6443
nodes:
  - hostname: a
    ipAddress: 10.0.0.1
    controlPlane: true
    installDisk: /dev/sda
"""
SOPS = shutil.which("sops") or str(Path(sys.executable).parent / "sops")


@pytest.fixture(autouse=True)
def no_key_but_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SOPS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "talconfig.yaml").write_text(TALCONFIG)
    return folder


def encrypted(text: str) -> str:
    """By the real sops, for the example's key."""
    argv = (
        SOPS,
        "--config",
        "/dev/null",
        "--disable-version-check",
        "encrypt",
        "--age",
        RECIPIENT,
        "--input-type",
        "yaml",
        "--output-type",
        "yaml",
    )
    done = subprocess.run((*argv, "/dev/stdin"), input=text, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout


def endpoint(repo: Path) -> str:
    return load_desired(repo, runner=ShRunner(), environ={}).endpoint


def refusal(repo: Path) -> TalopsError:
    with pytest.raises(FilesInvalid) as refused:
        endpoint(repo)
    assert refused.value.exit is Exit.FILES
    assert SECRET not in f"{refused.value.what} {refused.value.hint}"
    return refused.value


@pytest.mark.parametrize("name", ["talenv.yaml", "talenv.sops.yaml", "talenv.yml", "talenv.sops.yml"])
def test_an_encrypted_file_is_told_by_its_content_and_not_by_its_name(
    name: str, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    (repo / name).write_text(encrypted(f"DOMAIN: {SECRET}\n"))
    before = sorted(repo.iterdir())
    assert endpoint(repo) == f"https://{SECRET}:6443"
    assert sorted(repo.iterdir()) == before


def test_a_plain_file_needs_no_sops_whatever_its_name(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talops.tools.programs.shutil.which", lambda name, path: "/nowhere/sops")
    (repo / "talenv.sops.yaml").write_text("DOMAIN: plain.example.com\n")
    assert endpoint(repo) == "https://plain.example.com:6443"


def test_no_key_is_said_with_the_recipient_and_the_places(repo: Path) -> None:
    (repo / "talenv.sops.yaml").write_text(encrypted(f"DOMAIN: {SECRET}\n"))
    refused = refusal(repo)
    assert refused.what == (
        f"talenv.sops.yaml: it cannot be decrypted: no key for it was found; it is encrypted for {RECIPIENT}"
    )
    assert "SOPS_AGE_KEY_FILE" in refused.hint
    assert "sops/age/keys.txt" in refused.hint


def test_a_wrong_key_is_said_and_not_shown(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "talenv.sops.yaml").write_text(encrypted(f"DOMAIN: {SECRET}\n"))
    monkeypatch.setenv("SOPS_AGE_KEY", OTHER_KEY)
    refused = refusal(repo)
    assert f"the key that was found is a wrong one; it is encrypted for {RECIPIENT}" in refused.what
    assert OTHER_KEY not in f"{refused.what} {refused.hint}"


def test_a_key_that_is_none_is_not_shown(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "talenv.sops.yaml").write_text(encrypted(f"DOMAIN: {SECRET}\n"))
    monkeypatch.setenv("SOPS_AGE_KEY", "AGE-SECRET-KEY-1GARBAGE")
    refused = refusal(repo)
    assert refused.what.startswith("talenv.sops.yaml: ")
    assert "GARBAGE" not in f"{refused.what} {refused.hint}"


@pytest.mark.parametrize(
    ("found", "instead"), [(r"OTHER: .*\n", ""), (r"OTHER: ENC\[AES256_GCM,data:", "OTHER: ENC[AES256_GCM,data:AAAA")]
)
def test_a_file_that_was_changed_without_sops_is_refused(
    found: str, instead: str, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    changed, times = re.subn(found, instead, encrypted(f"DOMAIN: {SECRET}\nOTHER: abcdef\n"))
    (repo / "talenv.sops.yaml").write_text(changed)
    refused = refusal(repo)
    assert times == 1
    assert refused.what == (
        "talenv.sops.yaml: sops says that it was changed without sops: it does not match its checksums"
    )
    assert refused.hint == "restore it from git, then change it with `sops edit`"


def test_a_file_with_broken_metadata_is_refused(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    (repo / "talenv.yaml").write_text("DOMAIN: x\nsops:\n  version: 1\n")
    assert refusal(repo).what.startswith("talenv.yaml: sops cannot decrypt it: ")


def test_a_missing_sops_is_said_with_how_to_get_it(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "talenv.yaml").write_text(encrypted(f"DOMAIN: {SECRET}\n"))
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("talops.tools.programs.sys.executable", "/nowhere/python")
    with pytest.raises(ToolMissing) as missing:
        endpoint(repo)
    assert missing.value.what == "talenv.yaml is encrypted and sops is not installed, or not on PATH"
    assert "install sops" in missing.value.hint


@pytest.mark.parametrize(
    ("value", "old", "new", "told"),
    [
        (
            f"{SECRET}:x",
            "",
            "",
            "talconfig.yaml:3:11: `https://${DOMAIN}:6443` is no endpoint",
        ),
        (
            f"{SECRET}!",
            "hostname: a",
            "hostname: ${DOMAIN}",
            "talconfig.yaml:5:15: `${DOMAIN}` is no valid hostname",
        ),
        (
            f"{SECRET}/24",
            "10.0.0.1",
            "${DOMAIN}",
            "talconfig.yaml:6:16: `${DOMAIN}` is no IP address and no domain name",
        ),
    ],
)
def test_a_value_that_was_encrypted_never_stands_in_a_message(
    value: str, old: str, new: str, told: str, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    (repo / "talenv.yaml").write_text(encrypted(f"DOMAIN: {value}\n"))
    text = TALCONFIG if not old else TALCONFIG.replace("${DOMAIN}", "10.0.0.9").replace(old, new)
    (repo / "talconfig.yaml").write_text(text)
    assert refusal(repo).what == told


def test_nor_does_it_stand_in_a_warning(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOPS_AGE_KEY_FILE", str(KEY))
    (repo / "talenv.yaml").write_text(encrypted(f"DOMAIN: {SECRET}\n"))
    (repo / "talconfig.yaml").write_text(TALCONFIG + "${DOMAIN}: x\n")
    assert load_desired(repo, runner=ShRunner(), environ={}).warnings == (
        "talconfig.yaml:9:1: talhelper does not know `${DOMAIN}` and ignores it",
    )
