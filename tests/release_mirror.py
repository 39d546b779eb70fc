"""Release files of the external tools as their projects publish them, served on loopback as a mirror serves them."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from web_server import WebServer

PLATFORMS = ("darwin-amd64", "darwin-arm64", "linux-amd64", "linux-arm64")
SAYS: Mapping[str, Callable[[str], str]] = {
    "talosctl": lambda version: f"Client:\nTalos v{version}",
    "talhelper": lambda version: f"talhelper version {version}",
    "kubectl": lambda version: f'{{"clientVersion": {{"gitVersion": "v{version}", "goVersion": "go1.26.5"}}}}',
    "sops": lambda version: f"sops {version}",
    "helm": lambda version: f"v{version}",
    "age": lambda version: f"v{version}",
    "age-keygen": lambda version: f"v{version}",
}


def script(name: str, version: str, more: str = "") -> bytes:
    """A program that says its version, whatever it is asked."""
    return f"#!/bin/sh\n{more}\nprintf '%s\\n' '{SAYS[name](version)}'\n".encode()


def packed(members: Mapping[str, bytes]) -> bytes:
    """A .tar.gz."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            tar.addfile(member, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), compresslevel=1, mtime=0)


@dataclass(frozen=True)
class ReleaseMirror:
    """Below `web.url`/mirror, each file by the host and the path where its project has it."""

    web: WebServer

    @property
    def url(self) -> str:
        return f"{self.web.url}/mirror"

    def path(self, url: str) -> str:
        parts = urlsplit(url)
        return f"/mirror/{parts.netloc}{parts.path}"

    def put(self, url: str, content: bytes) -> None:
        self.web.serve(self.path(url), content)

    def publish(self, name: str, version: str, programs: Mapping[str, bytes] | None = None) -> None:
        """One release, on every platform. `programs` are those of this machine."""
        files = {}
        for platform in PLATFORMS:
            ours = programs if programs is not None and platform == "linux-amd64" else None
            contents = ours or {one: script(one, version) for one in ([name, "age-keygen"][: 1 + (name == "age")])}
            url = asset_url(name, version, platform)
            files[url] = packed(members(name, platform, contents)) if url.endswith(".tar.gz") else contents[name]
            self.put(url, files[url])
        for address, text in checksums(name, version, files).items():
            self.put(address, text.encode())

    def publish_all(self, *talosctl: str, kubectl: str = "1.35.4") -> None:
        for version in talosctl:
            self.publish("talosctl", version)
        self.publish("kubectl", kubectl)
        for name, version in STANDING.items():
            self.publish(name, version)


STANDING = {"talhelper": "3.1.16", "sops": "3.11.0", "helm": "3.22.0", "age": "1.3.2"}


def asset_url(name: str, version: str, platform: str) -> str:
    system, arch = platform.split("-")
    match name:
        case "talosctl":
            return f"https://github.com/siderolabs/talos/releases/download/v{version}/talosctl-{system}-{arch}"
        case "talhelper":
            base = f"https://github.com/budimanjojo/talhelper/releases/download/v{version}"
            return f"{base}/talhelper_{system}_{arch}.tar.gz"
        case "kubectl":
            return f"https://dl.k8s.io/release/v{version}/bin/{system}/{arch}/kubectl"
        case "sops":
            return f"https://github.com/getsops/sops/releases/download/v{version}/sops-v{version}.{system}.{arch}"
        case "helm":
            return f"https://get.helm.sh/helm-v{version}-{system}-{arch}.tar.gz"
        case "age":
            base = f"https://github.com/FiloSottile/age/releases/download/v{version}"
            return f"{base}/age-v{version}-{system}-{arch}.tar.gz"
    raise ValueError(name)


def members(name: str, platform: str, programs: Mapping[str, bytes]) -> dict[str, bytes]:
    folder = {"talhelper": "", "helm": f"{platform}/", "age": "age/"}[name]
    return {f"{folder}LICENSE": b"free", f"{folder}README.md": b"read"} | {
        f"{folder}{program}": content for program, content in programs.items()
    }


def checksums(name: str, version: str, files: Mapping[str, bytes]) -> dict[str, str]:
    digests = {url: hashlib.sha256(content).hexdigest() for url, content in files.items()}
    listed = "".join(f"{digest}  {url.rpartition('/')[2]}\n" for url, digest in digests.items())
    base = next(iter(files)).rpartition("/")[0]
    match name:
        case "talosctl":
            return {f"{base}/sha256sum.txt": listed}
        case "talhelper":
            return {f"{base}/checksums.txt": listed}
        case "sops":
            return {f"{base}/sops-v{version}.checksums.txt": listed}
        case "kubectl":
            return {f"{url}.sha256": digest for url, digest in digests.items()}
        case "helm":
            return {f"{url}.sha256sum": f"{digest}  {url.rpartition('/')[2]}\n" for url, digest in digests.items()}
    return {}
