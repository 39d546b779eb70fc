"""The last words of a run, for a log and for a terminal alike."""

from collections.abc import Mapping

from talops.domain.event import Ended, NodeEnded, NodeState
from talops.ui.words import clean, count, duration, folded, meaning, names


def summary(ended: Ended, nodes: Mapping[str, NodeEnded], *, each_node: bool = True, width: int = 0) -> list[str]:
    """What happened, how long each node took and all together, what is left, and what to type next.

    `each_node` is False where a table above has said so already. With a `width` sentences are folded; what may be
    copied (the hint, the path) never is.
    """
    lines = [part for line in ended.what.splitlines() for part in _sentence(line, width)]
    if each_node:
        lines += _each_node(nodes)
    done = f" in all; {count(len(ended.upgraded), 'node')} done" if ended.counted else ""
    lines.append(f"took {duration(ended.took)}{done}")
    if ended.left:
        lines += _sentence(f"left: {names(ended.left)}", width)
    lines.append(meaning(ended.exit))
    if ended.hint:
        lines += [f"next: {clean(ended.hint)}"]
    if ended.journal:
        lines.append(f"journal: {clean(ended.journal)}")
    return lines


def _sentence(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return folded(line.strip(), width, first=indent, rest=f"{indent}  ") if width else [clean(line)]


def _each_node(nodes: Mapping[str, NodeEnded]) -> list[str]:
    wide = max((len(hostname) for hostname in nodes), default=0)
    return [
        f"  {hostname:<{wide}}  {duration(node.took):>7}"
        + ("" if node.state is NodeState.DONE else f"  {node.state.value}")
        for hostname, node in nodes.items()
    ]
