"""A cluster's repository, and `talops gen config` in it as a process of its own, with the real talhelper and sops."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import environment, talops

from command_line import KEY, ROOT
from real_tools import real

FILES = ("talconfig.yaml", "talenv.sops.yaml", "talsecret.sops.yaml", ".sops.yaml", "patches")
NODES = ("cp-1", "cp-2", "cp-3", "w-1", "w-2", "w-3")
MADE = {*(f"example-{node}.yaml" for node in NODES), "talosconfig", ".gitignore", ".talops-stamp.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How it ended, and what it said."""

    exit: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err

    def json(self) -> Any:  # whatever was printed
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repo:
    """The example cluster, committed. Everything that talops keeps elsewhere is below `home`."""

    folder: Path
    home: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def made(self) -> Path:
        return self.folder / "clusterconfig"

    def gen(self, *words: str, **changes: str) -> Ran:
        """`changes` of the environment; an empty one takes a variable away."""
        return self.gen_from(self.folder, *words, **changes)

    def gen_from(self, cwd: Path, *words: str, **changes: str) -> Ran:
        """From another working directory."""
        env = {name: value for name, value in {**self.env, **changes}.items() if value}
        done = talops("gen", "config", *words, cwd=cwd, env=env)
        return Ran(exit=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def change(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new))

    def contents(self) -> Mapping[str, bytes]:
        """Of clusterconfig/, by relative name."""
        return {str(path.relative_to(self.made)): path.read_bytes() for path in self.made.rglob("*") if path.is_file()}

    def git(self, *words: str) -> str:
        """Its output."""
        done = subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", *words],
            cwd=self.folder,
            env={**self.env, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout


def repository(root: Path, *, files: Mapping[str, str] | None = None) -> Repo:
    """`files` instead of the example's."""
    folder, home = root / "repo", root / "home"
    folder.mkdir(parents=True)
    home.mkdir()
    for name in FILES if files is None else ():
        source = ROOT / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder / name)
    for name, text in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    tools = os.pathsep.join(str(real(name).parent) for name in ("talhelper", "sops"))
    env = environment(home, SOPS_AGE_KEY_FILE=str(KEY))
    env["PATH"] = f"{tools}{os.pathsep}{env['PATH']}"
    repo = Repo(folder=folder, home=home, env=env)
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "--message=as it was")
    return repo


def in_between(repo: Repo) -> list[str]:
    """What lies in the repository that neither git knows nor anybody was told of."""
    return sorted(path.name for path in repo.folder.iterdir() if ".talops-" in path.name)


def wrapper(repo: Repo, script: str) -> Path:
    """A talhelper of a shell script that comes first on PATH; `$REAL` is the real one."""
    place = repo.home / "bin"
    place.mkdir(exist_ok=True)
    program = place / "talhelper"
    program.write_text(f"#!/bin/sh\nREAL={real('talhelper')}\n{script}\n")
    program.chmod(0o755)
    repo.env["PATH"] = f"{place}{os.pathsep}{repo.env['PATH']}"
    return program
