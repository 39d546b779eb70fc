"""`talops sandbox status` as plain text."""

from collections.abc import Iterator

from talops.domain.sandbox import SandboxNode, SandboxStatus
from talops.domain.words import duration
from talops.ui.words import folded


def show_sandbox(status: SandboxStatus, *, width: int = 80) -> str:
    """One line a node, what is broken on purpose, where the configs are, and what to type next."""
    fast = "as fast as a real cluster" if status["speed"] == 1 else f"{status['speed']:g} times as fast as a real one"
    name = status["name"] + (f" (cluster {status['cluster']})" if status["cluster"] != status["name"] else "")
    lines = [f"sandbox {name}: process {status['pid']}, up for {duration(status['up'])}, {fast}", ""]
    wide = max(len(node["hostname"]) for node in status["nodes"])
    for node in status["nodes"]:
        lines += folded(_node(node, wide), width, rest="    ")
    lines += ["", *_faults(status, width)]
    lines += [f"files: {status['repository']}"]
    lines += [f"talosconfig: {status['talosconfig']}", f"kubeconfig:  {status['kubeconfig']}"]
    return "\n".join([*lines, f"next: {next_steps(status)}"])


def next_steps(status: SandboxStatus) -> str:
    """What a person types into the same shell. The files are named: they need not be where that person stands."""
    return f'eval "$(talops sandbox env --name {status["name"]})"; talops -C {status["repository"]} status'


def _node(node: SandboxNode, wide: int) -> str:
    other = f"other slot {node['other']}" if node["other"] else "other slot empty"
    words = [f"{node['hostname']:<{wide}}", f"{node['role']:<12}", f"{node['address']:<15}"]
    words += [f"{node['version']} in {node['slot']}", other, node["state"], node["kubernetes"]]
    return "  ".join([*words, *(["CORDONED"] if node["cordoned"] else [])])


def _faults(status: SandboxStatus, width: int) -> Iterator[str]:
    if status["faults"]:
        yield from folded(f"faults: {', '.join(status['faults'])}", width, rest="    ")
    else:
        yield "faults: none"
