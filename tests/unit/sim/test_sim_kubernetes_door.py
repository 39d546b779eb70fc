"""What the Kubernetes port says over plain HTTP: watches, faults, refusals. Nothing ever hangs that should not."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from builders import desired_cluster
from network_door import NetworkDoor, served
from talops.sim.kube.objects import Object
from talops.sim.network.kubernetes.instead import Instead

NODES = "/api/v1/nodes"
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


@pytest.fixture(scope="module")
def door() -> Iterator[NetworkDoor]:
    with served(desired_cluster(1, 3)) as door:
        yield door


@pytest.fixture(scope="module")
def context(door: NetworkDoor, tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """Of an administrator's client."""
    credentials = door.authority.client(name="admin", organizations=["system:masters"])
    file: Path = tmp_path_factory.mktemp("tls") / "client.pem"
    file.write_bytes(credentials.certificate + credentials.key)
    context = ssl.create_default_context(cadata=door.authority.certificate.decode())
    context.load_cert_chain(file)
    return context


@contextmanager
def asked(
    door: NetworkDoor,
    context: ssl.SSLContext,
    path: str,
    *,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    seconds: float = 10.0,
) -> Iterator[http.client.HTTPResponse]:
    connection = http.client.HTTPSConnection("127.0.0.1", door.port, context=context, timeout=seconds)
    try:
        connection.request(method, path, body, headers or {})
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def events(response: http.client.HTTPResponse, count: int) -> list[tuple[str, Any]]:
    found = [json.loads(response.readline()) for _ in range(count)]
    return [(event["type"], event["object"]) for event in found]


def names(found: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    return [(kind, one["metadata"].get("name", "")) for kind, one in found]


def ended(response: http.client.HTTPResponse) -> bool:
    """Whether nothing more comes, however that is said."""
    try:
        return not response.read(1)
    except (ConnectionError, http.client.IncompleteRead, ssl.SSLError):
        return True


def label(door: NetworkDoor, node: str, **labels: str) -> None:
    def change(found: Object) -> None:
        found["metadata"]["labels"].update(labels)

    door.do(partial(door.truth.cluster.store.update, "nodes", node, "", change))


def version(door: NetworkDoor) -> int:
    return door.do(lambda: door.truth.cluster.store.version)


def test_a_watch_begins_with_everything_and_a_bookmark(door: NetworkDoor, context: ssl.SSLContext) -> None:
    query = "?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    with asked(door, context, NODES + query) as response:
        found = events(response, 5)
    assert names(found)[:4] == [("ADDED", name) for name in ("cp-1", "w-1", "w-2", "w-3")]
    assert found[4][0] == "BOOKMARK"
    assert found[4][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_an_object_that_begins_or_stops_matching_is_added_or_deleted(
    door: NetworkDoor, context: ssl.SSLContext
) -> None:
    since = version(door)
    with asked(door, context, f"{NODES}?watch=true&labelSelector=color%3Dred&resourceVersion={since}") as response:
        label(door, "w-1", color="red")
        label(door, "w-2", color="blue")
        label(door, "w-1", size="big")
        label(door, "w-1", color="blue")
        found = events(response, 3)
    assert names(found) == [("ADDED", "w-1"), ("MODIFIED", "w-1"), ("DELETED", "w-1")]
    assert found[2][1]["metadata"]["labels"]["color"] == "red"
    assert int(found[2][1]["metadata"]["resourceVersion"]) > int(found[1][1]["metadata"]["resourceVersion"])


def test_a_watch_of_one_object_by_name_sees_its_end(door: NetworkDoor, context: ssl.SSLContext) -> None:
    store = door.truth.cluster.store
    made: Object = {"metadata": {"name": "short", "namespace": "web"}, "data": {}}
    door.do(lambda: store.create("configmaps", made))
    path = "/api/v1/namespaces/web/configmaps?watch=1&fieldSelector=metadata.name%3Dshort"
    with asked(door, context, path) as response:
        assert names(events(response, 1)) == [("ADDED", "short")]
        door.do(lambda: store.remove("configmaps", "short", "web"))
        assert names(events(response, 1)) == [("DELETED", "short")]


def test_a_watch_ends_when_its_time_is_over(door: NetworkDoor, context: ssl.SSLContext) -> None:
    with asked(door, context, f"{NODES}?watch=true&timeoutSeconds=1&resourceVersion={version(door)}") as response:
        assert response.read() == b""


def test_a_version_that_is_forgotten_or_not_there_yet_is_gone(door: NetworkDoor, context: ssl.SSLContext) -> None:
    for number in range(4001):
        label(door, "w-3", number=str(number))
    for gone in (1, version(door) + 1000):
        with asked(door, context, f"{NODES}?watch=true&resourceVersion={gone}") as response:
            ((kind, status),) = events(response, 1)
            assert response.read() == b""
        assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    with asked(door, context, NODES) as response:
        fresh = json.loads(response.read())["metadata"]["resourceVersion"]
    with asked(door, context, f"{NODES}?watch=true&timeoutSeconds=1&resourceVersion={fresh}") as response:
        assert response.read() == b""


def test_a_watch_of_tables_names_the_columns_once(door: NetworkDoor, context: ssl.SSLContext) -> None:
    path = f"{NODES}?watch=true"
    with asked(door, context, path, headers={"Accept": f"{TABLE},application/json"}) as response:
        found = events(response, 4)
    assert [row["rows"][0]["cells"][0] for _, row in found] == ["cp-1", "w-1", "w-2", "w-3"]
    assert [row["columnDefinitions"] is not None for _, row in found] == [True, False, False, False]


def test_discovery_comes_whole_for_those_who_ask_for_it(door: NetworkDoor, context: ssl.SSLContext) -> None:
    with asked(door, context, "/api", headers={"Accept": f"{DISCOVERY},application/json"}) as response:
        assert response.getheader("Content-Type") == DISCOVERY
        (core,) = json.loads(response.read())["items"]
    pods = next(row for row in core["versions"][0]["resources"] if row["resource"] == "pods")
    below = {row["subresource"]: row["responseKind"] for row in pods["subresources"]}
    assert below["eviction"] == {"group": "policy", "version": "v1", "kind": "Eviction"}
    assert pods["shortNames"] == ["po"]
    with asked(door, context, "/apis") as response:
        assert json.loads(response.read())["kind"] == "APIGroupList"


@pytest.mark.parametrize(
    ("fault", "status", "retry"),
    [
        (Instead.UNAUTHORIZED, 401, None),
        (Instead.FORBIDDEN, 403, None),
        (Instead.BUSY, 429, "1"),
        (Instead.BROKEN, 500, None),
        (Instead.UNAVAILABLE, 503, None),
    ],
)
@pytest.mark.parametrize("path", [NODES, "/apis", "/version"])
def test_a_fault_answers_every_request(
    door: NetworkDoor, context: ssl.SSLContext, fault: Instead, status: int, retry: str | None, path: str
) -> None:
    door.behave(fault)
    try:
        with asked(door, context, path) as response:
            assert (response.status, response.getheader("Retry-After")) == (status, retry)
    finally:
        door.behave(None)


def test_a_mute_server_accepts_and_never_answers(door: NetworkDoor, context: ssl.SSLContext) -> None:
    door.behave(Instead.MUTE)
    try:
        with pytest.raises(TimeoutError), asked(door, context, "/readyz", seconds=0.3):
            pass
    finally:
        door.behave(None)


def test_a_server_that_refuses_cuts_what_is_open_and_keeps_its_port(door: NetworkDoor, context: ssl.SSLContext) -> None:
    port = door.port
    with asked(door, context, f"{NODES}?watch=true&resourceVersion={version(door)}") as response:
        door.behave(Instead.REFUSE)
        try:
            assert ended(response)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), 5)
        finally:
            door.behave(None)
    with asked(door, context, "/readyz") as response:
        assert response.read() == b"ok"


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        pytest.param("GET", "/nope", None, {}, 404, id="no such path"),
        pytest.param("GET", "/apis/nope.example/v1/nopes", None, {}, 404, id="no such group"),
        pytest.param("POST", NODES, b"k8s\0\x0a\x04\x12\x02No", {}, 415, id="protobuf of another kind"),
        pytest.param("POST", NODES, b"k8s\0\xff\xff", {}, 415, id="broken protobuf"),
        pytest.param("POST", NODES, b"nonsense", {}, 400, id="no JSON"),
        pytest.param("POST", NODES, b"{}", {}, 422, id="an object without a name"),
        pytest.param("POST", NODES, b"[]", {}, 422, id="no object"),
        pytest.param("GET", NODES, None, {"Accept": "application/vnd.kubernetes.protobuf"}, 406, id="protobuf only"),
        pytest.param("GET", f"{NODES}?labelSelector=a%20b", None, {}, 400, id="a selector that cannot be read"),
        pytest.param("GET", f"{NODES}?watch=1&labelSelector=a%20b", None, {}, 400, id="a watch with such a selector"),
        pytest.param("PATCH", f"{NODES}/w-1", b"{}", {"Content-Type": "text/plain"}, 415, id="an unknown patch"),
    ],
)
def test_what_cannot_be_answered_is_refused(
    door: NetworkDoor,
    context: ssl.SSLContext,
    method: str,
    path: str,
    body: bytes | None,
    headers: dict[str, str],
    status: int,
) -> None:
    with asked(door, context, path, method=method, body=body, headers=headers) as response:
        assert response.status == status


def test_an_old_kubectl_that_speaks_spdy_is_told_so(door: NetworkDoor, context: ssl.SSLContext) -> None:
    pods = door.do(lambda: [pod["metadata"]["name"] for pod in door.truth.cluster.store.all("pods")])
    toolbox = next(name for name in pods if name.startswith("rook-ceph-tools"))
    path = f"/api/v1/namespaces/rook-ceph/pods/{toolbox}/exec?command=ceph&command=status&stdout=true"
    headers = {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": "v4.channel.k8s.io"}
    with asked(door, context, path, method="POST", headers=headers) as response:
        assert response.status == 400
        assert "WebSocket" in json.loads(response.read())["message"]


def test_a_command_needs_a_kubelet_that_answers(context: ssl.SSLContext, door: NetworkDoor) -> None:
    store = door.truth.cluster.store
    pod = door.do(lambda: next(pod for pod in store.all("pods") if pod["metadata"]["namespace"] == "ingress"))
    name = pod["metadata"]["name"]

    def stop(found: Object) -> None:
        found["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    door.do(lambda: store.update("pods", name, "ingress", stop))
    with asked(door, context, f"/api/v1/namespaces/ingress/pods/{name}/log") as response:
        assert response.status == 500
        assert "10250: connect: connection refused" in json.loads(response.read())["message"]


def test_a_client_that_pages_gets_everything(door: NetworkDoor, context: ssl.SSLContext) -> None:
    with asked(door, context, f"{NODES}?limit=2") as response:
        found = json.loads(response.read())
    assert len(found["items"]) == 4
    assert "continue" not in found["metadata"]
