"""The image of a node, to the letter, and law 9: no extension is ever lost."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from builders import (
    EXTENSIONS,
    OTHER_SCHEMATIC,
    SCHEMATIC,
    change_desired,
    change_talos,
    desired_cluster,
    healthy_observed,
)
from talops.domain.cluster import Desired, DesiredNode, Installer, Observed, Policy
from talops.domain.plan import Plan, Refusal, UpgradeNode
from talops.domain.talos import TalosNode, Unknown, Version
from talops.plan import upgrade_plan
from talops.plan.extensions import canonical, lost
from talops.plan.images import EMPTY_SCHEMATIC

OLD = "v1.12.4"
FACTORY = "factory.talos.dev"
DESIRED = desired_cluster()
UNNAMED = desired_cluster(schematic=EMPTY_SCHEMATIC, extensions=None, from_files=False)
"""Files that name neither schematic nor image: talhelper's default is the empty schematic."""
RUNNING = ("iscsi-tools", "util-linux-tools")


def of(
    plan_of: Desired,
    change: Callable[[TalosNode], TalosNode] = lambda talos: talos,
    *,
    version: str = OLD,
    want: Callable[[DesiredNode], DesiredNode] = lambda node: node,
) -> Plan:
    """The plan of `w-1` alone, with what it runs and what is wanted of it changed."""
    desired = change_desired(plan_of, "w-1", want)
    observed = change_talos(healthy_observed(plan_of, version=version), "w-1", change)
    return upgrade_plan(desired, observed, Policy(), only=("w-1",))


def step(plan: Plan) -> UpgradeNode:
    assert plan.refusals == ()
    (only,) = plan.upgrades
    assert only.hostname == "w-1"
    return only


def refused(plan: Plan) -> Refusal:
    (refusal,) = plan.refusals
    assert refusal.hostname == "w-1"
    assert refusal.law == 9
    assert refusal.hint
    assert plan.upgrades == ()
    return refusal


def runs(**changed: Any) -> Callable[[TalosNode], TalosNode]:
    return lambda talos: replace(talos, **changed)


def installs(repository: str, schematic: str | None = None) -> Callable[[DesiredNode], DesiredNode]:
    def changed(node: DesiredNode) -> DesiredNode:
        installer = Installer(repository=repository, tag="v1.13.1", schematic=schematic, from_files=True)
        return replace(node, installer=installer, extensions=None)

    return changed


def by_template(repository: str, tag: str = "v1.13.1") -> Callable[[DesiredNode], DesiredNode]:
    """What `installerURLTmpl` makes of files that name no schematic."""
    return lambda node: replace(
        node, installer=Installer(repository=repository, tag=tag, schematic=EMPTY_SCHEMATIC, from_files=False)
    )


def test_nodes_at_the_target_are_kept() -> None:
    plan = upgrade_plan(DESIRED, healthy_observed(DESIRED), Policy())
    assert (plan.upgrades, plan.refusals, plan.warnings) == ((), (), ())
    assert [kept.hostname for kept in plan.kept] == ["cp-2", "cp-3", "cp-1", "w-1", "w-2", "w-3"]
    assert {kept.why for kept in plan.kept} == {"runs v1.13.1 with schematic aaaaaaaa…"}


def test_a_new_version_keeps_the_schematic_that_the_files_name() -> None:
    found = step(of(DESIRED))
    assert found.image == f"{FACTORY}/metal-installer/{SCHEMATIC}:v1.13.1"
    assert found.schematic == SCHEMATIC
    assert (found.from_version, found.version) == (Version.parse(OLD), Version.parse("v1.13.1"))
    assert found.address == "10.1.0.4"
    assert found.why == ("v1.12.4 to v1.13.1", "worker 1 of 3")
    assert found.warnings == ()


def test_a_new_schematic_at_the_same_version_is_an_upgrade_of_that_node_alone() -> None:
    observed = change_talos(
        healthy_observed(DESIRED), "w-2", runs(schematic=OTHER_SCHEMATIC, extensions=("iscsi-tools",))
    )
    plan = upgrade_plan(DESIRED, observed, Policy())
    (found,) = plan.upgrades
    assert found.hostname == "w-2"
    assert found.from_version == found.version
    assert found.why == ("schematic bbbbbbbb… to aaaaaaaa…, which adds util-linux-tools", "worker 2 of 3")
    assert found.warnings == ("the schematic changes: kernel arguments and overlay of the old one are not compared",)
    assert len(plan.kept) == 5


@pytest.mark.parametrize("running", [None, EMPTY_SCHEMATIC])
def test_a_first_schematic_replaces_no_kernel_arguments(running: str | None) -> None:
    found = step(of(DESIRED, runs(schematic=running, extensions=()), version="v1.13.1"))
    assert found.schematic == SCHEMATIC
    assert found.warnings == ()
    assert "which adds iscsi-tools, util-linux-tools" in found.why[0]


@pytest.mark.parametrize(
    ("change", "image", "schematic"),
    [
        (lambda t: t, f"{FACTORY}/metal-installer/{EMPTY_SCHEMATIC}:v1.13.1", EMPTY_SCHEMATIC),
        (
            runs(schematic=OTHER_SCHEMATIC, extensions=RUNNING),
            f"{FACTORY}/metal-installer/{OTHER_SCHEMATIC}:v1.13.1",
            OTHER_SCHEMATIC,
        ),
        (
            runs(schematic=OTHER_SCHEMATIC, platform="nocloud"),
            f"{FACTORY}/nocloud-installer/{OTHER_SCHEMATIC}:v1.13.1",
            OTHER_SCHEMATIC,
        ),
        (
            runs(schematic=OTHER_SCHEMATIC, secureboot=True),
            f"{FACTORY}/metal-installer-secureboot/{OTHER_SCHEMATIC}:v1.13.1",
            OTHER_SCHEMATIC,
        ),
        # no schematic runs: the default one, and still the installer that this node boots
        (
            runs(schematic=None),
            f"{FACTORY}/metal-installer/{EMPTY_SCHEMATIC}:v1.13.1",
            EMPTY_SCHEMATIC,
        ),
        (
            runs(schematic=None, secureboot=True, platform="nocloud"),
            f"{FACTORY}/nocloud-installer-secureboot/{EMPTY_SCHEMATIC}:v1.13.1",
            EMPTY_SCHEMATIC,
        ),
        (
            runs(schematic=None, platform=""),
            f"{FACTORY}/metal-installer/{EMPTY_SCHEMATIC}:v1.13.1",
            EMPTY_SCHEMATIC,
        ),
    ],
)
def test_files_that_name_no_schematic_keep_the_running_one(
    change: Callable[[TalosNode], TalosNode], image: str, schematic: str
) -> None:
    found = step(of(UNNAMED, change))
    assert found.image == image
    assert found.schematic == schematic


@pytest.mark.parametrize(
    ("repository", "tag", "image"),
    [
        (f"{FACTORY}/installer/{EMPTY_SCHEMATIC}", "v1.13.1", f"{FACTORY}/installer/{OTHER_SCHEMATIC}:v1.13.1"),
        (
            f"mirror:5000/talos/metal-installer-secureboot/{EMPTY_SCHEMATIC}",
            "v1.13.1",
            f"mirror:5000/talos/metal-installer-secureboot/{OTHER_SCHEMATIC}:v1.13.1",
        ),
        (f"mirror/{EMPTY_SCHEMATIC}/metal-installer", "v1.13.1", f"mirror/{OTHER_SCHEMATIC}/metal-installer:v1.13.1"),
        (f"mirror/talos-{EMPTY_SCHEMATIC}", "v1.13.1", f"mirror/talos-{OTHER_SCHEMATIC}:v1.13.1"),
        ("mirror/installer", f"{EMPTY_SCHEMATIC}-v1.13.1", f"mirror/installer:{OTHER_SCHEMATIC}-v1.13.1"),
    ],
)
def test_the_running_schematic_is_kept_wherever_the_template_puts_its_id(repository: str, tag: str, image: str) -> None:
    found = step(of(UNNAMED, runs(schematic=OTHER_SCHEMATIC), want=by_template(repository, tag)))
    assert found.image == image
    assert found.schematic == OTHER_SCHEMATIC
    assert "the files name no schematic: bbbbbbbb… is kept" in found.why


def test_a_template_without_an_id_cannot_keep_a_schematic() -> None:
    want = by_template("mirror/talos/installer")
    other = refused(of(UNNAMED, runs(schematic=OTHER_SCHEMATIC), want=want))
    assert "mirror/talos/installer:v1.13.1 has no ID to keep it by" in other.what
    assert step(of(UNNAMED, want=want)).image == "mirror/talos/installer:v1.13.1"


def test_at_the_target_version_files_that_name_no_schematic_want_nothing() -> None:
    plan = of(UNNAMED, runs(schematic=Unknown("i/o timeout")), version="v1.13.1")
    assert (plan.upgrades, plan.refusals) == ((), ())
    assert {kept.why for kept in plan.kept if kept.hostname == "w-1"} == {"runs v1.13.1; the files name no schematic"}


def test_extensions_of_an_unknown_image_are_not_exchanged_for_the_default() -> None:
    found = refused(of(UNNAMED, runs(schematic=None, extensions=("zfs",))))
    assert "it runs zfs from an image that is not the factory's" in found.what


@pytest.mark.parametrize("version", [OLD, "v1.13.1"])
def test_a_schematic_that_would_lose_an_extension_is_refused(version: str) -> None:
    found = refused(
        of(
            DESIRED,
            runs(schematic=OTHER_SCHEMATIC, extensions=(*RUNNING, "zfs", "drbd")),
            version=version,
        )
    )
    assert found.what == "schematic aaaaaaaa… would lose drbd, zfs, which runs now"
    assert found.hint == "add siderolabs/drbd, siderolabs/zfs to the schematic in talconfig.yaml:25"
    assert not found.transient


def test_a_schematic_that_cannot_be_resolved_is_refused() -> None:
    want = installs(f"{FACTORY}/metal-installer/{OTHER_SCHEMATIC}", OTHER_SCHEMATIC)
    found = refused(of(DESIRED, want=want))
    assert "it runs schematic aaaaaaaa…, the files want bbbbbbbb…" in found.what
    assert "what is in that one is not known" in found.what


def test_a_schematic_is_resolved_by_another_node_that_runs_it() -> None:
    desired = change_desired(DESIRED, "w-1", installs(f"{FACTORY}/metal-installer/{OTHER_SCHEMATIC}", OTHER_SCHEMATIC))
    observed = healthy_observed(DESIRED, version=OLD)

    def seen_with(*names: str) -> Observed:
        return change_talos(observed, "w-3", runs(schematic=OTHER_SCHEMATIC, extensions=names))

    assert step(upgrade_plan(desired, seen_with(*RUNNING, "zfs"), Policy(), only=("w-1",))).schematic == OTHER_SCHEMATIC
    assert (
        "would lose util-linux-tools"
        in refused(upgrade_plan(desired, seen_with("iscsi-tools"), Policy(), only=("w-1",))).what
    )


def test_a_schematic_is_resolved_by_another_node_that_the_files_write_out() -> None:
    want = installs(f"{FACTORY}/metal-installer/{SCHEMATIC}", SCHEMATIC)
    change = runs(schematic=OTHER_SCHEMATIC)
    assert step(of(DESIRED, change, want=want)).schematic == SCHEMATIC


def test_an_unresolvable_schematic_that_already_runs_is_no_change() -> None:
    want = installs(f"{FACTORY}/metal-installer/{OTHER_SCHEMATIC}", OTHER_SCHEMATIC)
    found = step(of(DESIRED, runs(schematic=OTHER_SCHEMATIC, extensions=("zfs",)), want=want))
    assert found.image == f"{FACTORY}/metal-installer/{OTHER_SCHEMATIC}:v1.13.1"


def test_a_node_with_nothing_to_lose_may_get_a_schematic_that_cannot_be_resolved() -> None:
    want = installs(f"{FACTORY}/metal-installer/{OTHER_SCHEMATIC}", OTHER_SCHEMATIC)
    assert step(of(DESIRED, runs(schematic=None, extensions=()), want=want)).schematic == OTHER_SCHEMATIC
    assert "not known" in refused(of(DESIRED, runs(schematic=None), want=want)).what


@pytest.mark.parametrize("desired", [DESIRED, UNNAMED])
@pytest.mark.parametrize("forbidden", [False, True])
def test_an_unknown_running_schematic_is_refused(desired: Desired, forbidden: bool) -> None:
    gap = Unknown("i/o timeout", forbidden=forbidden)
    found = refused(of(desired, runs(schematic=gap)))
    assert "its running schematic is not known, so extensions might be lost: i/o timeout" in found.what
    assert found.transient is not forbidden


@pytest.mark.parametrize(
    ("repository", "running", "extensions", "words"),
    [
        ("ghcr.io/siderolabs/installer", SCHEMATIC, RUNNING, "has no extensions, and the node runs iscsi-tools, util"),
        ("ghcr.io/siderolabs/installer", None, ("zfs",), "has no extensions, and the node runs zfs"),
        ("mirror/siderolabs/metal-installer", None, ("zfs",), "has no extensions, and the node runs zfs"),
        ("ghcr.io/example/installer", SCHEMATIC, RUNNING, "cannot be looked into, and the node runs iscsi-tools"),
    ],
)
def test_an_image_of_other_making_must_not_lose_extensions(
    repository: str, running: str | None, extensions: tuple[str, ...], words: str
) -> None:
    change = runs(schematic=running, extensions=extensions)
    assert words in refused(of(DESIRED, change, want=installs(repository))).what


@pytest.mark.parametrize(
    ("repository", "running", "extensions", "warning"),
    [
        ("ghcr.io/siderolabs/installer", None, (), ""),
        ("ghcr.io/siderolabs/installer", EMPTY_SCHEMATIC, (), ""),
        (
            "ghcr.io/siderolabs/installer",
            SCHEMATIC,
            (),
            "kernel arguments and overlay of schematic aaaaaaaa… are not in",
        ),
        ("ghcr.io/example/installer", None, ("zfs",), "the image cannot be looked into: it must have zfs"),
        ("ghcr.io/example/installer", None, (), ""),
    ],
)
def test_an_image_of_other_making_is_taken_as_it_stands(
    repository: str, running: str | None, extensions: tuple[str, ...], warning: str
) -> None:
    change = runs(schematic=running, extensions=extensions)
    found = step(of(DESIRED, change, want=installs(repository)))
    assert found.image == f"{repository}:v1.13.1"
    assert found.schematic is None
    assert [warning in told for told in found.warnings] == ([True] if warning else [])


def test_an_image_of_other_making_at_the_target_version_is_kept() -> None:
    plan = of(
        DESIRED,
        runs(schematic=None, extensions=()),
        version="v1.13.1",
        want=installs("ghcr.io/example/installer"),
    )
    assert (plan.upgrades, plan.refusals) == ((), ())


def test_the_plain_installer_is_no_longer_published_for_1_14() -> None:
    desired = desired_cluster(talos_version="v1.14.0", schematic=None, extensions=())
    desired = change_desired(
        desired,
        "w-1",
        lambda n: replace(n, installer=replace(n.installer, repository="ghcr.io/siderolabs/installer")),
    )
    observed = healthy_observed(desired, version="v1.13.1")
    found = step(upgrade_plan(desired, observed, Policy(), only=("w-1",)))
    assert found.warnings == ("ghcr.io/siderolabs/installer is no longer published for v1.14.0",)


@pytest.mark.parametrize(
    ("repository", "schematic"),
    [
        (f"{FACTORY}/metal-installer/{SCHEMATIC}", SCHEMATIC),
        (f"{FACTORY}/installer/{SCHEMATIC}", SCHEMATIC),
        (f"mirror/{SCHEMATIC}/metal-installer", SCHEMATIC),
        ("ghcr.io/siderolabs/installer", None),
    ],
)
def test_a_node_that_boots_with_secure_boot_gets_no_unsigned_image(repository: str, schematic: str | None) -> None:
    bare = () if schematic is None else RUNNING
    found = refused(of(DESIRED, runs(secureboot=True, extensions=bare), want=installs(repository, schematic)))
    assert "it boots with Secure Boot" in found.what
    assert "-secureboot in the `talosImageURL`" in found.hint


def test_files_that_write_the_schematic_out_are_told_to_set_secureboot() -> None:
    found = refused(of(DESIRED, runs(secureboot=True)))
    assert found.hint == "set `secureboot: true` under `machineSpec` in talconfig.yaml:25"


@pytest.mark.parametrize(
    ("repository", "schematic"),
    [
        (f"{FACTORY}/metal-installer-secureboot/{SCHEMATIC}", SCHEMATIC),
        (f"{FACTORY}/installer-secureboot/{SCHEMATIC}", SCHEMATIC),
        (f"mirror/{SCHEMATIC}/metal-installer-secureboot", SCHEMATIC),
        ("ghcr.io/siderolabs/installer-secureboot", None),
        # nobody knows what is in these
        ("ghcr.io/example/installer", None),
        (f"mirror/talos/{SCHEMATIC}", SCHEMATIC),
    ],
)
def test_a_signed_image_is_for_nodes_that_boot_with_secure_boot(repository: str, schematic: str | None) -> None:
    change = runs(secureboot=True, extensions=() if schematic is None else RUNNING)
    assert step(of(DESIRED, change, want=installs(repository, schematic))).image == f"{repository}:v1.13.1"


@pytest.mark.parametrize("want", [lambda n: n, installs("ghcr.io/siderolabs/installer")])
def test_secure_boot_that_the_files_forget_does_not_refuse_a_node_that_is_at_the_target(
    want: Callable[[DesiredNode], DesiredNode],
) -> None:
    bare = want(DESIRED.nodes[3]).installer.schematic is None
    change = runs(secureboot=True, extensions=() if bare else RUNNING)
    plan = of(DESIRED, change, version="v1.13.1", want=want)
    assert (plan.upgrades, plan.refusals) == ((), ())


def test_another_platform_than_the_files_name_is_warned_about() -> None:
    found = step(of(DESIRED, runs(platform="nocloud")))
    assert found.image == f"{FACTORY}/metal-installer/{SCHEMATIC}:v1.13.1"
    assert found.warnings == (
        "the node runs on platform nocloud, and the files name metal-installer (`machineSpec.mode`)",
    )


@pytest.mark.parametrize(("same", "warnings"), [(True, 0), (False, 1)])
def test_an_image_that_a_patch_sets_is_warned_about(same: bool, warnings: int) -> None:
    image = f"{FACTORY}/metal-installer/{SCHEMATIC if same else OTHER_SCHEMATIC}:v1.13.1"
    found = step(of(DESIRED, want=lambda n: replace(n, patched_image=image)))
    assert found.image == f"{FACTORY}/metal-installer/{SCHEMATIC}:v1.13.1"
    assert [image in told for told in found.warnings] == [True] * warnings


@pytest.mark.parametrize(
    ("running", "target", "missing"),
    [
        (("iscsi-tools",), ("siderolabs/iscsi-tools",), ()),
        (("v4l-uvc",), ("siderolabs/v4l-uvc-drivers",), ()),
        (("v4l-uvc-drivers",), ("siderolabs/v4l-uvc",), ()),
        (("schematic", "modules.dep", ""), (), ()),
        (("zfs", "drbd"), ("siderolabs/drbd",), ("zfs",)),
        ((), ("siderolabs/drbd",), ()),
    ],
)
def test_extensions_are_compared_by_their_present_bare_names(
    running: tuple[str, ...], target: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    assert lost(running, target) == missing


def test_the_canonical_name_of_an_extension_has_no_author() -> None:
    assert canonical(EXTENSIONS) == frozenset(RUNNING)
