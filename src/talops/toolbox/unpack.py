"""The programs in a release file: the file itself, or members of a tar or zip archive. Nothing else is unpacked.

A member is found by its last name and written to a name of ours: what paths an archive may hold means nothing.
"""

import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TypeVar

from talops.errors import ToolFailed
from talops.toolbox.releases import file_name

Member = TypeVar("Member", tarfile.TarInfo, zipfile.ZipInfo)
_LIMIT = 1024 * 1024 * 1024
"""Bytes of one program; the largest of today has a tenth of it."""
_TEXTS = (b"<", b"{")
"""What a page, or an error as JSON, begins with, and no program."""


def unpack(file: Path, url: str, programs: Sequence[str], into: Path) -> None:
    """Write each program into the folder. Raises ToolFailed for a file that does not hold it; OSError is the disk's."""
    name = file_name(url)
    try:
        if name.endswith((".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar")):
            _from_tar(file, name, programs, into)
        elif name.endswith(".zip"):
            _from_zip(file, name, programs, into)
        else:
            (program,) = programs
            shutil.copyfile(file, into / program)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise ToolFailed(f"{name} is no archive, or a broken one: {str(error)[:100]}", hint=_LOOK) from None
    for program in programs:
        _must_be_a_program(into / program, name)


_LOOK = "is the address right? what does it serve? see `url` in talops.lock"


def _from_tar(file: Path, name: str, programs: Sequence[str], into: Path) -> None:
    with _ours(name), tarfile.open(file) as archive:
        members = [member for member in archive if member.isreg()]
        for program in programs:
            member = _only([one for one in members if _called(one.name, program)], program, name)
            source = archive.extractfile(member)
            if source is None:
                raise tarfile.TarError("a member cannot be read")
            with source:
                _copy(source, into / program, name)


def _from_zip(file: Path, name: str, programs: Sequence[str], into: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        for program in programs:
            member = _only([one for one in members if _called(one.filename, program)], program, name)
            with archive.open(member) as source:
                _copy(source, into / program, name)


@contextmanager
def _ours(name: str) -> Iterator[None]:
    """What gzip says of a broken file is an OSError, and not the disk's."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise ToolFailed(f"{name} is no archive, or a broken one: {error}", hint=_LOOK) from None
        raise


def _called(member: str, program: str) -> bool:
    return PurePosixPath(member).name == program


def _only(found: list[Member], program: str, name: str) -> Member:
    if len(found) != 1:
        many = f"{len(found)} files" if found else "no file"
        raise ToolFailed(f"{name} holds {many} called {program}", hint=_LOOK)
    return found[0]


def _copy(source: IO[bytes], path: Path, name: str) -> None:
    left = _LIMIT
    with path.open("wb") as file:
        while piece := source.read(1024 * 1024):
            left -= len(piece)
            if left < 0:
                raise ToolFailed(f"{name} unpacks to more than {_LIMIT >> 20} MiB, which no tool is", hint=_LOOK)
            file.write(piece)


def _must_be_a_program(path: Path, name: str) -> None:
    with path.open("rb") as file:
        head = file.read(64).lstrip()
    if not head or head.startswith(_TEXTS):
        raise ToolFailed(f"{name}: what came is {_kind(head)}, and no program", hint=_LOOK)


def _kind(head: bytes) -> str:
    return "empty" if not head else "a web page" if head.startswith(b"<") else "a message as JSON"
