"""The file of the cluster's secrets: there, one, and one."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from snippets import HEAD, PLANE, SECRETS, check

SOUND = f"{HEAD}nodes:\n{PLANE}"


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, []),
        ({"talsecret.sops.yaml": ""}, ["error secret-file talsecret.sops.yaml"]),
        ({"talsecret.sops.yaml": "\n\n"}, ["error secret-file talsecret.sops.yaml"]),
        ({"talsecret.sops.yaml": "a: 1\n"}, ["error secret-file talsecret.sops.yaml:1:1"]),
        ({"talsecret.sops.yaml": "- a\n"}, ["error secret-file talsecret.sops.yaml:1:1"]),
        ({"talsecret.sops.yaml": "a: [\n"}, ["error secret-file talsecret.sops.yaml:2:1"]),
        ({"talsecret.sops.yaml": "certs: {}\nsecrets: {}\n"}, ["error secret-file talsecret.sops.yaml:1:1"]),
        ({"talsecret.yaml": SECRETS}, ["warning several-secret-files talsecret.sops.yaml"]),
        # only the last of them is read
        ({"talsecret.yaml": "a: ["}, ["warning several-secret-files talsecret.sops.yaml"]),
    ],
)
def test_what_the_file_must_be(files: Mapping[str, str], told: list[str], tmp_path: Path) -> None:
    found = check(tmp_path, SOUND, files=files)

    assert [f"{one.severity.value} {one.rule} {one.where}" for one in found] == told


@pytest.mark.parametrize(
    ("name", "hint"),
    [("talsecrets.sops.yaml", "did you mean to name talsecrets.sops.yaml so?"), ("other.yaml", "restore it from git")],
)
def test_without_it_talhelper_would_invent_secrets(name: str, hint: str, tmp_path: Path) -> None:
    check(tmp_path, SOUND)
    (tmp_path / "talsecret.sops.yaml").rename(tmp_path / name)
    (tmp_path / "talsecret.sops.yaml").mkdir()

    # a folder of that name is no file
    (found,) = check(tmp_path, SOUND, secrets="")

    assert found.rule == "no-secret-file"
    assert found.hint.startswith(hint)
