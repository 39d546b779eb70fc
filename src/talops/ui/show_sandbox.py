"""`talops sandbox status` as plain text."""

from collections.abc import Iterator, Sequence

from talops.domain.sandbox import SandboxNode, SandboxStatus
from talops.domain.words import duration
from talops.ui.words import folded


def show_sandbox(status: SandboxStatus, *, here: str, width: int = 80) -> str:
    """One line a node, what is broken on purpose, where the configs are, and what to type next `here`."""
    fast = "as fast as a real cluster" if status["speed"] == 1 else f"{status['speed']:g} times as fast as a real one"
    name = status["name"] + (f" (cluster {status['cluster']})" if status["cluster"] != status["name"] else "")
    lines = [f"sandbox {name}: process {status['pid']}, up for {duration(status['up'])}, {fast}", ""]
    rows = [_cells(node) for node in status["nodes"]]
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:<{most}}" for cell, most in zip(row, wide, strict=True)]
        lines += folded("  ".join(cells).rstrip(), width, rest="    ")
    lines += ["", *_faults(status, width)]
    lines += [f"files: {status['repository']}"]
    lines += [f"talosconfig: {status['talosconfig']}", f"kubeconfig:  {status['kubeconfig']}"]
    return "\n".join([*lines, f"next: {_next(status, here)}"])


def _next(status: SandboxStatus, here: str) -> str:
    repo = "" if status["repository"] == here else f" -C {status['repository']}"
    return f'eval "$(talops sandbox env --name {status["name"]})" && talops{repo} status'


def _cells(node: SandboxNode) -> Sequence[str]:
    spare = "B" if node["slot"] == "A" else "A"
    slots = f"{node['version']} ({node['slot']}; {spare} {node['other'] or 'empty'})"
    cordon = "CORDONED" if node["cordoned"] else ""
    return (node["hostname"], node["role"], node["address"], slots, node["state"], node["kubernetes"], cordon)


def _faults(status: SandboxStatus, width: int) -> Iterator[str]:
    if status["faults"]:
        yield from folded(f"faults: {', '.join(status['faults'])}", width, rest="    ")
    else:
        yield "faults: none"
