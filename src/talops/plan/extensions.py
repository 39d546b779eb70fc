"""Names of system extensions, which files and nodes spell differently."""

from collections.abc import Iterable, Mapping

GENERATED = frozenset({"schematic", "modules.dep"})
"""Listed among a node's extensions, but made by the image builder: no schematic names them."""

RENAMED: Mapping[str, str] = {
    "v4l-uvc": "v4l-uvc-drivers",
    "usb-modem": "usb-modem-drivers",
    "gasket": "gasket-driver",
    "talos-vmtoolsd": "vmtoolsd-guest-agent",
    "xe-guest-utilities": "xen-guest-agent",
    "i915-ucode": "i915",
    "amdgpu-firmware": "amdgpu",
    "nvidia-container-toolkit": "nvidia-container-toolkit-lts",
    "nvidia-open-gpu-kernel-modules": "nvidia-open-gpu-kernel-modules-lts",
    "nonfree-kmod-nvidia": "nonfree-kmod-nvidia-lts",
    "nvidia-fabricmanager": "nvidia-fabricmanager-lts",
    "nvidia-fabric-manager-lts": "nvidia-fabricmanager-lts",
    "nvidia-fabric-manager-production": "nvidia-fabricmanager-production",
}
"""Older name, or the name in a faulty manifest, to the present one. The Image Factory takes either."""


def canonical(names: Iterable[str]) -> frozenset[str]:
    """`siderolabs/iscsi-tools` of a schematic and `iscsi-tools` of a node are the same extension."""
    bare = {name.strip().rpartition("/")[2] for name in names}
    return frozenset(RENAMED.get(name, name) for name in bare if name) - GENERATED


def lost(running: Iterable[str], target: Iterable[str]) -> tuple[str, ...]:
    """Running extensions that the target would not have."""
    return tuple(sorted(canonical(running) - canonical(target)))
