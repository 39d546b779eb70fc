"""The machine config that a node keeps: the text it runs with, and the one on its disk. Secrets: never print them."""

import re
from collections.abc import Callable

ACTIVE, PERSISTENT = "v1alpha1", "persistent"
"""The ids of their resources."""
_IMAGE = re.compile(
    r"^(?P<before> +image: [\"']?)(?P<image>\S*/(?P<name>kubelet|kube-[a-z-]+):(?P<tag>v[^\s\"'@]+)(?:@[^\s\"']+)?)",
    re.MULTILINE,
)


def kubelet_of(text: str) -> str:
    """The version of the kubelet that a config asks for; empty when it names none."""
    return next((found["tag"] for found in _IMAGE.finditer(text) if found["name"] == "kubelet"), "")


def images_of(text: str) -> dict[str, str]:
    """Those of Kubernetes that a config names, by component."""
    return {found["name"]: found["image"] for found in _IMAGE.finditer(text)}


def with_kubernetes(text: str, version: str) -> str:
    """This config as it was when the node ran that Kubernetes. A digest would be another one."""

    def earlier(found: re.Match[str]) -> str:
        repository, _, _ = found["image"].partition(f":{found['tag']}")
        return f"{found['before']}{repository}:{version}"

    return _IMAGE.sub(earlier, text)


class StoredConfig:
    """`begin` makes the first text, when somebody asks for it.

    The resource of the one on the disk is there only since somebody has set it in this boot, and versions count from 1
    in each boot. Source: Talos v1.13.0, acquire.go (what came from the disk is not persisted again) and the state in
    memory of COSI, where every update makes a new version, whether or not it changes anything.
    """

    def __init__(self, begin: Callable[[], str]) -> None:
        self._begin: Callable[[], str] | None = begin
        self._active = self._on_disk = ""
        self.active_version, self.persistent_version = 1, 0
        self.trial: object = None
        """Something of its own for each time that a config is tried, until that is settled."""

    def __repr__(self) -> str:
        return f"StoredConfig(active_version={self.active_version}, persistent_version={self.persistent_version})"

    @property
    def seen(self) -> bool:
        """Whether anybody has asked for it, or changed it."""
        return self._begin is None

    @property
    def active(self) -> str:
        self._read()
        return self._active

    @property
    def on_disk(self) -> str:
        """What the next boot takes."""
        self._read()
        return self._on_disk

    def _read(self) -> None:
        if self._begin is not None:
            self._active = self._on_disk = self._begin()
            self._begin = None

    def run_with(self, text: str) -> None:
        self._read()
        self._active = text
        self.active_version += 1

    def persist(self, text: str) -> None:
        self._read()
        self._on_disk = text
        self.persistent_version += 1

    def boot(self) -> bool:
        """Whether it is another one than before."""
        changed = self._active != self._on_disk
        self._active = self._on_disk
        self.active_version, self.persistent_version, self.trial = 1, 0, None
        return changed

    def resources(self) -> list[tuple[str, str, int]]:
        """Id, text and version of each."""
        found = [(ACTIVE, self.active, self.active_version)]
        if self.persistent_version:
            found.append((PERSISTENT, self.on_disk, self.persistent_version))
        return found
