"""What is wrong with a cluster is said once, the worst first, each with the command to type about it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from builders import change_kube, change_node, change_talos, change_view, desired_cluster, healthy_observed
from talops.domain.cluster import Desired, GatePolicy, Observed, Policy
from talops.domain.health import Health, Trouble, Urgency
from talops.domain.kubernetes import IN_FLIGHT, ForeignActor, Lease
from talops.domain.talos import Alarm, Role, Unknown, Version
from talops.execute.health import health
from talops.execute.marks import InFlight
from talops.observe.symptoms import Symptoms
from talops.tools.nodeconfig import Service

DESIRED = desired_cluster()
TODAY = date(2026, 3, 1)
ALL = ("apid", "containerd", "cri", "kubelet", "machined", "syslogd")
CP_2, W_1 = DESIRED.node("cp-2").addresses[0], DESIRED.node("w-1").addresses[0]


def running(*names: str, unwell: str = "") -> tuple[Service, ...]:
    return tuple(Service(id=name, running=True, healthy=name != unwell) for name in names)


def symptoms(desired: Desired = DESIRED, **others: Symptoms) -> dict[str, Symptoms]:
    """Of nodes that complain of nothing, but for those named, with `_` for the dash."""
    found = {}
    for node in desired.nodes:
        planes = ("etcd", "trustd") if node.role is Role.CONTROL_PLANE else ()
        found[node.hostname] = Symptoms(services=running(*ALL, *planes), diagnostics=())
    return found | {name.replace("_", "-"): symptom for name, symptom in others.items()}


def judged(
    observed: Observed, complaints: dict[str, Symptoms] | None = None, *, ends: str = "", policy: Policy | None = None
) -> Health:
    return health(DESIRED, policy or Policy(), observed, complaints or symptoms(), ends=ends, today=TODAY)


def only(found: Health) -> Trouble:
    (trouble,) = found.troubles
    return trouble


HEALTHY = healthy_observed(DESIRED)


def test_nothing_is_wrong_with_a_healthy_cluster() -> None:
    found = judged(HEALTHY, ends="2027-01-01")
    assert (found.well, found.troubles) == (True, ())


def test_a_silent_node_is_named_with_what_to_type() -> None:
    observed = change_node(HEALTHY, "w-1", lambda node: replace(node, talos=Unknown("no route to host")))
    trouble = only(judged(observed))
    assert (trouble.urgency, trouble.about, trouble.next) == (Urgency.WRONG, "w-1", f"talosctl -n {W_1} version")
    assert "no route to host" in trouble.what
    assert not judged(observed).well


def test_a_silent_node_is_named_even_where_its_gate_is_switched_off() -> None:
    observed = change_node(HEALTHY, "w-1", lambda node: replace(node, talos=Unknown("no route to host")))
    trouble = only(judged(observed, policy=Policy(nodes_gate=GatePolicy(enabled=False))))
    assert (trouble.about, trouble.next) == ("w-1", f"talosctl -n {W_1} version")


def test_a_node_that_kubernetes_hears_nothing_of() -> None:
    trouble = only(judged(change_kube(HEALTHY, "w-1", lambda kube: replace(kube, ready=None))))
    assert (trouble.about, trouble.next) == ("w-1", f"talosctl -n {W_1} logs kubelet --tail 50")


def test_an_alarm_of_etcd() -> None:
    alarm = Alarm(kind="NOSPACE", member="00000000000000aa")
    observed = change_view(HEALTHY, "cp-2", lambda view: replace(view, alarms=(alarm,)))
    trouble = only(judged(observed))
    assert (trouble.urgency, trouble.about) == (Urgency.WRONG, "etcd")
    assert trouble.next == "talops etcd alarms"


LOGS = f"talosctl -n {W_1} logs {{}} --tail 50"
SERVICES = [
    (running(*ALL, unwell="kubelet"), "the service kubelet is not healthy", LOGS.format("kubelet")),
    (running("apid", "containerd", "cri", "machined"), "the service kubelet is not running", LOGS.format("kubelet")),
    ((*running(*ALL), Service(id="ext-nut", running=False, healthy=None)), "the service ext-nut is not running",
     LOGS.format("ext-nut")),
    (Unknown("deadline"), "its services are not known: deadline", "talops services w-1"),
]  # fmt: skip


@pytest.mark.parametrize(("services", "what", "command"), SERVICES)
def test_a_service_that_is_not_well(services: tuple[Service, ...] | Unknown, what: str, command: str) -> None:
    trouble = only(judged(HEALTHY, symptoms(w_1=Symptoms(services=services, diagnostics=()))))
    assert (trouble.about, trouble.what, trouble.next) == ("w-1", what, command)


def test_a_service_without_a_health_check_is_well() -> None:
    services = (*running(*ALL), Service(id="ext-x", running=True, healthy=None))
    assert judged(HEALTHY, symptoms(w_1=Symptoms(services=services, diagnostics=()))).troubles == ()


def test_the_same_on_two_nodes_is_said_once() -> None:
    bad = Symptoms(services=running(*ALL, unwell="cri"), diagnostics=("addresses overlap",))
    found = judged(HEALTHY, symptoms(w_1=bad, w_2=bad))
    assert [trouble.about for trouble in found.troubles] == ["w-1, w-2", "w-1, w-2"]
    assert [trouble.urgency for trouble in found.troubles] == [Urgency.WRONG, Urgency.AT_RISK]
    assert found.troubles[1].what == "Talos warns: addresses overlap"


def test_a_node_that_boots_is_not_asked_for_its_services() -> None:
    observed = change_talos(HEALTHY, "w-1", lambda talos: replace(talos, stage="booting"))
    found = judged(observed, symptoms(w_1=Symptoms(services=(), diagnostics=())))
    assert [trouble.what for trouble in found.troubles] == ["is booting"]


CERTIFICATES = [
    ("2026-03-31", None),
    ("2026-03-30", "its certificate ends in 29 days, on 2026-03-30"),
    ("2026-03-02", "its certificate ends in 1 day, on 2026-03-02"),
    ("2026-03-01", "its certificate ends today, or has ended, on 2026-03-01"),
    ("2026-02-27", "its certificate ended 2 days ago, on 2026-02-27"),
    ("", None),
    ("soon", None),
]


@pytest.mark.parametrize(("ends", "what"), CERTIFICATES)
def test_a_certificate_that_ends_soon(ends: str, what: str | None) -> None:
    found = judged(HEALTHY, ends=ends)
    assert [trouble.what for trouble in found.troubles] == ([] if what is None else [what])
    assert found.well is (what is None)


def test_what_is_only_to_know_leaves_the_cluster_well() -> None:
    observed = change_kube(HEALTHY, "w-1", lambda kube: replace(kube, unschedulable=True))
    observed = change_talos(observed, "w-2", lambda talos: replace(talos, version=Version.parse("v1.12.0")))
    observed = change_kube(observed, "w-3", lambda kube: replace(kube, kubelet_version="v1.34.0"))
    found = judged(observed)
    assert found.well
    assert [(trouble.about, trouble.next.partition("   ")[0]) for trouble in found.troubles] == [
        ("w-1", "kubectl uncordon w-1"),
        ("w-2", "talops plan"),
        ("w-3", "talops diff"),
    ]


def test_others_at_work_and_what_cannot_be_seen_of_them_is_a_risk() -> None:
    observed = replace(HEALTHY, foreign=(ForeignActor(tool="kured", what="holds its lock"),))
    assert only(judged(observed)).urgency is Urgency.AT_RISK
    assert only(judged(replace(HEALTHY, foreign=Unknown("forbidden")))).urgency is Urgency.AT_RISK


def marked(observed: Observed) -> Observed:
    mark = InFlight(run="r-1", action="upgrade", boot_id="b", deadline=datetime(2026, 3, 1, tzinfo=UTC))
    return change_kube(observed, "w-1", lambda kube: replace(kube, annotations={IN_FLIGHT: mark.text()}))


def test_what_is_in_flight_is_a_risk_when_nobody_is_at_it() -> None:
    trouble = only(judged(marked(HEALTHY)))
    assert (trouble.urgency, trouble.about) == (Urgency.AT_RISK, "w-1")
    assert trouble.what == "something is in flight: upgrade, run r-1, and nobody is at it"
    lease = Lease(holder="me@here/r-1", renewed="now", duration_seconds=60, resource_version="1", uid="u")
    found = judged(replace(marked(HEALTHY), lease=lease))
    assert found.well
    assert [trouble.about for trouble in found.troubles] == ["w-1", "rollout"]


def test_the_worst_stands_first() -> None:
    observed = change_kube(HEALTHY, "w-1", lambda kube: replace(kube, unschedulable=True))
    observed = change_node(observed, "w-2", lambda node: replace(node, talos=Unknown("off")))
    found = judged(observed, ends="2026-03-02")
    assert [trouble.urgency for trouble in found.troubles] == list(Urgency)


def test_why_kubernetes_is_silent_is_said_once() -> None:
    gap = Unknown("the Kubernetes API did not answer: connection refused")
    nodes = {name: replace(node, kube=gap) for name, node in HEALTHY.nodes.items()}
    observed = replace(
        HEALTHY, nodes=nodes, kube_nodes=gap, ceph=gap, rook_pods=gap, postgres=gap, postgres_pods=gap, lease=gap,
        foreign=gap,
    )  # fmt: skip
    trouble = only(judged(observed))
    assert (trouble.about, trouble.what, trouble.next) == ("Kubernetes", gap.reason, "kubectl get nodes")


def test_without_a_kubeconfig_it_says_how_to_get_one() -> None:
    gap = Unknown("the Kubernetes API did not answer: there is no usable kubeconfig: kubectl finds none")
    observed = replace(HEALTHY, kube_nodes=gap, nodes={n: replace(o, kube=gap) for n, o in HEALTHY.nodes.items()})
    assert only(judged(observed)).next == "talops kubeconfig"
