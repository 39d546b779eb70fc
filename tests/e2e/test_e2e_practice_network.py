"""The network fails, and talops says so and fails closed: the real talosctl and kubectl before a sandbox's sockets."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

import pytest
from live_talops import started
from practice import Practice, practice

START, TARGET = "v1.13.0", "v1.13.2"
READ = 8.0
"""Seconds that one read may take, on a busy machine too."""
SHORTER = {"api-mute": 4.0, "node-mute": 4.0, "endpoint-mute": 1.5}
"""Where reads take as long as they may. Where nothing answers at all, nobody can be too slow."""
STATUS_WITHIN, UPGRADE_WITHIN = 30.0, 60.0
"""Generous: two rounds of reads on the Talos API, one on that of Kubernetes, and the patience of a rollout."""
UPGRADE = ("upgrade", "all", "--yes", "--output", "plain")
SLOW = "30"
"""Slow enough to fail in the middle of a step."""
SOON = {"GIVE_UP_SOON": "1"}
IMPATIENT = """\
stability: {samples: 2, window: 300ms}
gates: {nodes: {timeout: 4s}, etcd: {timeout: 4s}, ceph: {timeout: 4s}, postgres: {timeout: 4s}}
drain: {timeout: 4s}
timeouts: {upgrade: 4s, boot: 3s}
"""
KUBERNETES, TALOS = ("nodes", "ceph", "postgres"), ("nodes", "etcd")
"""The gates that cannot be open while an API says nothing."""
READYZ = "kubectl get --raw '/readyz?verbose'"
KUBECONFIG = "kubectl config view --minify"
TALOSCONFIG = "talosctl config info"
OTHER_CA = "its certificate is not of the CA that the {} trusts (x509: certificate signed by unknown authority)"


def everywhere(fault: str) -> tuple[str, ...]:
    return tuple(f"{fault}@cp-{number}" for number in (1, 2, 3))


CASES: Sequence[tuple[Sequence[str], str, str, Sequence[str]]] = [
    (["kubeconfig-expired"], "does not accept these credentials (401 Unauthorized)", KUBECONFIG, KUBERNETES),
    (["kubeconfig-wrong-ca"], OTHER_CA.format("kubeconfig"), KUBECONFIG, KUBERNETES),
    (["api-forbidden"], 'nodes is forbidden: User "admin" cannot list', "kubectl auth can-i --list", KUBERNETES),
    (["api-throttled"], "Too many requests, please try again later. (429)", READYZ, KUBERNETES),
    (["api-broken"], "the Kubernetes API fails: Internal error occurred", READYZ, KUBERNETES),
    (["api-unavailable"], "currently unable to handle the request (503)", READYZ, KUBERNETES),
    (["api-mute"], "the Kubernetes API did not answer: no answer within 4 s", READYZ, KUBERNETES),
    (["api-refused"], "the Kubernetes API did not answer: dial tcp", READYZ, KUBERNETES),
    (everywhere("endpoint-refused"), "connect: connection refused", TALOSCONFIG, TALOS),
    (everywhere("endpoint-mute"), "talosctl had no answer at its deadline", TALOSCONFIG, TALOS),
    (everywhere("endpoint-wrong-ca"), OTHER_CA.format("talosconfig"), TALOSCONFIG, TALOS),
    (
        ["client-certificate-expired"],
        "the certificate in the talosconfig has expired (tls: expired certificate)",
        "a new one: talhelper genconfig",
        TALOS,
    ),
    (["node-mute@w-2"], "talosctl had no answer at its deadline", "talosctl -n 10.30.0.22 version", ("nodes",)),
]
"""Faults, what is said of them, what to type, and the gates that cannot be open."""


@pytest.fixture(scope="module")
def place() -> Iterator[Practice]:
    with practice(start=START, target=TARGET, workers=2) as found:
        yield found


@pytest.fixture
def broken(place: Practice) -> Iterator[Practice]:
    yield place
    place.told("mend")


@pytest.mark.parametrize(
    ("faults", "said", "typed", "gates"), CASES, ids=[faults[0].partition("@")[0] for faults, *_ in CASES]
)
def test_a_failing_network_is_named_with_what_to_type_and_nothing_is_touched(
    broken: Practice, faults: Sequence[str], said: str, typed: str, gates: Sequence[str]
) -> None:
    broken.told("fault", *faults)
    looked, ran = side_by_side(
        broken, ("status",), ("upgrade", "all", "--yes", "--output", "plain"), read=read_of(faults[0])
    )

    code, printed, took = looked
    assert code == 4, printed
    assert said in words(printed)
    assert typed in words(printed).partition(" next: ")[2]
    assert [gate for gate in gates if f"gate {gate}: UNKNOWN" not in printed] == []
    assert took < STATUS_WITHIN

    code, printed, took = ran
    assert code == 9, printed
    assert said in printed
    assert typed in printed.partition("\nnext: ")[2]
    assert took < UPGRADE_WITHIN

    broken.told("mend")
    assert broken.traces() == []
    assert set(broken.versions().values()) == {START}


@pytest.mark.parametrize("fault", ["api-forbidden", "api-broken"])
def test_where_kubectl_prints_an_empty_list_no_gate_is_open(broken: Practice, fault: str) -> None:
    # it prints one only where it knows the kinds already
    assert broken.ran_tool("kubectl", "get", "nodes").returncode == 0
    broken.told("fault", fault)
    listed = broken.ran_tool("kubectl", "get", "nodes", "-o", "json")
    assert listed.returncode != 0
    assert '"items": []' in listed.stdout
    ((_, printed, _),) = side_by_side(broken, ("status",))
    assert [gate for gate in KUBERNETES if f"gate {gate}: UNKNOWN" not in printed] == []


def test_one_wrong_endpoint_of_three_is_passed_over(broken: Practice) -> None:
    broken.told("fault", "endpoint-refused@cp-1", "endpoint-wrong-ca@cp-2")
    ((code, printed, _),) = side_by_side(broken, ("status",))
    assert code == 0, printed


def test_both_apis_silent_is_no_cluster_at_all(broken: Practice) -> None:
    broken.told("fault", *everywhere("endpoint-mute"), "api-mute")
    ((code, printed, took),) = side_by_side(broken, UPGRADE, read=SHORTER["endpoint-mute"])
    assert code == 5, printed
    assert "the cluster does not answer" in printed
    assert "is the network (VPN) up" in printed
    assert took < UPGRADE_WITHIN


@pytest.mark.parametrize(
    ("moment", "fault", "exit_code", "said"),
    [
        (" drain\n", "api-unavailable", 4, "currently unable to handle the request (503)"),
        ("talosctl to upgrade it", "node-mute@w-1", 5, "w-1 does not answer any more"),
    ],
    ids=["503 in the drain", "half-open in the upgrade"],
)
def test_a_network_that_fails_in_a_rollout_takes_nothing_else_down(
    moment: str, fault: str, exit_code: int, said: str
) -> None:
    """Our cordon has to stay, since nobody can prove that the node is up, or write that it is."""
    with practice(start=START, target=TARGET, workers=2, speed=SLOW) as place:
        (place.repo / "talops.yaml").write_text(IMPATIENT)
        with started(place, *UPGRADE, "--only", "w-1,w-2", read_seconds=read_of(fault), more=SOON) as talops:
            talops.wait_for(moment)
            began = time.monotonic()
            place.begin(fault)
            assert talops.end(UPGRADE_WITHIN) == exit_code, talops.printed
            assert time.monotonic() - began < UPGRADE_WITHIN
            printed = talops.printed
        assert said in printed
        assert "Traceback" not in printed
        assert "kubectl uncordon w-1 && kubectl annotate node w-1" in printed
        place.mend()
        nodes = place.nodes()
        assert [name for name, node in nodes.items() if node["cordoned"]] == ["w-1"]
        assert {node["version"] for node in nodes.values()} == {START}


def read_of(fault: str) -> float:
    return SHORTER.get(fault.partition("@")[0], READ)


def side_by_side(place: Practice, *commands: tuple[str, ...], read: float = READ) -> list[tuple[int, str, float]]:
    """The exit code, what was printed, and how many seconds it took, of each."""
    began = time.monotonic()
    found = []
    with ExitStack() as stack:
        running = [stack.enter_context(started(place, *words, read_seconds=read, more=SOON)) for words in commands]
        for talops in running:
            code = talops.end()
            assert "Traceback" not in talops.printed
            found.append((code, talops.printed, time.monotonic() - began))
    return found


def words(printed: str) -> str:
    """Without the folds of a narrow screen."""
    return " ".join(printed.split())
