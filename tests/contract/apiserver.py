"""A real kube-apiserver on loopback with an etcd of its own: a store without controllers, kubelets and scheduler."""

import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import textwrap
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from corpus import corpus
from real_tools import real
from talops.domain.process import Kube, Request, Response
from talops.tools.calls import Kubectl
from talops.tools.kubectl import ProxyKube
from talops.tools.runner import ShRunner

KUBERNETES, ETCD = "1.36.3", "3.6.16"
CRDS = ("rook-v1.20.6", "cnpg-v1.30.0")
PATIENCE = 60.0
"""Seconds after which a server that is not ready never will be."""
ADMIN, BOB = "admin", "bob"
_TOKENS = {ADMIN: "system:masters", BOB: "nobodies"}
_OFF = ("ServiceAccount", "TaintNodesByCondition")
"""Admission that waits for a controller manager to do its part."""
_DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_EC_KEY, _P256 = bytes.fromhex("30310201010420"), bytes.fromhex("a00a06082a8648ce3d030107")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """`bare` is what it answered before it had any CustomResourceDefinition, by path."""

    kubeconfigs: dict[str, Path]
    kube: Kube
    """As an administrator, through the real `kubectl proxy`."""
    bob: Kube
    """The same as somebody whom RBAC allows nothing."""
    bare: dict[str, Response]
    store: str
    """The URL of its etcd."""


@contextmanager
def api_server(bare: Sequence[Request]) -> Iterator[ApiServer]:
    """Runs while the block does. `bare` are the questions to ask before there is any CustomResourceDefinition."""
    binaries = [real("etcd", ETCD), real("kube-apiserver", KUBERNETES), real("kubectl", KUBERNETES)]
    definitions = [corpus("crds", f"{name}.yaml").read_bytes() for name in CRDS]
    documents = [text for found in definitions for text in found.split(b"\n---\n") if b"\nkind: CustomRes" in text]
    with ExitStack() as stack:
        # short: a Unix socket's path has room for about 100 bytes
        folder = Path(tempfile.mkdtemp(prefix="kube-"))
        stack.callback(shutil.rmtree, folder)
        store = f"http://127.0.0.1:{reserved(stack)}"
        kubeconfigs = _serve(stack, binaries[0], binaries[1], folder, store)
        admin = stack.enter_context(_through_kubectl(binaries[2], kubeconfigs[ADMIN], folder / ADMIN))
        bob = stack.enter_context(_through_kubectl(binaries[2], kubeconfigs[BOB], folder / BOB))
        answers = {request.path: reply for request, reply in zip(bare, admin.gather(bare), strict=True)}
        define(admin, documents, "ceph.rook.io/v1/cephclusters", "postgresql.cnpg.io/v1/clusters")
        yield ApiServer(kubeconfigs=kubeconfigs, kube=admin, bob=bob, bare=answers, store=store)


def _serve(stack: ExitStack, etcd: Path, apiserver: Path, folder: Path, store: str) -> dict[str, Path]:
    """Start both and wait until they are ready. Returns the kubeconfig of each user."""
    peer, port = (reserved(stack) for _ in range(2))
    listens = ("--listen-client-urls", store, "--advertise-client-urls", store)
    to_peers = ("--listen-peer-urls", f"http://127.0.0.1:{peer}")
    data = ("--data-dir", str(folder / "etcd"), "--unsafe-no-fsync", "--socket-reuse-port", "--log-level", "warn")
    start(stack, folder, (str(etcd), *listens, *to_peers, *data))
    (folder / "key").write_text(_signing_key())
    tokens = {user: secrets.token_urlsafe() for user in _TOKENS}
    (folder / "tokens").write_text("".join(f'{tokens[user]},{user},{user},"{_TOKENS[user]}"\n' for user in _TOKENS))
    flags = {
        "advertise-address": "127.0.0.1",
        "authorization-mode": "RBAC",
        "bind-address": "127.0.0.1",
        "cert-dir": str(folder / "certs"),
        "disable-admission-plugins": ",".join(_OFF),
        "endpoint-reconciler-type": "none",
        "etcd-servers": store,
        "permit-port-sharing": "true",
        "secure-port": str(port),
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": str(folder / "key"),
        "service-account-signing-key-file": str(folder / "key"),
        "service-cluster-ip-range": "10.96.0.0/16",
        "token-auth-file": str(folder / "tokens"),
    }
    server = start(stack, folder, (str(apiserver), *(f"--{flag}={value}" for flag, value in flags.items())))
    _wait_until_ready(server, folder, port, tokens[ADMIN])
    return {user: _kubeconfig(folder, user, port, token) for user, token in tokens.items()}


def reserved(stack: ExitStack) -> int:
    """A port that nobody else gets: we stay bound to it beside the server, and never listen."""
    reserved = stack.enter_context(socket.socket())
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return int(reserved.getsockname()[1])


def _signing_key() -> str:
    """A new P-256 key, as little of one as is needed: the public half follows from it."""
    found = b64encode(_EC_KEY + secrets.token_bytes(32) + _P256).decode()
    return f"-----BEGIN EC PRIVATE KEY-----\n{textwrap.fill(found, 64)}\n-----END EC PRIVATE KEY-----\n"


def start(stack: ExitStack, folder: Path, argv: Sequence[str]) -> "subprocess.Popen[bytes]":
    """It ends with the stack, those that were started later first: an API server without etcd would not stop."""
    setpriv = shutil.which("setpriv")
    # nobody tidies up after a test run that is killed
    tied = (setpriv, "--pdeathsig", "KILL") if setpriv else ()
    with _log(folder, argv[0]).open("wb") as log:
        process = subprocess.Popen((*tied, *argv), stdout=log, stderr=log, cwd=folder, start_new_session=True)
    stack.callback(end, process)
    return process


def end(process: "subprocess.Popen[bytes]") -> None:
    # nothing of it is needed any more, so it need not take its leave
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _log(folder: Path, binary: str) -> Path:
    return folder / f"{Path(binary).name}.log"


def _wait_until_ready(server: "subprocess.Popen[bytes]", folder: Path, port: int, token: str) -> None:
    try:
        _wait(lambda: server.poll() is not None or _ready(folder, port, token))
        assert server.poll() is None, "it has ended"
    except AssertionError as error:
        last = _log(folder, "kube-apiserver").read_text().splitlines()[-5:]
        raise AssertionError("the API server does not get ready:\n" + "\n".join(last)) from error


def _wait(true: Callable[[], bool]) -> None:
    """Until it is true. Raises AssertionError when that takes too long."""
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, "it takes too long"
        time.sleep(0.02)


def _ready(folder: Path, port: int, token: str) -> bool:
    try:
        trusted = ssl.create_default_context(cafile=str(folder / "certs" / "apiserver.crt"))
        asked = urllib.request.Request(f"https://127.0.0.1:{port}/readyz", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, context=trusted, timeout=5) as reply:
            return bool(reply.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _kubeconfig(folder: Path, user: str, port: int, token: str) -> Path:
    server = {
        "server": f"https://127.0.0.1:{port}",
        "certificate-authority-data": b64encode((folder / "certs" / "apiserver.crt").read_bytes()).decode(),
    }
    found = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "real", "cluster": server}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "real", "context": {"cluster": "real", "user": user}}],
        "current-context": "real",
    }
    path = folder / f"{user}.kubeconfig"
    path.write_text(json.dumps(found))
    path.chmod(0o600)
    return path


@contextmanager
def _through_kubectl(kubectl: Path, kubeconfig: Path, folder: Path) -> Iterator[ProxyKube]:
    folder.mkdir(mode=0o700)
    runner = ShRunner()
    try:
        with ProxyKube(runner, Kubectl(path=str(kubectl), kubeconfig=str(kubeconfig)), folder) as kube:
            yield kube
    finally:
        runner.close()


def define(kube: Kube, documents: Sequence[bytes], *served: str) -> None:
    """Create CustomResourceDefinitions and wait until the server serves these kinds."""
    asked = [_asked("POST", _DEFINITIONS, body) for body in documents]
    for reply in kube.gather(asked):
        assert reply.status == 201, reply
    lists = [_asked("GET", f"/apis/{kind}") for kind in served]
    _wait(lambda: all(reply.status == 200 for reply in kube.gather(lists)))


def undefine(kube: Kube, plural: str, group: str, version: str) -> None:
    """Delete one with all its objects, and wait until it is gone."""
    (reply,) = kube.gather([_asked("DELETE", f"{_DEFINITIONS}/{plural}.{group}")])
    assert reply.status == 200, reply
    listed = _asked("GET", f"/apis/{group}/{version}/{plural}")
    _wait(lambda: kube.gather([listed])[0].status != 200)


def _asked(method: str, path: str, body: bytes = b"") -> Request:
    """JSON is YAML."""
    limit = timedelta(seconds=PATIENCE)
    return Request(
        template="definition", method=method, path=path, body=body, content_type="application/yaml", deadline=limit
    )
