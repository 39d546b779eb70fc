"""The installer image of a node, by law 9: the files' schematic, or the running one where the files name none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from talops.domain.cluster import Desired, DesiredNode, Observed, ObservedNode
from talops.domain.plan import Refusal
from talops.domain.talos import TalosNode, Unknown
from talops.plan.extensions import canonical, lost

LAW = 9
EMPTY_SCHEMATIC = "376567988ad370138ad8b2698212367b8edcb69b5fd68c80be1f2ec7d603b4ba"
"""The Image Factory's ID of a schematic that customises nothing."""
LAST_PLAIN_MINOR = 13
"""From Talos 1.14 on the plain installer is no longer published."""

Resolved = Mapping[str, frozenset[str]]
"""Extensions by schematic ID, as far as files or running nodes say what is in it."""

_INSTALLER = re.compile(r"(?:(?P<platform>[a-z0-9]+)-)?installer(?P<secureboot>-secureboot)?")
_PLAIN = re.compile(r"(?:.*/)?siderolabs/(?:[a-z0-9]+-)?installer(?P<secureboot>-secureboot)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image reference, what it is to run (`schematic` None: not to be compared), and what to say about it."""

    reference: str
    schematic: str | None
    why: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def resolved_schematics(desired: Desired, observed: Observed) -> Resolved:
    """What is known to be in which schematic: an ID stands for its content, wherever that was seen."""
    known: dict[str, frozenset[str]] = {EMPTY_SCHEMATIC: frozenset()}
    for node in observed.nodes.values():
        if isinstance(node.talos, TalosNode) and isinstance(node.talos.schematic, str):
            known[node.talos.schematic] = canonical(node.talos.extensions)
    for wanted in desired.nodes:
        if wanted.installer.schematic is not None and wanted.extensions is not None:
            known[wanted.installer.schematic] = canonical(wanted.extensions)
    return known


def image_for(node: DesiredNode, observed: ObservedNode, known: Resolved | None = None) -> Image | Refusal:
    """The image for this node, or why none can be chosen without the risk of losing an extension."""
    talos = observed.talos
    if isinstance(talos, Unknown):
        return _refuse(node, f"what it runs is not known: {talos.reason}", _ask(node), transient=not talos.forbidden)
    running = talos.schematic
    if isinstance(running, Unknown):
        what = f"its running schematic is not known, so extensions might be lost: {running.reason}"
        return _refuse(node, what, _ask(node), transient=not running.forbidden)
    if not node.installer.from_files:
        return _kept(node, talos, running)
    wanted = node.installer.schematic
    is_new = talos.version != node.talos_version or wanted not in {None, running}
    unbootable = _lacks_secureboot(node, talos) if is_new else None
    if unbootable:
        return unbootable
    if wanted is None:
        return _foreign(node, talos, running)
    return _wanted(node, talos, running, wanted, known or {})


def _kept(node: DesiredNode, talos: TalosNode, running: str | None) -> Image | Refusal:
    """The files name no schematic: whatever runs goes on running, in the installer for the node's own platform."""
    if running is None:
        if canonical(talos.extensions):
            return _refuse(
                node,
                f"it runs {_list(canonical(talos.extensions))} from an image that is not the factory's, "
                "and the files name no schematic: the default image would lose them",
                f"give the node a `schematic` with these extensions in {_file(node)}",
            )
        return Image(reference=_for_its_platform(node, talos), schematic=node.installer.schematic)
    default, reference = node.installer.schematic, _for_its_platform(node, talos)
    if running != default and (default is None or default not in reference):
        return _refuse(
            node,
            f"it runs schematic {short(running)}, the files name none, and {reference} has no ID to keep it by",
            f"give the node the `schematic` that it runs in {_file(node)}, or `installerURLTmpl` an `{{{{.ID}}}}`",
        )
    kept = reference.replace(default, running) if default is not None else reference
    return Image(reference=kept, schematic=running, why=(f"the files name no schematic: {short(running)} is kept",))


def _for_its_platform(node: DesiredNode, talos: TalosNode) -> str:
    """The files' image, with the installer that this node needs; its ID may be anywhere (`installerURLTmpl`)."""
    registry, *path = node.installer.repository.split("/")
    repository = "/".join((registry, *(_installer_name(part, talos) for part in path)))
    return f"{repository}:{node.installer.tag}"


def _installer_name(name: str, talos: TalosNode) -> str:
    """`metal-installer` for the platform that the node says it is; the older form without one stays as it is."""
    match = _INSTALLER.fullmatch(name)
    if match is None:
        return name
    secureboot = "-secureboot" if match["secureboot"] or talos.secureboot else ""
    platform = f"{talos.platform or match['platform']}-" if match["platform"] else ""
    return f"{platform}installer{secureboot}"


def _wanted(node: DesiredNode, talos: TalosNode, running: str | None, wanted: str, known: Resolved) -> Image | Refusal:
    image = Image(reference=str(node.installer), schematic=wanted, warnings=_platform_warning(node, talos))
    if running == wanted:
        return image
    has = canonical(node.extensions) if node.extensions is not None else known.get(wanted)
    if has is None and running is None and not canonical(talos.extensions):
        has = frozenset()  # whatever is in it, there is nothing to lose
    if has is None:
        return _refuse(
            node,
            f"it runs schematic {short(running)}, the files want {short(wanted)}, and what is in that one "
            "is not known: extensions might be lost",
            f"write the schematic out (`schematic:`) in {_file(node)} instead of its ID in `talosImageURL`",
        )
    missing = lost(talos.extensions, has)
    if missing:
        return _refuse(
            node,
            f"schematic {short(wanted)} would lose {_list(missing)}, which runs now",
            f"add {', '.join(f'siderolabs/{name}' for name in missing)} to the schematic in {_file(node)}",
        )
    return _changed(image, talos, running, wanted, has)


def _changed(image: Image, talos: TalosNode, running: str | None, wanted: str, has: frozenset[str]) -> Image:
    gained = sorted(has - canonical(talos.extensions))
    adds = f", which adds {_list(gained)}" if gained else ""
    change = f"schematic {short(running)} to {short(wanted)}{adds}"
    warnings = image.warnings
    if running not in {None, EMPTY_SCHEMATIC}:
        warnings = (*warnings, "the schematic changes: kernel arguments and overlay of the old one are not compared")
    return Image(reference=image.reference, schematic=wanted, why=(change,), warnings=warnings)


def _foreign(node: DesiredNode, talos: TalosNode, running: str | None) -> Image | Refusal:
    """An image that is not the factory's: what is in it cannot be looked up, except that the plain one has nothing."""
    runs = canonical(talos.extensions)
    plain = _PLAIN.fullmatch(node.installer.repository) is not None
    if runs and (plain or running is not None):
        what = "has no extensions" if plain else "cannot be looked into"
        return _refuse(
            node,
            f"the image {node.installer.repository} {what}, and the node runs {_list(runs)}",
            f"name a `schematic` with these extensions in {_file(node)} instead of the image",
        )
    warnings = []
    if runs:
        warnings.append(f"the image cannot be looked into: it must have {_list(runs)}")
    if plain and node.talos_version.minor > LAST_PLAIN_MINOR:
        warnings.append(f"{node.installer.repository} is no longer published for {node.talos_version}")
    if running not in {None, EMPTY_SCHEMATIC}:
        warnings.append(f"kernel arguments and overlay of schematic {short(running)} are not in this image")
    return Image(reference=str(node.installer), schematic=None, warnings=tuple(warnings))


def _lacks_secureboot(node: DesiredNode, talos: TalosNode) -> Refusal | None:
    if not talos.secureboot:
        return None
    repository, schematic = node.installer.repository, node.installer.schematic
    name = repository.removesuffix(f"/{schematic}").rpartition("/")[2]
    match = _INSTALLER.fullmatch(name)
    if match is None or match["secureboot"] or (schematic is None and not _PLAIN.fullmatch(repository)):
        return None
    hint = f"set `secureboot: true` under `machineSpec` in {_file(node)}"
    if node.extensions is None:
        hint = f"name {name}-secureboot in the `talosImageURL` of {_file(node)}"
    what = f"it boots with Secure Boot, and {name} is not signed for that: it would not come back"
    return _refuse(node, what, hint)


def _platform_warning(node: DesiredNode, talos: TalosNode) -> tuple[str, ...]:
    name = node.installer.repository.removesuffix(f"/{node.installer.schematic}").rpartition("/")[2]
    match = _INSTALLER.fullmatch(name)
    if match is None or not match["platform"] or not talos.platform or match["platform"] == talos.platform:
        return ()
    return (f"the node runs on platform {talos.platform}, and the files name {name} (`machineSpec.mode`)",)


def short(schematic: str | None) -> str:
    """The first digits, which are enough to tell schematics apart on a screen."""
    return f"{schematic[:8]}…" if schematic else "none"


def _list(names: Sequence[str] | frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _file(node: DesiredNode) -> str:
    return node.where or "talconfig.yaml"


def _ask(node: DesiredNode) -> str:
    return f"talosctl -n {node.addresses[0]} get extensions"


def _refuse(node: DesiredNode, what: str, hint: str, *, transient: bool = False) -> Refusal:
    return Refusal(law=LAW, hostname=node.hostname, what=what, hint=hint, transient=transient)
