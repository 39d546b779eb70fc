"""What speaks against a plan: laws 2 (silence), 4 (quorum), 6 (cordons) and 13 (one cluster), and the choice."""

from dataclasses import replace

import pytest

from builders import (
    DATABASES,
    change_desired,
    change_kube,
    change_members,
    change_node,
    change_pod,
    change_talos,
    desired_cluster,
    healthy_observed,
    rook_pod,
)
from talops.domain.cluster import Desired, Observed, ObservedNode, Policy
from talops.domain.kubernetes import IN_FLIGHT, KubeNode
from talops.domain.plan import Plan, Refusal
from talops.domain.talos import NOT_ASKED, TalosNode, Unknown, Version
from talops.errors import FilesInvalid, UsageError
from talops.plan import upgrade_plan

OLD_VERSION = "v1.12.4"
DESIRED = desired_cluster()
OLD = healthy_observed(DESIRED, version=OLD_VERSION)
DONE = healthy_observed(DESIRED)
BARE = healthy_observed(DESIRED, version=OLD_VERSION, ceph=False, postgres=False)
SILENT = Unknown("i/o timeout")
FORBIDDEN = Unknown("not authorized", forbidden=True)
ACCEPTED = Policy(accept_downtime=frozenset({"etcd"}))
HOSTNAMES = {node.hostname for node in DESIRED.nodes}


def plan_of(
    observed: Observed,
    policy: Policy | None = None,
    *,
    desired: Desired = DESIRED,
    only: tuple[str, ...] = (),
    skip: tuple[str, ...] = (),
) -> Plan:
    """The plan, in which every node is in one list only and every refusal has a hint."""
    plan = upgrade_plan(desired, observed, policy or Policy(), only=only, skip=skip)
    places = [*upgraded(plan), *kept(plan)]
    assert len(places) == len(set(places))
    assert not set(places) & {refusal.hostname for refusal in plan.refusals}
    assert all(refusal.hint and refusal.what for refusal in plan.refusals)
    return plan


def refusal_of(plan: Plan) -> Refusal:
    (refusal,) = plan.refusals
    return refusal


def upgraded(plan: Plan) -> list[str]:
    return [step.hostname for step in plan.upgrades]


def kept(plan: Plan) -> dict[str, str]:
    return {node.hostname: node.why for node in plan.kept}


def silent(observed: Observed, *hostnames: str, gap: Unknown = SILENT) -> Observed:
    for hostname in hostnames:
        observed = change_node(observed, hostname, lambda live: replace(live, talos=gap, boot_id=gap))
    return observed


def without_kube(observed: Observed, hostname: str) -> Observed:
    return change_node(observed, hostname, lambda live: replace(live, kube=None))


def rebooted(observed: Observed, *hostnames: str) -> Observed:
    """Kubernetes tells another boot ID than Talos."""
    for hostname in hostnames:
        observed = change_kube(observed, hostname, lambda kube: replace(kube, boot_id=f"another-{kube.name}"))
    return observed


def cordoned(observed: Observed, hostname: str, **annotations: str) -> Observed:
    marks = {f"talops.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return change_kube(observed, hostname, lambda kube: replace(kube, unschedulable=True, annotations=marks))


# --- who answers ---


@pytest.mark.parametrize(("gap", "transient"), [(SILENT, True), (FORBIDDEN, False)])
@pytest.mark.parametrize("hostname", ["w-2", "cp-3"])
def test_a_node_that_does_not_answer_is_refused_and_the_others_are_still_planned(
    hostname: str, gap: Unknown, transient: bool
) -> None:
    plan = plan_of(silent(OLD, hostname, gap=gap))
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname, refusal.transient) == (2, hostname, transient)
    assert gap.reason in refusal.what
    assert refusal.hint == f"talosctl -n {DESIRED.node(hostname).addresses[0]} version"
    assert set(upgraded(plan)) == HOSTNAMES - {hostname}


def test_a_node_without_a_version_or_without_an_observation_is_refused() -> None:
    no_version = change_talos(OLD, "w-1", lambda talos: replace(talos, version=SILENT))
    assert refusal_of(plan_of(no_version)).hostname == "w-1"
    unseen = replace(OLD, nodes={name: live for name, live in OLD.nodes.items() if name != "w-1"})
    refusal = refusal_of(plan_of(unseen))
    assert (refusal.hostname, NOT_ASKED.reason in refusal.what) == ("w-1", True)


@pytest.mark.parametrize("skip", [("cp-3",), ("cp-3", "cp-1", "cp-2")])
def test_a_control_plane_that_is_left_out_must_still_answer(skip: tuple[str, ...]) -> None:
    plan = plan_of(silent(OLD, "cp-3"), skip=skip)
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname, refusal.transient) == (4, "", True)
    assert "the control plane cp-3 does not answer, so quorum cannot be proven" in refusal.what
    assert kept(plan)["cp-3"] == "skipped (--skip-node); what it runs is not known"


def test_a_silent_worker_that_is_left_out_holds_nobody_up() -> None:
    plan = plan_of(silent(OLD, "w-3"), skip=("w-3",))
    assert plan.refusals == ()
    assert set(upgraded(plan)) == HOSTNAMES - {"w-3"}


def test_a_silent_control_plane_holds_nobody_up_when_there_is_nothing_to_do() -> None:
    assert plan_of(silent(DONE, "cp-3"), skip=("cp-3",)).refusals == ()


@pytest.mark.parametrize(
    ("last", "transient"), [(SILENT, True), (FORBIDDEN, False)], ids=["a timeout may pass", "a refusal may not"]
)
@pytest.mark.parametrize("only", [(), ("w-1",)])
def test_when_no_node_answers_that_is_said_once(last: Unknown, transient: bool, only: tuple[str, ...]) -> None:
    observed = silent(silent(OLD, *HOSTNAMES), "w-2", gap=last)
    plan = plan_of(observed, only=only)
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname, refusal.transient) == (2, "", transient)
    assert refusal.what == "none of the 6 nodes answers on the Talos API: i/o timeout"
    assert "talosctl config info" in refusal.hint
    assert plan.upgrades == ()


def test_when_all_but_one_are_silent_each_is_named() -> None:
    plan = plan_of(silent(OLD, *(HOSTNAMES - {"w-1"})))
    assert {refusal.hostname for refusal in plan.refusals} == HOSTNAMES - {"w-1"}


def test_no_node_has_to_answer_when_all_are_left_out() -> None:
    plan = plan_of(silent(OLD, *HOSTNAMES), Policy(skip=tuple(HOSTNAMES)))
    assert (plan.refusals, plan.upgrades) == ((), ())


# --- quorum ---


@pytest.mark.parametrize(("planes", "words"), [(1, "etcd has one voter"), (2, "etcd has 2 voters")])
def test_one_or_two_voters_need_the_outage_to_be_accepted(planes: int, words: str) -> None:
    desired = desired_cluster(planes)
    observed = healthy_observed(desired, version="v1.13.0")
    refusal = refusal_of(plan_of(observed, desired=desired))
    assert (refusal.law, refusal.hostname, refusal.transient) == (4, "", False)
    assert words in refusal.what
    assert "--accept-downtime etcd" in refusal.hint
    accepted = plan_of(observed, ACCEPTED, desired=desired)
    assert accepted.refusals == ()
    assert len(accepted.upgrades) == planes + 3


@pytest.mark.parametrize(
    ("version", "talosctl", "refused"),
    [("v1.12.4", "v1.13.0", True), ("v1.13.0", "v1.12.0", True), ("v1.13.0", "v1.13.0", False)],
)
def test_one_of_two_voters_is_not_asked_to_do_what_the_old_call_makes_it_refuse(
    version: str, talosctl: str, refused: bool
) -> None:
    desired = desired_cluster(2)
    observed = replace(healthy_observed(desired, version=version), talosctl=Version.parse(talosctl))
    plan = plan_of(observed, ACCEPTED, desired=desired)
    assert bool(plan.refusals) is refused
    if refused:
        assert refusal_of(plan).what == f"etcd has 2 voters, and Talos {version} itself refuses to upgrade one of two"
        assert refusal_of(plan).hint.endswith("--force")
    assert plan_of(observed, ACCEPTED, desired=desired, only=("w-1",)).refusals == ()


@pytest.mark.parametrize("planes", [1, 2])
def test_workers_alone_cost_no_quorum(planes: int) -> None:
    desired = desired_cluster(planes)
    observed = healthy_observed(desired, version=OLD_VERSION)
    assert plan_of(observed, desired=desired, only=("w-1", "w-2")).refusals == ()
    planes_done = replace(
        observed,
        nodes={
            name: live if name.startswith("w-") else healthy_observed(desired).nodes[name]
            for name, live in observed.nodes.items()
        },
    )
    assert plan_of(planes_done, desired=desired).refusals == ()


def test_another_word_accepts_no_outage_of_etcd() -> None:
    desired = desired_cluster(1)
    policy = Policy(accept_downtime=frozenset({"ceph"}))
    assert refusal_of(plan_of(healthy_observed(desired, version=OLD_VERSION), policy, desired=desired)).law == 4


def test_three_voters_need_no_outage_even_if_the_files_know_one_control_plane() -> None:
    desired = desired_cluster(1)
    observed = change_members(
        healthy_observed(desired, version=OLD_VERSION),
        lambda ms: (*ms, *(replace(ms[0], id=f"{n:016x}", hostname=f"old-{n}") for n in (8, 9))),
    )
    assert plan_of(observed, desired=desired).refusals == ()
    learners = change_members(observed, lambda ms: (ms[0], *(replace(member, learner=True) for member in ms[1:])))
    assert refusal_of(plan_of(learners, desired=desired)).law == 4


def test_a_lost_member_of_three_is_left_to_the_gate() -> None:
    assert plan_of(change_members(OLD, lambda ms: ms[:2])).refusals == ()


# --- one cluster ---


def test_boot_ids_that_contradict_on_every_node_are_two_clusters() -> None:
    refusal = refusal_of(plan_of(rebooted(OLD, *HOSTNAMES)))
    assert (refusal.law, refusal.hostname, refusal.transient) == (13, "", False)
    assert "talosconfig and kubeconfig are two clusters" in refusal.what
    assert refusal_of(plan_of(rebooted(DONE, *HOSTNAMES))).law == 13


@pytest.mark.parametrize("observed", [OLD, DONE])
def test_a_boot_id_that_contradicts_on_one_node_may_be_a_reboot(observed: Observed) -> None:
    plan = plan_of(rebooted(observed, "w-2"))
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname, refusal.transient) == (13, "w-2", True)
    assert "it has just rebooted, or is not the same machine" in refusal.what
    assert {*upgraded(plan), *kept(plan)} == HOSTNAMES - {"w-2"}


def test_the_only_node_may_have_just_rebooted_too() -> None:
    desired = desired_cluster(1, 0)
    refusal = refusal_of(plan_of(rebooted(healthy_observed(desired), "cp-1"), desired=desired))
    assert (refusal.hostname, refusal.transient) == ("cp-1", True)


def test_no_address_of_the_files_in_kubernetes_is_two_clusters() -> None:
    nodes = {name: replace(live, kube=None) for name, live in OLD.nodes.items()}
    for observed in (replace(OLD, nodes=nodes), replace(DONE, nodes=nodes)):
        refusal = refusal_of(plan_of(observed))
        assert (refusal.law, refusal.hostname) == (13, "")
        assert "none of the 6 nodes in Kubernetes has an address of the files" in refusal.what


def test_a_node_that_kubernetes_does_not_have_is_not_taken_down() -> None:
    plan = plan_of(without_kube(OLD, "w-2"))
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname) == (13, "w-2")
    assert refusal.what == "no node in Kubernetes has its address 10.1.0.5"
    assert "w-2" not in upgraded(plan)
    assert plan_of(without_kube(OLD, "w-2"), skip=("w-2",)).refusals == ()
    assert plan_of(without_kube(DONE, "w-2")).refusals == ()


@pytest.mark.parametrize(("gap", "transient"), [(SILENT, True), (FORBIDDEN, False)])
def test_nothing_is_taken_down_while_kubernetes_does_not_tell_its_nodes(gap: Unknown, transient: bool) -> None:
    nodes = {name: replace(live, kube=gap) for name, live in OLD.nodes.items()}
    refusal = refusal_of(plan_of(replace(OLD, nodes=nodes, kube_nodes=gap)))
    assert (refusal.law, refusal.hostname, refusal.transient) == (2, "", transient)
    assert gap.reason in refusal.what
    assert plan_of(replace(DONE, kube_nodes=gap)).refusals == ()


@pytest.mark.parametrize(
    ("change", "law", "words", "transient"),
    [
        (lambda live: replace(live, kube=SILENT), 2, "its Kubernetes node is not known: i/o timeout", True),
        (lambda live: replace(live, kube=FORBIDDEN), 2, "its Kubernetes node is not known: not authorized", False),
        (lambda live: replace(live, boot_id=SILENT), 13, "its boot ID cannot be read", True),
        (lambda live: replace(live, boot_id=FORBIDDEN), 13, "its boot ID cannot be read", False),
        (
            lambda live: replace(live, kube=replace(live.kube, boot_id="")),
            13,
            "Kubernetes does not tell its boot ID",
            True,
        ),
    ],
)
def test_what_is_not_proven_to_be_the_same_machine_is_not_taken_down(
    change: object, law: int, words: str, transient: bool
) -> None:
    assert callable(change)
    observed = replace(OLD, nodes={**OLD.nodes, "w-2": change(OLD.nodes["w-2"])})
    plan = plan_of(observed)
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname, refusal.transient) == (law, "w-2", transient)
    assert words in refusal.what
    assert set(upgraded(plan)) == HOSTNAMES - {"w-2"}
    assert plan_of(observed, skip=("w-2",)).refusals == ()


def as_kube_node(observed: Observed, hostname: str, of: str) -> Observed:
    """The address of one node of the files is that of another's Kubernetes node; both sides agree on the boot."""
    other = observed.nodes[of]
    return change_node(observed, hostname, lambda live: replace(live, kube=other.kube, boot_id=other.boot_id))


def test_two_nodes_of_the_files_that_are_one_in_kubernetes_are_refused() -> None:
    plan = plan_of(as_kube_node(OLD, "w-2", of="w-1"))
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname) == (13, "w-2")
    assert refusal.what == "it and w-1 are the same Kubernetes node w-1"
    assert refusal.hint == "correct their addresses in talconfig.yaml"


def test_two_nodes_that_swapped_their_addresses_are_refused_both() -> None:
    swapped = {
        **OLD.nodes,
        "w-1": replace(OLD.nodes["w-2"], hostname="w-1"),
        "w-2": replace(OLD.nodes["w-1"], hostname="w-2"),
    }
    plan = plan_of(replace(OLD, nodes=swapped))
    assert [refusal.hostname for refusal in plan.refusals] == ["w-1", "w-2"]
    assert all("is another node of the files" in refusal.what for refusal in plan.refusals)


def test_a_kubernetes_node_may_have_a_name_of_its_own() -> None:
    renamed = change_kube(OLD, "w-1", lambda kube: replace(kube, name="ip-10-1-0-4"))
    assert plan_of(renamed).refusals == ()


# --- cordons ---


@pytest.mark.parametrize(
    ("hostname", "pods"),
    [
        ("w-1", "db/pg-3, rook-ceph/rook-ceph-osd-0"),
        ("cp-1", "rook-ceph/rook-ceph-mon-a"),
        ("w-3", "db/pg-1, rook-ceph/rook-ceph-osd-2"),
    ],
)
def test_storage_is_not_drained_from_a_node_that_somebody_cordoned(hostname: str, pods: str) -> None:
    plan = plan_of(cordoned(OLD, hostname))
    refusal = refusal_of(plan)
    assert (refusal.law, refusal.hostname, refusal.transient) == (6, hostname, False)
    assert refusal.what == f"somebody cordoned it, and {pods} can run nowhere else: drained, they would stay away"
    assert refusal.hint == f"kubectl uncordon {hostname}   # or leave it out: --skip-node {hostname}"
    assert hostname not in upgraded(plan)


@pytest.mark.parametrize(
    "observed",
    [
        cordoned(BARE, "w-1"),
        cordoned(OLD, "w-1", cordoned_by="run-1"),
        change_kube(OLD, "w-1", lambda kube: replace(kube, annotations={"example.com/note": "x"})),
        # a manager or an operator runs elsewhere just as well
        replace(
            cordoned(BARE, "w-1"),
            rook_pods=(rook_pod("rook-ceph-mgr", "mgr-a", "w-1"), rook_pod("rook-ceph-operator", "operator", "w-1")),
        ),
        replace(
            cordoned(BARE, "w-1"),
            rook_pods=(replace(rook_pod("rook-ceph-osd", "osd-9", "w-1"), phase="Succeeded"),),
        ),
        replace(cordoned(BARE, "w-1"), rook_pods=(rook_pod("rook-ceph-osd", "osd-9", "w-2"),)),
        replace(cordoned(BARE, "w-1"), rook_pods=SILENT, postgres_pods=SILENT),
    ],
    ids=["no pods", "our cordon", "no cordon", "movable pods", "finished pod", "pod elsewhere", "the gates will ask"],
)
def test_a_cordon_that_keeps_no_storage_away_is_planned_around(observed: Observed) -> None:
    plan = plan_of(observed)
    assert plan.refusals == ()
    assert "w-1" in upgraded(plan)


def test_pods_are_found_by_the_kubernetes_name_of_the_node() -> None:
    observed = change_kube(cordoned(OLD, "w-1"), "w-1", lambda kube: replace(kube, name="ip-10-1-0-4"))
    observed = change_pod(observed, "pg-3", lambda pod: replace(pod, node="ip-10-1-0-4"))
    refusal = refusal_of(plan_of(observed))
    assert f"{DATABASES}/pg-3" in refusal.what
    assert refusal.hint == "kubectl uncordon ip-10-1-0-4   # or leave it out: --skip-node w-1"


def test_a_cordoned_node_that_is_not_taken_down_is_nobodys_business() -> None:
    assert plan_of(cordoned(OLD, "w-1"), skip=("w-1",)).refusals == ()
    assert plan_of(cordoned(DONE, "w-1")).refusals == ()


# --- what the operator chose ---


def test_only_the_named_nodes_are_upgraded() -> None:
    plan = plan_of(OLD, only=("w-2", "cp-3"))
    assert upgraded(plan) == ["cp-3", "w-2"]
    assert kept(plan)["w-1"] == "not among --only; it runs v1.12.4"


def test_skipped_nodes_are_kept_and_the_reason_is_said() -> None:
    plan = plan_of(OLD, Policy(skip=("w-1", "cp-2")), skip=("w-2", "w-1"))
    assert upgraded(plan) == ["cp-3", "cp-1", "w-3"]
    assert kept(plan) == {
        "cp-2": "skipped by talops.yaml; it runs v1.12.4",
        "w-1": "skipped (--skip-node); it runs v1.12.4",
        "w-2": "skipped (--skip-node); it runs v1.12.4",
    }
    assert kept(plan_of(DONE, skip=("w-2",)))["w-2"] == "skipped (--skip-node)"


def test_what_the_policy_skips_is_not_upgraded_by_only() -> None:
    plan = plan_of(OLD, Policy(skip=("w-1",)), only=("w-1",))
    assert upgraded(plan) == []
    assert kept(plan)["w-1"] == "skipped by talops.yaml; it runs v1.12.4"


@pytest.mark.parametrize(
    ("only", "skip", "what", "hint"),
    [
        (("w-11",), (), "--only: there is no node w-11 in the files", "did you mean w-1?"),
        ((), ("cp3",), "--skip-node: there is no node cp3 in the files", "did you mean cp-3?"),
        (("zzz",), (), "--only: there is no node zzz in the files", "`talops nodes` lists them"),
        (("w-1", "w-2"), ("w-2",), "w-2 is named by both --only and --skip-node", "name it once"),
    ],
)
def test_a_mistyped_choice_is_wrong_usage(only: tuple[str, ...], skip: tuple[str, ...], what: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        upgrade_plan(DESIRED, OLD, Policy(), only=only, skip=skip)
    assert (raised.value.what, raised.value.hint) == (what, hint)


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (Policy(order=("w-1", "w_2")), "talops.yaml: `order` names w_2, which is no node of the files"),
        (Policy(skip=("w_2",)), "talops.yaml: `skip` names w_2, which is no node of the files"),
    ],
)
def test_a_policy_that_names_no_node_is_an_invalid_file(policy: Policy, what: str) -> None:
    with pytest.raises(FilesInvalid) as raised:
        upgrade_plan(DESIRED, OLD, policy)
    assert (raised.value.what, raised.value.where) == (what, "talops.yaml")
    assert raised.value.hint.startswith("did you mean w-")


# --- forecast ---


def test_warnings_are_given_only_when_there_is_something_to_do() -> None:
    strangers = tuple(f"old-{n}" for n in range(12))
    warned = replace(DESIRED, warnings=("a patch is missing",))
    told = plan_of(replace(BARE, strangers=strangers), desired=warned).warnings
    assert told[0] == "a patch is missing"
    assert told[1].endswith("old-8, old-9 and 2 more")
    assert plan_of(replace(DONE, strangers=strangers), desired=warned).warnings == ("a patch is missing",)


@pytest.mark.parametrize("observed", [BARE, DONE], ids=["something to do", "nothing to do"])
def test_what_an_earlier_run_left_is_warned_about(observed: Observed) -> None:
    kubes = observed.kube_nodes if isinstance(observed.kube_nodes, tuple) else ()
    marked = [replace(kube, annotations={IN_FLIGHT: "{}"}) if kube.name == "w-1" else kube for kube in kubes]
    told = plan_of(replace(observed, kube_nodes=tuple(marked))).warnings
    assert [warning for warning in told if "earlier run" in warning] == [
        "w-1 was left in flight by an earlier run: `talops upgrade all` settles that first"
    ]


def test_budgets_that_cannot_be_read_are_warned_about() -> None:
    assert plan_of(replace(BARE, budgets=SILENT)).warnings == (
        "what will hold up the drains is not known: i/o timeout",
    )


def test_several_reasons_are_all_given_the_clusters_first() -> None:
    desired = change_desired(desired_cluster(1), "w-1", lambda node: node)
    observed = silent(cordoned(healthy_observed(desired, version=OLD_VERSION), "w-3"), "w-2")
    plan = plan_of(observed, desired=desired)
    assert [(refusal.law, refusal.hostname) for refusal in plan.refusals] == [(6, "w-3"), (4, ""), (2, "w-2")]


def test_a_node_that_is_refused_twice_is_refused_for_both() -> None:
    observed = change_talos(OLD, "w-1", lambda talos: replace(talos, extensions=("zfs",), schematic="c" * 64))
    observed = change_kube(observed, "w-1", lambda kube: replace(kube, kubelet_version="v1.20.0"))
    plan = plan_of(observed)
    assert [(refusal.law, refusal.hostname) for refusal in plan.refusals] == [(9, "w-1"), (9, "w-1")]


def test_builders_agree_with_these_tests() -> None:
    """The old cluster is one that only differs in its version."""
    for live in OLD.nodes.values():
        assert isinstance(live, ObservedNode)
        assert isinstance(live.talos, TalosNode)
        assert isinstance(live.kube, KubeNode)
    assert plan_of(OLD).refusals == ()
