"""What `talosctl services` printed, in every form that was captured."""

from datetime import timedelta

import pytest
from captures import capture, table

from corpus import corpus
from talops.domain.services import NodeServices
from talops.domain.talos import Role, ServiceState, Unknown
from talops.tools.servicestates import service_states


@pytest.mark.parametrize("version", ["v1.12.0", "v1.13.0"])
def test_the_services_of_a_node_are_read_from_what_the_real_one_printed(version: str) -> None:
    said = capture(corpus("outputs-real") / f"talosctl-{version}" / "services.txt").result.stdout
    found = service_states(said)
    assert not isinstance(found, Unknown)
    (states,) = found.values()
    assert states[-1] == ServiceState(
        id="etcd", state="Running", health="OK", event="Health check successful", since=states[-1].since
    )
    assert all(state.well and state.since is not None for state in states)


def sample(name: str) -> bytes:
    text = (corpus("outputs") / name).read_text()
    return text.partition("verbatim sample below ----\n")[2].encode()


@pytest.mark.parametrize(
    ("name", "unwell"),
    [
        ("services-etcd-learner-fail-v1.1.txt", ["etcd"]),
        ("services-etcd-preparing-v1.11.txt", ["etcd", "kubelet"]),
        ("services-etcd-waiting-v1.2.txt", ["etcd"]),
    ],
)
def test_what_is_not_well_is_told_from_what_is(name: str, unwell: list[str]) -> None:
    found = service_states(sample(name))
    assert not isinstance(found, Unknown)
    (states,) = found.values()
    assert [state.id for state in states if not state.well] == unwell


def test_a_time_is_read_and_one_in_another_form_is_none() -> None:
    heading = ("SERVICE", "STATE", "HEALTH", "LAST CHANGE", "LAST EVENT")
    rows = [("etcd", "Running", "OK", words, "x") for words in ("14m30s ago", "7825h49m47s ago", "", "soon", "x ago")]
    found = service_states(table(heading, *rows))
    assert not isinstance(found, Unknown)
    assert [state.since for state in found[""]] == [
        timedelta(minutes=14, seconds=30),
        timedelta(hours=7825, minutes=49, seconds=47),
        None,
        None,
        None,
    ]


def test_another_table_is_not_guessed_at() -> None:
    assert isinstance(service_states(b"NODE   ID\nx      y\n"), Unknown)


@pytest.mark.parametrize(
    ("id", "state", "health", "well"),
    [
        ("etcd", "Running", "OK", True),
        ("udevd", "Running", "?", True),
        ("kubelet", "Running", "Fail", False),
        ("kubelet", "Finished", "?", False),
        ("ext-once", "Finished", "?", True),
        ("ext-once", "Failed", "?", False),
        ("trustd", "Stopping", "OK", False),
        ("etcd", "Waiting", "?", False),
    ],
)
def test_when_a_service_is_well(id: str, state: str, health: str, well: bool) -> None:
    assert ServiceState(id=id, state=state, health=health).well is well


def test_a_service_that_every_node_has_and_one_does_not_list_is_missing() -> None:
    names = ("apid", "containerd", "cri", "machined", "trustd", "kubelet")
    states = tuple(ServiceState(id=name, state="Running", health="OK") for name in names)
    plane = NodeServices(hostname="cp-1", role=Role.CONTROL_PLANE, address="10.0.0.11", states=states)
    assert (plane.missing, plane.well) == (("etcd",), False)
    assert NodeServices(hostname="w-1", role=Role.WORKER, address="10.0.0.21", states=states).well
    silent = NodeServices(hostname="w-1", role=Role.WORKER, address="10.0.0.21", states=Unknown("i/o timeout"))
    assert (silent.missing, silent.well) == ((), False)
