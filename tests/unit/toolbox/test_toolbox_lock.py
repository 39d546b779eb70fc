"""talops.lock: what is written is read again, and what is wrong is said."""

import json
from pathlib import Path

import pytest

from talops.domain.talos import Version
from talops.domain.tool import Platform
from talops.errors import FilesInvalid, ToolFailed
from talops.toolbox.lock import Asset, Lock, lock_text, parse_lock, read_lock, write_lock

A, B = "a" * 64, "b" * 64
V12, V13 = Version.parse("v1.12.0"), Version.parse("v1.13.0")
LINUX, MAC = Platform("linux", "amd64"), Platform("darwin", "arm64")
LOCK = Lock(
    {
        "talosctl": {
            V13: {LINUX: Asset(url="https://x/2", sha256=A), MAC: Asset(url="https://x/1", sha256=B)},
            V12: {LINUX: Asset(url="https://x/0", sha256=B)},
        },
        "age": {V13: {LINUX: Asset(url="https://x/3", sha256=A, binaries={"age-keygen": B, "age": A})}},
    }
)
TEXT = """\
{
  "form": 1,
  "tools": {
    "age": {
      "1.13.0": {
        "linux-amd64": {
          "url": "https://x/3",
          "sha256": "AAAA",
          "binaries": {
            "age": "AAAA",
            "age-keygen": "BBBB"
          }
        }
      }
    },
    "talosctl": {
      "1.12.0": {
        "linux-amd64": {
          "url": "https://x/0",
          "sha256": "BBBB"
        }
      },
      "1.13.0": {
        "darwin-arm64": {
          "url": "https://x/1",
          "sha256": "BBBB"
        },
        "linux-amd64": {
          "url": "https://x/2",
          "sha256": "AAAA"
        }
      }
    }
  }
}
""".replace("AAAA", A).replace("BBBB", B)


def test_the_same_lock_is_always_the_same_text() -> None:
    assert lock_text(LOCK) == TEXT
    assert lock_text(parse_lock(TEXT)) == TEXT


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert read_lock(tmp_path) is None
    write_lock(tmp_path, LOCK)
    found = read_lock(tmp_path)
    assert found is not None
    assert lock_text(found) == TEXT
    assert found.versions("talosctl") == (V13, V12)
    assert found.versions("helm") == ()
    assert found.asset("talosctl", V13, MAC) == Asset(url="https://x/1", sha256=B)
    assert found.asset("talosctl", V12, MAC) is None
    assert [path.name for path in tmp_path.iterdir()] == ["talops.lock"]
    assert (tmp_path / "talops.lock").stat().st_mode & 0o777 == 0o644


def test_a_place_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match=r"talops\.lock cannot be written: "):
        write_lock(tmp_path / "nowhere", LOCK)


def asset(**changes: object) -> str:
    whole = {"url": "https://x", "sha256": A} | changes
    return json.dumps({"form": 1, "tools": {"age": {"1.3.2": {"linux-amd64": whole}}}})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "talops.lock:1:1: it is no JSON: "),
        ('{\n<<<<<<< HEAD\n"a"', "talops.lock:2:1: it is no JSON: .*; it has conflict markers of git"),
        ("[]", "talops.lock: the file must be an object of JSON"),
        ("{}", "`form` is None, and this talops reads 1"),
        ('{"form": 2}', "`form` is 2, and this talops reads 1"),
        ('{"form": 1, "tools": []}', "tools must be an object of JSON"),
        ('{"form": 1, "tools": {"../x": {}}}', "'../x' is no name of a tool"),
        ('{"form": 1, "tools": {"age": 3}}', "age must be an object of JSON"),
        ('{"form": 1, "tools": {"age": {"../..": {}}}}', "age: '../..' is no version"),
        ('{"form": 1, "tools": {"age": {"1.3.2": {"linux": {}}}}}', "age 1.3.2: 'linux' is no platform"),
        ('{"form": 1, "tools": {"age": {"1.3.2": {"linux-../..": {}}}}}', "is no platform"),
        (asset(url=3), "age 1.3.2 linux-amd64: `url` is no URL of the web"),
        (asset(url="file:///etc/passwd"), "`url` is no URL of the web"),
        (asset(sha256="abc"), "a SHA-256 is 64 digits 0-9 and a-f, and this is 'abc'"),
        (asset(sha256=A.upper()), "a SHA-256 is 64 digits"),
        (asset(sha256=None), "a SHA-256 is 64 digits"),
        (asset(binaries=[]), "must be an object of JSON"),
        (asset(binaries={"../age": A}), "is no name of a tool"),
        (asset(binaries={"age": "x"}), "a SHA-256 is 64 digits"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_type(text: str, words: str) -> None:
    with pytest.raises(FilesInvalid, match=words) as caught:
        parse_lock(text)
    assert caught.value.hint in {
        "restore it from git, or write it anew: talops init --update",
        "update talops: another, newer one wrote it",
    }


def test_a_lock_that_is_no_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "talops.lock").write_bytes(b"\xff\xfe")
    with pytest.raises(FilesInvalid, match="not UTF-8"):
        read_lock(tmp_path)
    (tmp_path / "talops.lock").unlink()
    (tmp_path / "talops.lock").mkdir()
    with pytest.raises(FilesInvalid, match="cannot be read"):
        read_lock(tmp_path)
