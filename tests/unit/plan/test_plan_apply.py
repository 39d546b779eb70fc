"""The plan of `talops apply`: from what differs, and the node's own word on it, to a mode or a refusal."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from builders import change_node, change_talos, desired_cluster, healthy_observed
from talops.domain.cluster import Policy
from talops.domain.machineconfig import Answer, ApplyMode, Change, Effect, Pending
from talops.domain.plan import Aim, ApplyNode, Carries, Plan, goes_down
from talops.domain.talos import Unknown, Version
from talops.errors import UsageError
from talops.plan import apply_plan, upgrade_plan

DESIRED = desired_cluster()
WELL = healthy_observed(DESIRED)
OLD = healthy_observed(DESIRED, version="v1.12.4")
SYSCTL = Change(document="v1alpha1", path="machine.sysctls", before=None, after='{"a":"1"}', effect=Effect.LIVE)
ENV = Change(document="v1alpha1", path="machine.env", before=None, after='{"A":"b"}', effect=Effect.REBOOT, why="boot")
TYPE = Change(document="v1alpha1", path="machine.type", before='"worker"', after='"controlplane"', effect=Effect.NEVER)
IMAGE = Change(document="v1alpha1", path="machine.install.image", before='"i:v1"', after='"i:v2"', effect=Effect.LIVE)
SAME = Pending(changes=(), on_disk=True)
LIVE = Pending(changes=(SYSCTL,), on_disk=False, answer=Answer(effect=Effect.LIVE))
REBOOT = Pending(changes=(SYSCTL, ENV), on_disk=False, answer=Answer(effect=Effect.REBOOT))
REFUSED = Pending(changes=(SYSCTL,), on_disk=False, answer=Answer(effect=Effect.NEVER, no="unknown kind"))
SILENT = Unknown("i/o timeout")
Pendings = Mapping[str, Pending | Unknown]


def pending(**of: Pending | Unknown) -> Pendings:
    """Of all nodes: those that are not named have what the files want. Hostnames with `_` for `-`."""
    named = {name.replace("_", "-"): found for name, found in of.items()}
    return {node.hostname: named.get(node.hostname, SAME) for node in DESIRED.nodes}


def kubelet(before: str | None, after: str) -> Pending:
    change = Change(document="v1alpha1", path="machine.kubelet.image", before=before, after=after, effect=Effect.LIVE)
    return Pending(changes=(change,), on_disk=False, answer=Answer(effect=Effect.LIVE))


def steps(plan: Plan) -> list[tuple[str, ApplyMode]]:
    return [(step.hostname, step.mode) for step in plan.applies]


def only_step(plan: Plan) -> ApplyNode:
    (step,) = plan.applies
    return step


@pytest.mark.parametrize(
    ("found", "mode"),
    [
        (LIVE, ApplyMode.NO_REBOOT),
        (REBOOT, ApplyMode.REBOOT),
        (replace(REBOOT, answer=Answer(effect=Effect.LIVE)), ApplyMode.NO_REBOOT),
        (replace(LIVE, answer=Answer(effect=Effect.REBOOT)), ApplyMode.REBOOT),
        (replace(SAME, on_disk=False, answer=Answer(effect=Effect.LIVE)), ApplyMode.NO_REBOOT),
    ],
)
def test_the_node_itself_says_how_it_takes_a_config(found: Pending, mode: ApplyMode) -> None:
    plan = apply_plan(DESIRED, WELL, Policy(), pending(w_1=found))

    assert steps(plan) == [("w-1", mode)]
    assert plan.aim is Aim.APPLY
    assert goes_down(only_step(plan)) is (mode is ApplyMode.REBOOT)


@pytest.mark.parametrize("found", [LIVE, REBOOT])
def test_staging_is_for_the_next_boot_whatever_that_takes(found: Pending) -> None:
    plan = apply_plan(DESIRED, WELL, Policy(), pending(w_1=found), stage=True)

    assert steps(plan) == [("w-1", ApplyMode.STAGED)]


def test_what_is_staged_already_is_not_staged_again() -> None:
    plan = apply_plan(DESIRED, WELL, Policy(), pending(w_1=replace(REBOOT, on_disk=True)), stage=True)

    assert plan.steps == ()
    assert "staged already" in next(kept.why for kept in plan.kept if kept.hostname == "w-1")


def test_every_node_is_in_exactly_one_place() -> None:
    plan = apply_plan(DESIRED, WELL, Policy(), pending(cp_1=LIVE, w_1=REBOOT, w_2=SILENT), skip=("w-3",))

    places = [*(step.hostname for step in plan.steps), *(kept.hostname for kept in plan.kept)]
    places += [refusal.hostname for refusal in plan.refusals]
    assert sorted(places) == sorted(node.hostname for node in DESIRED.nodes)


@pytest.mark.parametrize(
    ("found", "words", "transient"),
    [
        (SILENT, "how its config differs from the files is not known: i/o timeout", True),
        (Unknown("no", forbidden=True), "is not known: no", False),
        (replace(LIVE, answer=SILENT), "whether it would take the config is not known: i/o timeout", True),
        (REFUSED, "it does not take this config: unknown kind", False),
        (replace(LIVE, changes=(TYPE,)), "machine.type cannot be changed on a running node", False),
    ],
)
def test_what_speaks_against_it(found: Pending | Unknown, words: str, transient: bool) -> None:
    (refusal,) = apply_plan(DESIRED, WELL, Policy(), pending(w_1=found)).refusals

    assert refusal.hostname == "w-1"
    assert words in refusal.what
    assert refusal.hint
    assert refusal.transient is transient


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ('"ghcr.io/siderolabs/kubelet:v1.35.4"', '"ghcr.io/siderolabs/kubelet:v1.36.1"', True),
        ('"ghcr.io/siderolabs/kubelet:v1.35.4"', '"mirror.example:5000/kubelet:v1.35.4"', False),
        ('"ghcr.io/siderolabs/kubelet:v1.35.4"', '"ghcr.io/siderolabs/kubelet:v1.35.4@sha256:abc"', False),
        (None, '"ghcr.io/siderolabs/kubelet:v1.35.4"', False),
        (None, '"ghcr.io/siderolabs/kubelet:v1.36.1"', True),
        ('"mirror.example:5000/kubelet"', '"mirror.example:5000/kubelet"', False),
    ],
)
def test_another_version_of_kubernetes_is_refused_and_another_registry_is_not(
    before: str | None, after: str, refused: bool
) -> None:
    plan = apply_plan(DESIRED, WELL, Policy(), pending(w_1=kubelet(before, after)))

    assert bool(plan.refusals) is refused
    assert all("talops upgrade k8s --to v1.36.1" in refusal.hint for refusal in plan.refusals)


def test_with_an_upgrade_another_version_of_kubernetes_comes_after_it() -> None:
    newer = kubelet('"ghcr.io/siderolabs/kubelet:v1.35.4"', '"ghcr.io/siderolabs/kubelet:v1.36.1"')

    (refusal,) = upgrade_plan(DESIRED, OLD, Policy(), pending=pending(w_1=newer)).refusals

    assert refusal.hint == ("talops upgrade all   # without --with-config; and then: talops upgrade k8s --to v1.36.1")


def test_an_install_image_is_applied_and_said_to_install_nothing() -> None:
    found = replace(LIVE, changes=(IMAGE,))

    step = only_step(apply_plan(DESIRED, WELL, Policy(), pending(w_1=found)))

    assert step.mode is ApplyMode.NO_REBOOT
    assert "`talops upgrade all` installs it" in step.warnings[0]


def test_a_node_of_an_older_talos_that_refuses_the_config_is_sent_to_the_upgrade() -> None:
    (refusal,) = apply_plan(DESIRED, OLD, Policy(), pending(w_1=REFUSED)).refusals

    assert "talops upgrade all --with-config --only w-1" in refusal.hint


def test_a_control_plane_that_is_silent_holds_up_even_a_worker_unless_nothing_is_disturbed() -> None:
    observed = change_node(WELL, "cp-2", lambda node: replace(node, talos=SILENT))

    disturbed = apply_plan(DESIRED, observed, Policy(), pending(w_1=LIVE), only=("w-1",))
    staged = apply_plan(DESIRED, observed, Policy(), pending(w_1=LIVE), only=("w-1",), stage=True)

    assert "quorum cannot be proven" in disturbed.refusals[0].what
    assert staged.refusals == ()


def test_a_typo_is_told() -> None:
    with pytest.raises(UsageError, match="NODE: there is no node wx-1"):
        apply_plan(DESIRED, WELL, Policy(), pending(), only=("wx-1",))


@pytest.mark.parametrize(
    ("found", "carries"),
    [(SAME, Carries.NOTHING), (LIVE, Carries.STAGED), (REBOOT, Carries.STAGED), (REFUSED, Carries.AFTER)],
)
def test_an_upgrade_carries_the_config_or_is_followed_by_it(found: Pending, carries: Carries) -> None:
    plan = upgrade_plan(DESIRED, OLD, Policy(), pending=pending(w_1=found))

    step = next(step for step in plan.upgrades if step.hostname == "w-1")
    assert (step.carries, step.changes) == (carries, found.changes)
    assert plan.refusals == ()
    assert plan.aim is Aim.UPGRADE_WITH_CONFIG


def test_within_one_minor_release_what_the_old_talos_refuses_the_new_one_will_refuse_too() -> None:
    observed = healthy_observed(DESIRED, version="v1.13.0")

    (refusal,) = upgrade_plan(DESIRED, observed, Policy(), pending=pending(w_1=REFUSED)).refusals

    assert "it does not take this config" in refusal.what


def test_nodes_at_the_target_get_their_config_in_the_same_order() -> None:
    old = Version.parse("v1.12.4")
    observed = change_talos(WELL, "w-2", lambda talos: replace(talos, version=old))

    plan = upgrade_plan(DESIRED, observed, Policy(), pending=pending(cp_2=LIVE, w_1=LIVE, w_2=LIVE, w_3=REBOOT))

    assert [step.hostname for step in plan.steps] == ["cp-2", "w-1", "w-2", "w-3"]
    assert steps(plan) == [
        ("cp-2", ApplyMode.NO_REBOOT),
        ("w-1", ApplyMode.NO_REBOOT),
        ("w-3", ApplyMode.REBOOT),
    ]


def test_without_configs_a_plan_is_what_it_was() -> None:
    plan = upgrade_plan(DESIRED, OLD, Policy())

    assert plan.aim is Aim.UPGRADE
    assert all(step.carries is Carries.NOTHING for step in plan.upgrades)
    assert plan.applies == ()
