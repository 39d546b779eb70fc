"""`talops upgrade k8s` on the embedded cluster: what is done is what runs, and whatever stops it says where."""

import pytest
from play import Played, Rehearsed, annotate, cluster, marked

from talops.domain.cluster import Policy
from talops.domain.components import Component, KubernetesNow
from talops.domain.event import ComponentMoved, Event, Move, NodeEnded, NodeState, Planned, Step, StepStarted
from talops.domain.kubernetes import IN_FLIGHT
from talops.errors import Exit
from talops.execute.marks import InFlight
from talops.observe import Tools, observe_components
from talops.tools.calls import Talosctl

OLD, NEW = "v1.35.2", "v1.35.4"


def kubernetes(
    *faults: str, runs: str = OLD, wants: str = NEW, seed: int = 0, policy: Policy | None = None
) -> Rehearsed:
    return cluster(
        *faults,
        start="v1.13.0",
        target="v1.13.0",
        workers=2,
        kubernetes=runs,
        kubernetes_target=wants,
        seed=seed,
        policy=policy,
    )


def running(rehearsed: Rehearsed) -> dict[str, set[str]]:
    """Which versions each node runs by now, as the API tells."""
    world = rehearsed.world
    tools = Tools(runner=world.runner, kube=world.kube, clock=world.clock, talosctl=Talosctl())
    now = observe_components(rehearsed.desired, tools)
    assert isinstance(now, KubernetesNow), now
    return {node.hostname: set(map(str, node.runs.values())) for node in now.nodes}


def all_at(rehearsed: Rehearsed) -> set[str]:
    return set().union(*running(rehearsed).values())


def hops(played: Played) -> list[list[str]]:
    return [[step.name for step in event.plan.steps] for event in played.events if isinstance(event, Planned)]


def when_it_waits_for(
    rehearsed: Rehearsed, hostname: str, component: Component, *signals: str, kill: bool = False
) -> None:
    """A signal, or SIGKILL, a second after this component of this node has begun; each three seconds after another."""
    armed: list[bool] = []

    def watch(event: Event) -> None:
        if not isinstance(event, ComponentMoved) or armed or event.move is Move.PULLS:
            return
        if (event.hostname, event.component) == (hostname, component):
            armed.append(True)
            for number, signal in enumerate(signals):
                rehearsed.world.interrupt_at(event.at + 1 + 3 * number, signal)
            if kill:
                rehearsed.world.kill_talops_at(event.at + 1)

    rehearsed.watch = watch


def test_every_component_of_every_node_is_taken_there_and_proven() -> None:
    rehearsed = kubernetes()

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.DONE, played.said
    assert all_at(rehearsed) == {NEW}
    assert "Kubernetes v1.35.4 runs on every node" in played.said
    assert played.ended.upgraded == ("cp-1", "cp-2", "cp-3", "w-1", "w-2")
    assert rehearsed.world.truth.went_down == []
    assert marked(rehearsed) == []
    assert rehearsed.world.truth.lease_holder is None


def test_each_component_is_told_as_it_is_done() -> None:
    played = kubernetes().upgrade_k8s()

    done = [(e.component, e.hostname) for e in played.events if isinstance(e, ComponentMoved) and e.move is Move.DONE]
    planes = ("cp-1", "cp-2", "cp-3")
    assert done[:3] == [(Component.API_SERVER, plane) for plane in planes]
    assert done[-5:] == [(Component.KUBELET, node) for node in (*planes, "w-1", "w-2")]


def test_a_second_run_finds_nothing_to_do() -> None:
    rehearsed = kubernetes()
    rehearsed.upgrade_k8s()

    again = rehearsed.upgrade_k8s()

    assert again.exit is Exit.DONE
    assert "Nothing to do: every node runs Kubernetes v1.35.4" in again.said


def test_two_minor_releases_are_two_hops_with_gates_between_them() -> None:
    rehearsed = kubernetes(runs="v1.34.2", wants="v1.36.1")

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.DONE, played.said
    assert all_at(rehearsed) == {"v1.36.1"}
    assert hops(played) == [["Kubernetes v1.35.4", "Kubernetes v1.36.1"]]
    steps = [event.step for event in played.events if isinstance(event, StepStarted) and not event.hostname]
    one = [Step.GATES, Step.MARK, Step.KUBERNETES, Step.VERIFY, Step.SETTLE]
    assert steps == [*one, *one]


def test_another_release_than_that_of_the_files_is_reminded_of() -> None:
    rehearsed = kubernetes()

    played = rehearsed.upgrade_k8s("v1.35.3")

    assert played.exit is Exit.DONE, played.said
    assert all_at(rehearsed) == {"v1.35.3"}
    assert "The files still say v1.35.4: set kubernetesVersion in talconfig.yaml to v1.35.3" in played.said
    assert "talops gen config" in played.said


def test_a_refusal_changes_nothing() -> None:
    rehearsed = kubernetes(wants="v1.37.1")

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.REFUSED
    assert "too new: Talos v1.13 runs Kubernetes v1.31 to v1.36" in played.said
    assert all_at(rehearsed) == {OLD}


def test_a_no_changes_nothing() -> None:
    rehearsed = kubernetes()

    played = rehearsed.upgrade_k8s(confirm=lambda _plan: False)

    assert played.exit is Exit.STOPPED
    assert all_at(rehearsed) == {OLD}


@pytest.mark.parametrize(
    ("fault", "hostname", "state", "said"),
    [
        (
            "kubelet-does-not-restart@w-1",
            "w-1",
            NodeState.OLD_KUBELET,
            "talosctl -n 10.1.0.4 service kubelet restart",
        ),
        (
            "static-pod-stays@cp-2",
            "cp-2",
            NodeState.OLD_STATIC_POD,
            "talosctl -n 10.1.0.2 service kubelet restart",
        ),
        (
            "kubernetes-image-missing@w-2",
            "w-2",
            NodeState.NO_IMAGE,
            "talosctl -n 10.1.0.5 image pull --namespace system ghcr.io/siderolabs/kubelet:v1.35.4",
        ),
        (
            "kubernetes-image-missing@cp-3",
            "cp-3",
            NodeState.NO_IMAGE,
            "talosctl -n 10.1.0.3 image pull --namespace cri registry.k8s.io/kube-apiserver:v1.35.4",
        ),
    ],
)
def test_a_fault_is_named_with_its_node_and_the_next_run_does_what_is_left(
    fault: str, hostname: str, state: NodeState, said: str
) -> None:
    rehearsed = kubernetes(fault)

    played = rehearsed.upgrade_k8s()
    left = running(rehearsed)
    rehearsed.world.mend()
    rehearsed.world.advance(60)
    again = rehearsed.upgrade_k8s()

    assert played.exit is Exit.FAILED
    assert played.left(hostname) is state
    assert said in played.said
    assert "talops upgrade k8s" in played.ended.hint
    assert OLD in left[hostname]
    assert marked(rehearsed) == []
    assert again.exit is Exit.DONE, again.said
    assert all_at(rehearsed) == {NEW}


def test_what_runs_where_is_said_when_it_stops() -> None:
    played = kubernetes("kubelet-does-not-restart@w-1").upgrade_k8s()

    assert "kube-apiserver, kube-controller-manager, kube-scheduler v1.35.4 everywhere" in played.said
    assert "kubelet v1.35.2 on w-1, w-2 and v1.35.4 on cp-1, cp-2, cp-3" in played.said
    assert "Kubernetes allows such a mix" in played.said
    assert played.ended.left == ("Kubernetes v1.35.4",)


def test_without_its_image_nothing_was_changed_anywhere() -> None:
    rehearsed = kubernetes("kubernetes-image-missing@w-2")

    played = rehearsed.upgrade_k8s()

    assert "nothing was changed on any node" in played.said
    assert all_at(rehearsed) == {OLD}
    assert [event.hostname for event in played.events if isinstance(event, NodeEnded)] == ["w-2"]


@pytest.mark.parametrize(
    ("fault", "exit"),
    [
        ("dead-node@w-2", Exit.REFUSED),
        ("etcd-member-lost", Exit.GATE),
        ("lease-held", Exit.LOCKED),
        ("foreign-kured", Exit.LOCKED),
        ("two-clusters", Exit.REFUSED),
        ("kubectl-forbidden", Exit.GATE),
    ],
)
def test_what_stops_every_rollout_stops_this_one_before_it_begins(fault: str, exit: Exit) -> None:
    rehearsed = kubernetes(fault, policy=Policy())

    played = rehearsed.upgrade_k8s()

    assert played.exit is exit, played.said
    assert rehearsed.world.truth.cluster.clients == []


def test_an_api_that_goes_away_is_waited_for_and_talosctl_begins_anew() -> None:
    """For six seconds, when talosctl begins to look around."""
    rehearsed = kubernetes()
    truth = rehearsed.world.truth.cluster

    def go_away() -> None:
        truth.api_gap_until = truth.timeline.now + 6

    rehearsed.when("", Step.KUBERNETES, go_away, after=0)

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.DONE, played.said
    assert all_at(rehearsed) == {NEW}
    assert "went away under talosctl" in played.notes


@pytest.mark.parametrize("signal", ["INT", "TERM"])
def test_one_signal_before_it_begins_stops_it_with_nothing_changed(signal: str) -> None:
    rehearsed = kubernetes()
    rehearsed.when("", Step.GATES, lambda: rehearsed.world.send(signal))

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.STOPPED, played.said
    assert "Left to do: Kubernetes v1.35.4" in played.said
    assert all_at(rehearsed) == {OLD}
    assert rehearsed.world.truth.lease_holder is None


def test_ctrl_c_once_lets_the_hop_end() -> None:
    rehearsed = kubernetes(runs="v1.34.2", wants="v1.36.1")
    when_it_waits_for(rehearsed, "cp-2", Component.API_SERVER, "INT")

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.STOPPED, played.said
    assert all_at(rehearsed) == {"v1.35.4"}
    assert played.ended.left == ("Kubernetes v1.36.1",)
    assert marked(rehearsed) == []


def test_ctrl_c_twice_kills_talosctl_looks_and_says_what_runs() -> None:
    rehearsed = kubernetes()
    when_it_waits_for(rehearsed, "cp-2", Component.SCHEDULER, "INT", "INT")

    played = rehearsed.upgrade_k8s()
    in_flight = [node.name for node in rehearsed.world.truth.kube_nodes() if IN_FLIGHT in node.annotations]
    rehearsed.restart()
    before = rehearsed.world.clock.now()
    again = rehearsed.upgrade_k8s()

    assert played.exit is Exit.INTERRUPTED
    assert "its talosctl was killed, and no node reboots" in played.said
    assert "kube-apiserver, kube-controller-manager v1.35.4 everywhere" in played.said
    assert in_flight == []
    assert again.exit is Exit.DONE, again.said
    assert all_at(rehearsed) == {NEW}
    # nothing was left in flight that would have to be waited for
    assert rehearsed.world.clock.now() - before < 300


def test_sigterm_has_a_deadline() -> None:
    rehearsed = kubernetes("kubelet-does-not-restart@w-1")
    when_it_waits_for(rehearsed, "w-1", Component.KUBELET, "TERM")

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.TERMINATED
    assert "kubelet v1.35.2 on w-1, w-2" in played.said


@pytest.mark.parametrize(
    ("hostname", "component"), [("cp-1", Component.API_SERVER), ("cp-3", Component.KUBELET), ("w-2", Component.KUBELET)]
)
def test_a_killed_talops_leaves_a_talosctl_that_the_next_run_waits_for(hostname: str, component: Component) -> None:
    rehearsed = kubernetes()
    when_it_waits_for(rehearsed, hostname, component, kill=True)
    killed = rehearsed.upgrade_k8s()
    assert len(marked(rehearsed)) == 1
    rehearsed.restart()

    again = rehearsed.upgrade_k8s()

    assert killed.exit is None
    assert again.exit is Exit.DONE, again.said
    assert "settling that first" in again.notes
    assert all_at(rehearsed) == {NEW}
    assert marked(rehearsed) == []


def test_upgrade_all_waits_for_it_too_before_any_node_goes_down() -> None:
    rehearsed = cluster(start="v1.13.0", target="v1.13.1", workers=2, kubernetes=OLD)
    when_it_waits_for(rehearsed, "cp-1", Component.SCHEDULER, kill=True)
    rehearsed.upgrade_k8s()
    rehearsed.restart()
    found: list[set[str]] = []

    def watch(event: Event) -> None:
        if isinstance(event, StepStarted) and event.step is Step.CORDON:
            found.append(all_at(rehearsed))

    rehearsed.watch = watch

    played = rehearsed.play()

    assert played.exit is Exit.DONE, played.said
    assert "upgrade-k8s v1.35.4" in played.notes
    assert found == [{NEW}] * 5


def test_a_mark_of_a_talosctl_that_is_gone_is_given_up_when_nothing_has_moved_for_long() -> None:
    rehearsed = kubernetes()
    wall = rehearsed.world.clock.wall()
    gone = InFlight(
        run="gone",
        action="upgrade-k8s v1.35.4",
        boot_id=rehearsed.world.truth.nodes["cp-1"].boot_id,
        deadline=wall.replace(year=wall.year + 1),
    )
    annotate(rehearsed, "cp-1", {"talops.dev/in-flight": gone.text()})

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.DONE, played.said
    assert all_at(rehearsed) == {NEW}
    assert marked(rehearsed) == []


def test_a_run_that_was_broken_off_after_the_last_component_is_finished_by_the_next() -> None:
    rehearsed = kubernetes("kubelet-does-not-restart@w-2")
    failed = rehearsed.upgrade_k8s()
    # the last kubelet follows, but nobody has come to the manifests
    rehearsed.world.mend()
    rehearsed.world.advance(60)
    assert all_at(rehearsed) == {NEW}

    again, last = rehearsed.upgrade_k8s(), rehearsed.upgrade_k8s()

    assert failed.exit is Exit.FAILED
    assert hops(again) == [["Kubernetes v1.35.4"]]
    assert "manifests are left" in next(e.plan.hops[0].why[0] for e in again.events if isinstance(e, Planned))
    assert again.exit is Exit.DONE, again.said
    assert "Nothing to do" in last.said
    assert marked(rehearsed) == []


@pytest.mark.parametrize("seed", range(6))
def test_killed_at_any_instant_the_next_runs_finish_it(seed: int) -> None:
    rehearsed = kubernetes(seed=seed, runs="v1.34.2", wants="v1.36.1")
    for number in range(2):
        rehearsed.world.kill_talops_at(rehearsed.world.clock.now() + 23 + 67 * seed + 11 * number)
        rehearsed.upgrade_k8s()
        rehearsed.restart()

    last = rehearsed.upgrade_k8s()

    assert last.exit is Exit.DONE, last.said
    assert all_at(rehearsed) == {"v1.36.1"}
    assert marked(rehearsed) == []
    assert rehearsed.world.truth.went_down == []


def test_a_cluster_that_was_taken_halfway_by_hand_goes_on_from_there() -> None:
    rehearsed = kubernetes("static-pod-stays@cp-3", runs="v1.34.2", wants="v1.36.1")
    rehearsed.upgrade_k8s("v1.35.1")
    rehearsed.world.mend()
    rehearsed.world.advance(60)

    played = rehearsed.upgrade_k8s()

    assert played.exit is Exit.DONE, played.said
    assert hops(played)[0] == ["Kubernetes v1.35.1", "Kubernetes v1.36.1"]
    assert all_at(rehearsed) == {"v1.36.1"}
