"""What runs in pods, as far as anything does: the Ceph toolbox takes commands, every other container says so."""

import json

from aiohttp import web

from talops.sim.ceph import Ceph
from talops.sim.cluster import Cluster
from talops.sim.kube import statuses
from talops.sim.kube.asked import Asked
from talops.sim.kube.budgets import is_ready
from talops.sim.kube.objects import Object
from talops.sim.kube.statuses import Reply
from talops.sim.kube.store import ObjectStore
from talops.sim.toolbox import TOOLBOX, Output, run

_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDOUT, _STDERR, _STATUS = 1, 2, 3
_NOTHING_RUNS = "this pod belongs to an embedded cluster and runs nothing"
_ONLY_TOOLBOX = f"{_NOTHING_RUNS}; only deploy/{TOOLBOX} in namespace rook-ceph takes commands"


class Containers:
    """`exec`, `attach` and `log` of pods."""

    def __init__(self, cluster: Cluster, ceph: Ceph | None) -> None:
        self._cluster, self._ceph = cluster, ceph

    async def answer(self, request: web.BaseRequest, asked: Asked, store: ObjectStore) -> web.StreamResponse:
        assert asked.resource is not None
        pod = store.get("pods", asked.name, asked.namespace)
        if pod is None:
            return _plain(statuses.not_found(asked.resource, asked.name))
        query = request.query
        problem = _container_problem(pod, query.get("container", "")) or _kubelet_problem(pod)
        if problem is not None:
            return _plain(problem)
        if asked.subresource == "log":
            return _log(pod)
        if asked.subresource == "attach":
            return _plain(_failed(_NOTHING_RUNS))
        return await self._exec(request, pod, query.getall("command", []))

    async def _exec(self, request: web.BaseRequest, pod: Object, words: list[str]) -> web.StreamResponse:
        if self._ceph is None or (pod["metadata"].get("labels") or {}).get("app") != TOOLBOX:
            return _plain(_failed(_ONLY_TOOLBOX))
        if not words:
            return _plain(statuses.bad_request("you must specify at least 1 command for the container"))
        socket = web.WebSocketResponse(protocols=_PROTOCOLS)
        if not socket.can_prepare(request):
            return _plain(statuses.bad_request("exec is spoken over WebSocket only: use kubectl 1.31 or newer"))
        await socket.prepare(request)
        if socket.ws_protocol is None:
            await socket.close()
            return socket
        await _send(socket, run(self._ceph, words))
        return socket


async def _send(socket: web.WebSocketResponse, output: Output) -> None:
    for channel, data in ((_STDOUT, output.stdout), (_STDERR, output.stderr)):
        if data:
            await socket.send_bytes(bytes([channel]) + data.encode())
    await socket.send_bytes(bytes([_STATUS]) + json.dumps(_ended(output.exit)).encode())
    await socket.close()


def _ended(code: int) -> Object:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
    }


def _container_problem(pod: Object, wanted: str) -> Reply | None:
    names = [row["name"] for row in pod["spec"]["containers"]]
    if wanted and wanted not in names:
        return statuses.bad_request(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
    return None


def _kubelet_problem(pod: Object) -> Reply | None:
    """The API server passes on what the node's kubelet says: there must be one."""
    status = pod["status"]
    if status["phase"] == "Pending":
        container = f'container "{pod["spec"]["containers"][0]["name"]}" in pod "{pod["metadata"]["name"]}"'
        return statuses.bad_request(f"{container} is waiting to start: ContainerCreating")
    if not is_ready(pod):
        return _failed(f"error dialing backend: dial tcp {status['hostIP']}:10250: connect: connection refused")
    return None


def _log(pod: Object) -> web.Response:
    started = pod["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    return web.Response(text=f"{started} {_NOTHING_RUNS}\n")


def _failed(message: str) -> Reply:
    return statuses.failure(500, "InternalError", f"Internal error occurred: {message}")


def _plain(reply: Reply) -> web.Response:
    status, body = reply
    return web.Response(status=status, body=body, content_type="application/json")
