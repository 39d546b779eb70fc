"""What it takes to bring a change onto a running node.

Talos compares the v1alpha1 documents: what differs outside of a list of paths is refused without a reboot; other kinds
of documents are never looked at there, since controllers follow them. The list is the same in 1.12 and 1.13. Source:
`CanApplyImmediate` of Talos' machined. What is stored at once, and yet changes nothing that runs, is said here, too.
"""

from collections.abc import Iterable

from talops.domain.machineconfig import Effect
from talops.files.documents import V1ALPHA1

_LIVE_MACHINE = (
    "ca acceptedCAs time certSANs install network sysfs sysctls logging controlPlane kubelet kernel registries pods",
    "seccompProfiles nodeAnnotations nodeLabels nodeTaints features.kubernetesTalosAPIAccess features.kubePrism",
    "features.hostDNS features.imageCache features.nodeAddressSortAlgorithm",
)
_LIVE = ("debug", "cluster", *(f"machine.{key}" for key in " ".join(_LIVE_MACHINE).split()))
_AT_BOOT = "Talos takes it at boot only"
_V1ALPHA1 = {
    "machine.type": (Effect.NEVER, "a node keeps its role: reset it and install it anew"),
    "cluster.network.podSubnets": (Effect.NEVER, "nodes and pods of a running cluster have addresses of it"),
    "cluster.network.serviceSubnets": (Effect.NEVER, "Services of a running cluster have addresses of it"),
    "machine.install.disk": (Effect.LIVE, "used when the node is installed anew"),
    "machine.install.diskSelector": (Effect.LIVE, "used when the node is installed anew"),
    "machine.install.image": (Effect.LIVE, "what runs changes with `talops upgrade all`"),
    "machine.install.extraKernelArgs": (Effect.LIVE, "used by the next upgrade"),
    "machine.systemDiskEncryption.state.provider": (Effect.NEVER, "the partition is encrypted when it is made"),
    "machine.systemDiskEncryption.ephemeral.provider": (Effect.NEVER, "the partition is encrypted when it is made"),
    "machine.registries.config.auth": (Effect.REBOOT, "containerd reads registry credentials when it starts"),
}
"""The longest path that fits counts. Names of mirrors, interfaces and the like are left out of it."""
_OTHERS = {
    ("RegistryAuthConfig", ""): (Effect.REBOOT, "containerd reads registry credentials when it starts"),
    **{
        (kind, path): (Effect.NEVER, "set when the volume is made: an existing one keeps what it has")
        for kind in ("UserVolumeConfig", "RawVolumeConfig", "SwapVolumeConfig", "VolumeConfig")
        for path in ("filesystem.type", "provisioning.diskSelector", "encryption.provider")
    },
}
_AS_A_WHOLE = {("machine", "features")}
"""Where only one side has it, Talos does not look at its parts."""
_WORST = (Effect.LIVE, Effect.REBOOT, Effect.NEVER)


def effect(kind: str, at: tuple[str, ...], paths: Iterable[tuple[str, ...]], *, whole: bool) -> tuple[Effect, str]:
    """The worst of these paths, which lie below `at`, with its reason. `whole`: the document itself comes or goes."""
    told = [_of(kind, path, whole) for path in paths] or [_of(kind, at, whole)]
    if at in _AS_A_WHOLE:
        told.append(_of(kind, at, whole))
    return max(told, key=lambda one: (_WORST.index(one[0]), bool(one[1])))


def _of(kind: str, path: tuple[str, ...], whole: bool) -> tuple[Effect, str]:
    if kind != V1ALPHA1:
        found = _OTHERS.get((kind, "")) or _longest(
            {path: told for (of, path), told in _OTHERS.items() if of == kind}, path
        )
        # a volume that is new has nothing to keep
        return (Effect.LIVE, "") if found is None or (whole and found[0] is Effect.NEVER) else found
    found = _longest(_V1ALPHA1, _without_names(path))
    if found is not None:
        return found
    live = any(_begins(path, known) for known in _LIVE)
    return (Effect.LIVE, "") if live else (Effect.REBOOT, _AT_BOOT)


def _without_names(path: tuple[str, ...]) -> tuple[str, ...]:
    """`machine.registries.config.<host>.auth` without its host."""
    return (*path[:3], *path[4:]) if path[:3] == ("machine", "registries", "config") else path


def _longest(rules: dict[str, tuple[Effect, str]], path: tuple[str, ...]) -> tuple[Effect, str] | None:
    fitting = [known for known in rules if _begins(path, known)]
    return rules[max(fitting, key=len)] if fitting else None


def _begins(path: tuple[str, ...], known: str) -> bool:
    words = tuple(known.split("."))
    return path[: len(words)] == words
