"""Where release files are, what is in them, and how their checksums are read."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest

from release_mirror import packed
from talops.domain.talos import Version
from talops.domain.tool import PLATFORMS, Platform, ToolSetting
from talops.errors import ToolFailed, WebFailed
from talops.toolbox.lock import Asset, Lock
from talops.toolbox.releases import RELEASES, mirrored
from talops.toolbox.resolve import Wanted, locked, resolve
from talops.toolbox.unpack import unpack
from talops.toolbox.versions import said_version
from talops.tools.web import Web

LINUX, MAC = Platform("linux", "amd64"), Platform("darwin", "arm64")
GITHUB = "https://github.com"


@pytest.mark.parametrize(
    ("name", "version", "platform", "url", "checksums"),
    [
        (
            "talosctl",
            "v1.13.2",
            LINUX,
            f"{GITHUB}/siderolabs/talos/releases/download/v1.13.2/talosctl-linux-amd64",
            f"{GITHUB}/siderolabs/talos/releases/download/v1.13.2/sha256sum.txt",
        ),
        (
            "talosctl",
            "v1.14.0-rc.1",
            MAC,
            f"{GITHUB}/siderolabs/talos/releases/download/v1.14.0-rc.1/talosctl-darwin-arm64",
            f"{GITHUB}/siderolabs/talos/releases/download/v1.14.0-rc.1/sha256sum.txt",
        ),
        (
            "talhelper",
            "v3.1.16",
            LINUX,
            f"{GITHUB}/budimanjojo/talhelper/releases/download/v3.1.16/talhelper_linux_amd64.tar.gz",
            f"{GITHUB}/budimanjojo/talhelper/releases/download/v3.1.16/checksums.txt",
        ),
        (
            "kubectl",
            "v1.36.3",
            MAC,
            "https://dl.k8s.io/release/v1.36.3/bin/darwin/arm64/kubectl",
            "https://dl.k8s.io/release/v1.36.3/bin/darwin/arm64/kubectl.sha256",
        ),
        (
            "sops",
            "v3.11.0",
            LINUX,
            f"{GITHUB}/getsops/sops/releases/download/v3.11.0/sops-v3.11.0.linux.amd64",
            f"{GITHUB}/getsops/sops/releases/download/v3.11.0/sops-v3.11.0.checksums.txt",
        ),
        (
            "helm",
            "v3.22.0",
            LINUX,
            "https://get.helm.sh/helm-v3.22.0-linux-amd64.tar.gz",
            "https://get.helm.sh/helm-v3.22.0-linux-amd64.tar.gz.sha256sum",
        ),
        (
            "age",
            "v1.3.2",
            MAC,
            f"{GITHUB}/FiloSottile/age/releases/download/v1.3.2/age-v1.3.2-darwin-arm64.tar.gz",
            "",
        ),
    ],
)
def test_a_release_file_is_where_its_project_publishes_it(
    name: str, version: str, platform: Platform, url: str, checksums: str
) -> None:
    release = RELEASES[name]
    assert release.url_for(Version.parse(version), platform) == url
    assert release.checksums_for(Version.parse(version), platform) == checksums


@pytest.mark.parametrize(
    ("mirror", "url"),
    [
        ("", "https://github.com/a/b"),
        ("https://mirror.example", "https://mirror.example/github.com/a/b"),
        ("http://mirror.example:8080/tools/", "http://mirror.example:8080/tools/github.com/a/b"),
        ("https://me:pw@mirror.example", "https://me:pw@mirror.example/github.com/a/b"),
    ],
)
def test_a_mirror_has_the_files_of_every_host_below_its_name(mirror: str, url: str) -> None:
    assert mirrored("https://github.com/a/b", mirror) == url


def test_another_place_has_no_checksums_unless_they_are_named() -> None:
    helm = RELEASES["helm"]
    assert helm.as_set(ToolSetting(url="https://x/{tag}")).checksums == ""
    assert helm.as_set(ToolSetting(checksums="https://x/{tag}")).url == helm.url
    assert helm.as_set(ToolSetting(version=Version.parse("v4.0.0"))) == helm


class Texts(Web):
    """Answers by the end of an address; what is not there is not found."""

    def __init__(self, **texts: str) -> None:
        super().__init__({})
        self._texts = {name.replace("__", "."): text for name, text in texts.items()}

    def text(self, url: str, *, limit: int, deadline: timedelta) -> str:
        for name, text in self._texts.items():
            if url.endswith(name):
                return text
        raise WebFailed("there is no such file (404)", status=404)


A, B = "a" * 64, "B" * 64
TALOSCTL = Wanted(release=RELEASES["talosctl"], version=Version.parse("v1.13.2"))
KUBECTL = Wanted(release=RELEASES["kubectl"], version=Version.parse("v1.36.3"))


@pytest.mark.parametrize(
    "text",
    [
        f"{A}  talosctl-linux-amd64\n{B}  talosctl-darwin-arm64\n",
        f"{A} *talosctl-linux-amd64\r\n{B} *talosctl-darwin-arm64\r\n",
        f"# of the release\n\n{B}  ./out/talosctl-darwin-arm64\n{A}  ./out/talosctl-linux-amd64",
        f"{A}  talosctl-linux-amd64\n{'c' * 128}  talosctl-linux-amd64.sig\n{B}  talosctl-darwin-arm64",
    ],
)
def test_a_list_of_checksums_tells_each_file_by_its_name(text: str) -> None:
    found = resolve(TALOSCTL, Texts(sha256sum__txt=text), "", LINUX)
    assert {platform: asset.sha256 for platform, asset in found.items()} == {LINUX: A, MAC: B.lower()}


@pytest.mark.parametrize("text", [A, f"{A}\n", f"{A}  kubectl\n"])
def test_a_file_with_one_checksum_is_of_the_file_beside_it(text: str) -> None:
    found = resolve(KUBECTL, Texts(**{"linux/amd64/kubectl__sha256": text}), "", LINUX)
    assert {platform: asset.sha256 for platform, asset in found.items()} == {LINUX: A}


@pytest.mark.parametrize("text", ["", "not a checksum", f"{A}  talosctl-windows-amd64", "a" * 63])
def test_a_list_without_our_file_is_refused_with_what_to_look_at(text: str) -> None:
    with pytest.raises(ToolFailed, match="its checksum file has no SHA-256 of talosctl-linux-amd64") as caught:
        resolve(TALOSCTL, Texts(sha256sum__txt=text), "", LINUX)
    assert "tools.talosctl.checksums" in caught.value.hint


def test_a_release_without_a_list_is_said_to_be_none() -> None:
    with pytest.raises(WebFailed, match="no such file") as caught:
        resolve(TALOSCTL, Texts(), "", LINUX)
    assert caught.value.hint == "is there such a release of talosctl? or set `tools.talosctl` in talops.yaml"


def test_a_lock_that_is_whole_and_of_the_same_addresses_needs_nobody() -> None:
    text = "".join(f"{A}  talosctl-{platform}\n" for platform in PLATFORMS)
    found = resolve(TALOSCTL, Texts(sha256sum__txt=text), "", LINUX)
    lock = Lock({"talosctl": {TALOSCTL.version: found}})
    assert locked(TALOSCTL, lock) == found
    elsewhere = RELEASES["talosctl"].as_set(ToolSetting(url="https://x/{os}/{arch}"))
    assert locked(Wanted(release=elsewhere, version=TALOSCTL.version), lock) is None
    fewer = {platform: asset for platform, asset in found.items() if platform != MAC}
    assert locked(TALOSCTL, Lock({"talosctl": {TALOSCTL.version: fewer}})) is None
    assert locked(TALOSCTL, None) is None


def zipped(members: dict[str, bytes]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return found.getvalue()


def linked() -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as archive:
        member = tarfile.TarInfo("tool")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    return gzip.compress(found.getvalue())


def named(value: object) -> str:
    """A test's name must not change from run to run, as an archive does."""
    return value if isinstance(value, str) else "content"


PROGRAM = b"#!/bin/sh\n"
TAR = gzip.decompress(packed({"a/tool": PROGRAM}))


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("https://x/tool", PROGRAM),
        ("https://x/tool-v1.13.2", PROGRAM),
        ("https://x/t.tar.gz", packed({"LICENSE": b"", "linux-amd64/tool": PROGRAM})),
        ("https://x/t.tgz", packed({"tool": PROGRAM})),
        ("https://x/t.tgz", packed({"../../../tool": PROGRAM})),
        ("https://x/t.tar.gz", packed({"/etc/tool": PROGRAM, "../../evil": b"x"})),
        ("https://x/t.tar", TAR),
        ("https://x/t.tar.xz", lzma.compress(TAR)),
        ("https://x/t.tar.bz2", bz2.compress(TAR)),
        ("https://x/t.zip", zipped({"bin/tool": PROGRAM, "../evil": b"x"})),
        ("https://x/t.zip?download=1", zipped({"tool": PROGRAM})),
    ],
    ids=named,
)
def test_only_the_program_is_unpacked_whatever_paths_there_are(url: str, content: bytes, tmp_path: Path) -> None:
    into = tmp_path / "a" / "b" / "ready"
    into.mkdir(parents=True)
    (tmp_path / "file").write_bytes(content)
    unpack(tmp_path / "file", url, ["tool"], into)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == {
        "file": content,
        "tool": PROGRAM,
    }


@pytest.mark.parametrize(
    ("url", "content", "words"),
    [
        ("https://x/t.tar.gz", b"", "is no archive, or a broken one"),
        ("https://x/t.tar.gz", PROGRAM, "is no archive, or a broken one"),
        ("https://x/t.tar.gz", packed({"tool": os.urandom(5000)})[:3000], "is no archive, or a broken one"),
        ("https://x/t.tar.gz", packed({"tool": PROGRAM})[:50], "is no archive, or a broken one"),
        ("https://x/t.tar.xz", b"\xfd7zXZ\x00 broken", "is no archive, or a broken one"),
        ("https://x/t.tar.gz", packed({"other": PROGRAM}), "holds no file called tool"),
        ("https://x/t.tar.gz", packed({"a/tool": PROGRAM, "b/tool": PROGRAM}), "holds 2 files called tool"),
        ("https://x/t.tar.gz", linked(), "holds no file called tool"),
        ("https://x/t.zip", b"PK\x03\x04", "is no archive, or a broken one"),
        ("https://x/t.zip", zipped({"other": PROGRAM}), "holds no file called tool"),
        ("https://x/tool", b"", "what came is empty, and no program"),
        ("https://x/tool", b"  \n<!DOCTYPE html>", "what came is a web page, and no program"),
        ("https://x/tool", b'{"message": "Not Found"}', "what came is a message as JSON, and no program"),
        ("https://x/t.tgz", packed({"tool": b"<html>"}), "what came is a web page, and no program"),
    ],
    ids=named,
)
def test_what_does_not_hold_the_program_is_refused(url: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content)
    (tmp_path / "ready").mkdir()
    with pytest.raises(ToolFailed, match=words):
        unpack(tmp_path / "file", url, ["tool"], tmp_path / "ready")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Client:\nTalos v1.13.0\n", "v1.13.0"),
        ("Client v1.12.0\n", "v1.12.0"),
        ("talhelper version 3.1.16", "v3.1.16"),
        ('{"clientVersion": {"gitVersion": "v1.36.3", "goVersion": "go1.26.5"}}', "v1.36.3"),
        ('{"goVersion": "go1.26.5", "gitVersion": "v1.36.3+k3s1"}', "v1.36.3"),
        ("sops 3.11.0 (latest)", "v3.11.0"),
        ("v4.2.3+g1234567", "v4.2.3"),
        ("v1.14.0-rc.1", "v1.14.0-rc.1"),
        ("(devel)", None),
        ("", None),
        ("01.02.03", None),
    ],
)
def test_the_version_in_what_a_program_says(said: str, version: str | None) -> None:
    found = said_version(said.encode())
    assert (str(found) if found else None) == version


def test_an_asset_knows_no_binary_until_one_was_seen() -> None:
    assert dict(Asset(url="https://x", sha256=A).binaries) == {}
