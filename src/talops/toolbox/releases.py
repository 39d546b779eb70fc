"""Where each tool's releases are, and what is in them. Source: the projects' release pages and their build recipes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from urllib.parse import urlsplit

from talops.domain.talos import Version
from talops.domain.tool import Platform, ToolSetting

_GITHUB = "https://github.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Of one tool. `checksums` is empty where the project publishes none. Templates: see ToolSetting.

    `good`: a version that talops was tried with; None where the cluster decides.
    """

    name: str
    url: str
    checksums: str = ""
    binaries: tuple[str, ...] = ()
    good: Version | None = None

    def programs(self) -> tuple[str, ...]:
        return self.binaries or (self.name,)

    def as_set(self, setting: ToolSetting) -> "Release":
        """With what talops.yaml says. Checksums of the usual place are not those of another one."""
        if not setting.url and not setting.checksums:
            return self
        return replace(self, url=setting.url or self.url, checksums=setting.checksums)

    def url_for(self, version: Version, platform: Platform) -> str:
        return _filled(self.url, version, platform)

    def checksums_for(self, version: Version, platform: Platform) -> str:
        return _filled(self.checksums, version, platform)


def _filled(template: str, version: Version, platform: Platform) -> str:
    return template.format(version=version.core, tag=version, os=platform.os, arch=platform.arch)


def mirrored(url: str, mirror: str) -> str:
    """The address of the same file below a mirror: MIRROR/HOST/PATH."""
    if not mirror:
        return url
    return f"{mirror.rstrip('/')}/{url.partition('://')[2]}"


def file_name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]


_TALOS = f"{_GITHUB}/siderolabs/talos/releases/download/{{tag}}"
_TALHELPER = f"{_GITHUB}/budimanjojo/talhelper/releases/download/{{tag}}"
_SOPS = f"{_GITHUB}/getsops/sops/releases/download/{{tag}}"
_AGE = f"{_GITHUB}/FiloSottile/age/releases/download/{{tag}}"
_KUBECTL = "https://dl.k8s.io/release/{tag}/bin/{os}/{arch}/kubectl"
_HELM = "https://get.helm.sh/helm-{tag}-{os}-{arch}.tar.gz"

RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        release.name: release
        for release in (
            Release(name="talosctl", url=f"{_TALOS}/talosctl-{{os}}-{{arch}}", checksums=f"{_TALOS}/sha256sum.txt"),
            Release(name="kubectl", url=_KUBECTL, checksums=f"{_KUBECTL}.sha256"),
            Release(
                name="talhelper",
                url=f"{_TALHELPER}/talhelper_{{os}}_{{arch}}.tar.gz",
                checksums=f"{_TALHELPER}/checksums.txt",
                good=Version.parse("v3.1.16"),
            ),
            Release(
                name="sops",
                url=f"{_SOPS}/sops-{{tag}}.{{os}}.{{arch}}",
                checksums=f"{_SOPS}/sops-{{tag}}.checksums.txt",
                good=Version.parse("v3.11.0"),
            ),
            Release(
                name="age",
                url=f"{_AGE}/age-{{tag}}-{{os}}-{{arch}}.tar.gz",
                binaries=("age", "age-keygen"),
                good=Version.parse("v1.3.2"),
            ),
            # helm 4 has no `--atomic`, and kustomize before 5.8 refuses it
            Release(name="helm", url=_HELM, checksums=f"{_HELM}.sha256sum", good=Version.parse("v3.22.0")),
        )
    }
)
