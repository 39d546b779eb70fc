"""What holds for every plan of every observation."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from builders import (
    OTHER_SCHEMATIC,
    SCHEMATIC,
    change_members,
    change_node,
    desired_cluster,
    healthy_observed,
)
from talops.domain.cluster import Desired, DesiredNode, Installer, Observed, ObservedNode, Policy
from talops.domain.kubernetes import KubeNode
from talops.domain.plan import Plan
from talops.domain.talos import Role, TalosNode, Unknown, Version
from talops.plan import upgrade_plan
from talops.plan.images import EMPTY_SCHEMATIC

TARGETS = ("v1.13.1", "v1.14.0", "v1.12.4")
BEFORE = {"v1.13.1": ("v1.12.4", "v1.11.0"), "v1.14.0": ("v1.13.1", "v1.12.4"), "v1.12.4": ("v1.11.0", "v1.10.2")}
"""From where each target may be reached."""
OTHERS = ("v1.9.0", "v1.7.7", "v1.15.0")
CONTENT = {None: (), EMPTY_SCHEMATIC: (), SCHEMATIC: ("iscsi-tools", "util-linux-tools"), OTHER_SCHEMATIC: ("zfs",)}
GAPS = st.builds(Unknown, st.sampled_from(("i/o timeout", "not authorized")), forbidden=st.booleans())
World = tuple[Desired, Observed, Policy, tuple[str, ...], tuple[str, ...]]


def installer(tag: str, kind: str) -> Installer:
    match kind:
        case "plain":
            return Installer(repository="ghcr.io/siderolabs/installer", tag=tag, schematic=None, from_files=True)
        case "custom":
            return Installer(repository="ghcr.io/example/installer", tag=tag, schematic=None, from_files=True)
        case "unnamed":
            path = f"factory.talos.dev/metal-installer/{EMPTY_SCHEMATIC}"
            return Installer(repository=path, tag=tag, schematic=EMPTY_SCHEMATIC, from_files=False)
        case "secureboot":
            path = f"factory.talos.dev/metal-installer-secureboot/{SCHEMATIC}"
            return Installer(repository=path, tag=tag, schematic=SCHEMATIC, from_files=True)
        case _:
            path = f"factory.talos.dev/metal-installer/{SCHEMATIC}"
            return Installer(repository=path, tag=tag, schematic=SCHEMATIC, from_files=True)


@st.composite
def wanted(draw: DrawFn, *, calm: bool) -> Desired:
    # one of two refuses the old call by itself
    planes, workers = draw(st.sampled_from((1, 3, 4) if calm else (1, 2, 3, 4))), draw(st.integers(0, 3))
    target = draw(st.sampled_from(TARGETS))
    desired = desired_cluster(planes, workers, talos_version=target)

    def one(node: DesiredNode) -> DesiredNode:
        kind = draw(st.sampled_from(("factory", "factory", "by ID", "unnamed", "plain", "custom", "secureboot")))
        extensions = node.extensions if kind in {"factory", "secureboot"} else None
        return replace(node, installer=installer(target, kind), extensions=extensions)

    return replace(desired, nodes=tuple(draw(st.permutations([one(node) for node in desired.nodes]))))


@st.composite
def calm_node(draw: DrawFn, live: ObservedNode, node: DesiredNode) -> ObservedNode:
    """Nothing speaks against its upgrade, if it needs one."""
    assert isinstance(live.talos, TalosNode)
    assert isinstance(live.kube, KubeNode)
    unnamed, named = not node.installer.from_files, node.installer.schematic is not None
    is_signed = unnamed or "secureboot" in node.installer.repository
    schematic = draw(st.sampled_from([EMPTY_SCHEMATIC, None, *([SCHEMATIC] * 3 if named else [])]))
    if node.extensions is None and not unnamed and named:
        schematic = draw(st.sampled_from([SCHEMATIC, None]))
    talos = replace(
        live.talos,
        version=draw(st.sampled_from([node.talos_version, *map(Version.parse, BEFORE[str(node.talos_version)])])),
        schematic=schematic,
        extensions=CONTENT[schematic],
        secureboot=is_signed and draw(st.booleans()),
        platform=draw(st.sampled_from(("metal", "nocloud"))),
    )
    kube = live.kube
    if draw(st.booleans()):
        kube = replace(kube, unschedulable=True, annotations={"talops.dev/cordoned-by": "x"})
    return replace(live, talos=talos, kube=kube, holds_vip=draw(st.booleans()))


TROUBLES = (
    "version",
    "no version",
    "schematic",
    "extension",
    "no schematic",
    "secureboot",
    "old kubelet",
    "cordon",
    "silent",
    "kube",
    "no kube",
    "boot ID",
    "no boot ID",
    "other boot ID",
)


def troubled(live: ObservedNode, trouble: str, gap: Unknown, version: str) -> ObservedNode:
    talos, kube = live.talos, live.kube
    if not isinstance(talos, TalosNode) or not isinstance(kube, KubeNode):
        return live
    match trouble:
        case "version":
            return replace(live, talos=replace(talos, version=Version.parse(version)))
        case "no version":
            return replace(live, talos=replace(talos, version=gap))
        case "schematic":
            return replace(live, talos=replace(talos, schematic=OTHER_SCHEMATIC, extensions=CONTENT[OTHER_SCHEMATIC]))
        case "extension":
            return replace(live, talos=replace(talos, schematic="c" * 64, extensions=("drbd",)))
        case "no schematic":
            return replace(live, talos=replace(talos, schematic=gap))
        case "secureboot":
            return replace(live, talos=replace(talos, secureboot=True))
        case "old kubelet":
            return replace(live, kube=replace(kube, kubelet_version="v1.28.0"))
        case "cordon":
            return replace(live, kube=replace(kube, unschedulable=True, annotations={}))
        case "silent":
            return replace(live, talos=gap, boot_id=gap)
        case "kube":
            return replace(live, kube=gap)
        case "no kube":
            return replace(live, kube=None)
        case "boot ID":
            return replace(live, boot_id=gap)
        case "no boot ID":
            return replace(live, kube=replace(kube, boot_id=""))
        case _:
            return replace(live, kube=replace(kube, boot_id="another"))


def put(observed: Observed, live: ObservedNode) -> Observed:
    return change_node(observed, live.hostname, lambda _: live)


@st.composite
def worlds(draw: DrawFn, *, calm: bool = False) -> World:
    """A cluster on its way to the target and, unless `calm`, troubles on some of its nodes and in its answers."""
    desired = draw(wanted(calm=calm))
    hostnames = [node.hostname for node in desired.nodes]
    leader = draw(st.sampled_from([node.hostname for node in desired.control_planes]))
    with_storage = draw(st.booleans())
    observed = healthy_observed(desired, leader=leader, ceph=with_storage, postgres=with_storage)
    for node in desired.nodes:
        observed = put(observed, draw(calm_node(observed.nodes[node.hostname], node)))
    some = st.lists(st.sampled_from(hostnames), max_size=2, unique=True).map(tuple)
    rarely = st.one_of(st.just(()), st.just(()), some)
    if not calm:
        everywhere = draw(st.sampled_from((None,) * 8 + TROUBLES))
        for hostname in draw(some) if everywhere is None else hostnames:
            trouble, gap = everywhere or draw(st.sampled_from(TROUBLES)), draw(GAPS)
            observed = put(observed, troubled(observed.nodes[hostname], trouble, gap, draw(st.sampled_from(OTHERS))))
        observed = draw(with_gaps(observed))
    accepted = calm or draw(st.booleans())
    policy = Policy(
        order=draw(some), skip=draw(rarely), accept_downtime=frozenset({"etcd"}) if accepted else frozenset()
    )
    only = draw(rarely)
    skip = tuple(name for name in draw(rarely) if name not in only)
    return desired, observed, policy, only, skip


@st.composite
def with_gaps(draw: DrawFn, observed: Observed) -> Observed:
    """Fewer members of etcd than the files have, no list of Kubernetes nodes, a node that was not looked at."""
    if not draw(st.integers(0, 2)):
        seen = draw(st.integers(0, 4))
        observed = change_members(observed, lambda members: members[:seen])
    if not draw(st.integers(0, 7)):
        observed = replace(observed, kube_nodes=draw(GAPS))
    if not draw(st.integers(0, 7)):
        unseen = draw(st.sampled_from(sorted(observed.nodes)))
        observed = replace(observed, nodes={name: live for name, live in observed.nodes.items() if name != unseen})
    return observed


def planned(world: World) -> Plan:
    desired, observed, policy, only, skip = world
    return upgrade_plan(desired, observed, policy, only=only, skip=skip)


def carried_out(observed: Observed, plan: Plan) -> Observed:
    """What is observed once every step has done what it says, each node having rebooted."""
    for step in plan.upgrades:

        def after(live: ObservedNode, step=step) -> ObservedNode:  # type: ignore[no-untyped-def]  # bound now
            assert isinstance(live.talos, TalosNode)
            assert isinstance(live.kube, KubeNode)
            schematic = step.schematic
            known = CONTENT.get(schematic, ()) if schematic is not None else live.talos.extensions
            talos = replace(live.talos, version=step.version, schematic=schematic, extensions=known)
            boot_id = f"after-{step.hostname}"
            return replace(live, talos=talos, boot_id=boot_id, kube=replace(live.kube, boot_id=boot_id))

        observed = change_node(observed, step.hostname, after)
    return observed


@given(world=worlds())
@settings(max_examples=400, deadline=None)
def test_every_node_of_the_files_is_in_exactly_one_place(world: World) -> None:
    plan = planned(world)
    hostnames = {node.hostname for node in world[0].nodes}
    places = Counter([step.hostname for step in plan.upgrades])
    places += Counter([node.hostname for node in plan.kept])
    named = {refusal.hostname for refusal in plan.refusals} - {""}
    places += Counter(named)
    assert set(places) <= hostnames
    assert not places or max(places.values()) == 1
    assert set(places) == hostnames or any(not refusal.hostname for refusal in plan.refusals)


@given(world=worlds())
@settings(max_examples=400, deadline=None)
def test_every_refusal_and_every_step_says_why(world: World) -> None:
    plan = planned(world)
    for refusal in plan.refusals:
        assert refusal.what
        assert refusal.hint
        assert refusal.law in {2, 4, 6, 9, 13}
    assert all(node.why for node in plan.kept)
    assert all(step.why for step in plan.upgrades)
    assert len(set(plan.refusals)) == len(plan.refusals)


@given(world=worlds())
@settings(max_examples=200, deadline=None)
def test_a_plan_is_the_same_from_the_same_observation_in_any_order(world: World) -> None:
    desired, observed, *rest = world
    backwards = replace(observed, nodes=dict(reversed(tuple(observed.nodes.items()))), etcd=observed.etcd[::-1])
    plan = planned(world)
    assert planned(world) == plan
    other = planned((desired, backwards, *rest))  # type: ignore[arg-type]  # the rest of a world
    assert (other.upgrades, other.kept) == (plan.upgrades, plan.kept)
    assert {(r.law, r.hostname) for r in other.refusals} == {(r.law, r.hostname) for r in plan.refusals}


@given(world=worlds(calm=True))
@settings(max_examples=400, deadline=None)
def test_after_the_whole_plan_was_carried_out_there_is_nothing_to_do(world: World) -> None:
    desired, observed, policy, only, skip = world
    plan = planned(world)
    assert plan.refusals == ()
    again = upgrade_plan(desired, carried_out(observed, plan), policy, only=only, skip=skip)
    assert (again.upgrades, again.refusals) == ((), ())


@given(world=worlds(calm=True), done=st.integers(0, 6))
@settings(max_examples=400, deadline=None)
def test_a_plan_made_anew_on_the_way_goes_on_with_the_same_nodes(world: World, done: int) -> None:
    desired, observed, policy, only, skip = world
    plan = planned(world)
    assert plan.refusals == ()
    half = carried_out(observed, replace(plan, steps=plan.steps[:done]))
    again = upgrade_plan(desired, half, policy, only=only, skip=skip)
    assert again.refusals == ()
    assert [(s.hostname, s.image) for s in again.upgrades] == [(s.hostname, s.image) for s in plan.upgrades[done:]]


@given(world=worlds())
@settings(max_examples=400, deadline=None)
def test_no_control_plane_goes_down_without_three_voters_or_an_accepted_outage(world: World) -> None:
    """Voters are those that etcd shows or that the files have: a member lost of three is the gate's matter."""
    desired, observed, policy, _, _ = world
    plan = planned(world)
    seen = max((len(view.members) for view in observed.etcd if isinstance(view.members, tuple)), default=0)
    touches = any(step.role is Role.CONTROL_PLANE for step in plan.upgrades)
    if touches and max(seen, len(desired.control_planes)) < 3 and "etcd" not in policy.accept_downtime:
        assert plan.refusals


@given(world=worlds())
@settings(max_examples=400, deadline=None)
def test_no_step_goes_back_below_1_8_or_past_an_extension_that_is_known_to_be_missing(world: World) -> None:
    desired, observed, _, _, _ = world
    for step in planned(world).upgrades:
        assert Version.parse("v1.8.0") <= step.from_version <= step.version
        live = observed.nodes[step.hostname].talos
        assert isinstance(live, TalosNode)
        if step.schematic in CONTENT and step.schematic not in {live.schematic, None}:
            assert set(live.extensions) <= set(CONTENT[step.schematic])
        node = desired.node(step.hostname)
        if live.secureboot and "example" not in step.image:
            assert "installer-secureboot" in step.image
        assert step.image.endswith(f":{node.installer.tag}")


@given(world=worlds())
@settings(max_examples=200, deadline=None)
def test_what_is_left_out_is_never_upgraded(world: World) -> None:
    _, _, policy, only, skip = world
    going = {step.hostname for step in planned(world).upgrades}
    assert not going & {*policy.skip, *skip}
    assert not only or going <= set(only)


@given(world=worlds())
@settings(max_examples=200, deadline=None)
def test_control_planes_come_first_in_every_plan(world: World) -> None:
    roles = [step.role for step in planned(world).upgrades]
    assert roles == sorted(roles, key=[Role.CONTROL_PLANE, Role.WORKER].index)
