"""Installer images that a patch sets, and that are not those of talconfig.yaml's schematic."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from talops.config.images import Factory, installer
from talops.config.patches import ENCRYPTED, TEMPLATE, images_in
from talops.config.scalar import Scalar
from talops.config.talconfig import factory, talos_version
from talops.domain.cluster import Installer
from talops.domain.finding import Finding
from talops.domain.talos import Version
from talops.errors import FilesInvalid
from talops.files.findings import warning
from talops.files.patchtexts import Patch, Patches
from talops.files.sources import Node, Sources
from talops.files.variables import NOT_KNOWN


def install_images(sources: Sources, patches: Patches) -> Iterator[Finding]:
    """One for each patch and image that it should be instead, with the nodes that get it."""
    try:
        version, images = talos_version(sources.top), factory(sources.top)
    except FilesInvalid:
        return
    found: dict[Finding, list[str]] = {}
    for node in sources.nodes:
        last = _last(patches.of_node(sources, node))
        wanted = _wanted(images, node, version)
        if last is None or wanted is None or last[1].text == str(wanted):
            continue
        patch, image = last
        if not _unreadable(image.text) and NOT_KNOWN not in str(wanted):
            what = f"this patch sets {_short(image.text)}, and not talconfig's {_short(str(wanted))}"
            about = warning("install-image", patch.place(image.at), what, _hint(wanted))
            found.setdefault(about, []).append(node.name)
    for about, names in found.items():
        yield replace(about, what=f"{_listed(names)}: {about.what}")


def _short(image: str) -> str:
    """Without what nobody reads of a schematic and a digest."""
    return re.sub(r"([0-9a-f]{8})[0-9a-f]{56}", r"\1…", image)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _last(patches: tuple[Patch, ...]) -> tuple[Patch, Scalar] | None:
    for patch in reversed(patches):
        images = [image for tree in patch.trees for image in images_in(tree)]
        if images:
            return patch, images[-1]
    return None


def _wanted(images: Factory, node: Node, version: Version) -> Installer | None:
    with suppress(FilesInvalid):
        return installer(images, node.row, node.role, version)
    return None


def _unreadable(image: str) -> bool:
    return TEMPLATE in image or image.startswith(ENCRYPTED) or NOT_KNOWN in image


def _hint(wanted: Installer) -> str:
    if wanted.from_files:
        return "take it out of the patch: `schematic` and `talosVersion` say it, and upgrades go by them"
    return "name it by `schematic` or `talosImageURL` instead: `talhelper gencommand upgrade` does not look at patches"
