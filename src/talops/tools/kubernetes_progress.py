"""How far a `talosctl upgrade-k8s` has come, from what it has printed so far. Pure.

Of its lines only those are read that name a component and a node. Between releases the space before `>` comes and
goes, and the quotes around kube-proxy and kubelet do, too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from talops.domain.components import Component
from talops.domain.event import Move
from talops.tools.components import image_parts

_PULLS = re.compile(r'^\s*> "(?P<node>[^"]+)": pre-pulling (?P<image>\S+)$')
_TURN = re.compile(r'^updating (?:daemonset )?"?(?P<component>kube-[a-z-]+|kubelet)"? to version')
_LINE = re.compile(r'^\s*(?P<arrow>[<>]) "(?P<node>[^"]+)": (?P<words>.+)$')
_MANIFESTS = re.compile(r"^updating manifests")
_BEGINS = "starting update"
_WAITS = "waiting for "


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that it has told: `address` is the node's, as Kubernetes has it."""

    address: str
    component: Component
    move: Move
    text: str = ""


@dataclass(slots=True)
class Progress:
    """Reads what is new of a growing output. `last` is the newest thing of it; `manifests`: only those are left.

    `heard` counts the lines that tell of progress: noise, such as a watch that broke and begins anew, is none.
    """

    last: Told | None = None
    manifests: bool = False
    heard: int = 0
    _length: int = 0
    _component: Component | None = None

    def read(self, output: bytes) -> Iterator[Told]:
        """What the whole lines since the last time tell."""
        end = output.rfind(b"\n") + 1
        text, self._length = output[self._length : end].decode("utf-8", "replace"), max(end, self._length)
        for line in text.splitlines():
            told = self._told(line)
            self.heard += told is not None or self.manifests
            if told is not None:
                self.last = told
                yield told

    def _told(self, line: str) -> Told | None:
        if _MANIFESTS.match(line):
            self.manifests, self.last = True, None
        if turn := _TURN.match(line):
            found = turn["component"]
            self._component = Component(found) if found in set(Component) else None
        if pulls := _PULLS.match(line):
            name = image_parts(pulls["image"])[0].rpartition("/")[2]
            return _pulls(pulls["node"], name) if name in set(Component) else None
        found_line = _LINE.match(line)
        if found_line is None or self._component is None:
            return None
        return self._moved(found_line["node"], found_line["arrow"], found_line["words"], self._component)

    def _moved(self, node: str, arrow: str, words: str, component: Component) -> Told | None:
        if arrow == "<":
            return Told(address=node, component=component, move=Move.DONE)
        if words == _BEGINS:
            return Told(address=node, component=component, move=Move.BEGINS)
        if words.startswith(_WAITS):
            return Told(address=node, component=component, move=Move.WAITS, text=words.removeprefix(_WAITS))
        return None


def _pulls(node: str, name: str) -> Told:
    return Told(address=node, component=Component(name), move=Move.PULLS)
