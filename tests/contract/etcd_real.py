"""A real etcd of three members on loopback, over its JSON gateway."""

import re
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from contract.apiserver import ETCD, reserved, start
from contract.etcd_gateway import PATIENCE, EtcdSaid, Gateway
from contract.etcd_steps import FOUNDERS, OK, OTHERS
from real_tools import real
from talops.sim.etcd import NOSPACE

_ROOM = 512 * 1024
"""Bytes: all that the first member has."""
_MAGIC = bytes.fromhex("edda0ced")
_ALARM = re.compile(r"memberID:(\d+)")


@dataclass(slots=True, kw_only=True)
class RealEtcd(Gateway):
    """Implements Steps."""

    stack: ExitStack
    folder: Path

    def members(self, at: str) -> str:
        try:
            found = self.listed(at, linearizable=True)
        except EtcdSaid as error:
            return str(error)
        ids = [int(str(one["ID"])) for one in found]
        rows = sorted(
            self.named(one["ID"])
            + ("" if one.get("name") else " unnamed")
            + ("" if one.get("clientURLs") else " unreachable")
            + (" learner" if one.get("isLearner") else "")
            for one in found
        )
        return ", ".join((*rows, "by ID" if ids == sorted(ids) else "in disorder"))

    def status(self, at: str) -> str:
        found = self.call(at, "maintenance/status")
        leader = self.named(found["leader"]) if found.get("leader") else "nobody"
        errors = found.get("errors", [])
        assert isinstance(errors, list)
        named = [_ALARM.sub(lambda hit: f"memberID:{self.named(hit[1])}", error) for error in errors]
        return f"led by {leader}{', a learner' if found.get('isLearner') else ''}, {named}"

    def add(self, at: str, new: str, *, learner: bool) -> str:
        return self.said(at, "cluster/member/add", peerURLs=[f"http://127.0.0.1:{self.peers[new]}"], isLearner=learner)

    def remove(self, at: str, name: str) -> str:
        return self.said(at, "cluster/member/remove", ID=self.id(name))

    def promote(self, at: str, name: str) -> str:
        return self.said(at, "cluster/member/promote", ID=self.id(name))

    def lead(self, name: str) -> str:
        leader = self.named(self.leader(name))
        return OK if leader == name else self.move_leader(leader, name)

    def move_leader(self, at: str, to: str) -> str:
        id = self.id(to)
        said = self.said(at, "maintenance/transfer-leadership", targetID=id)
        if said == OK:
            self.wait(lambda: all(self.leader(one) == id for one in self.running))
        return said

    def kill(self, name: str) -> str:
        """Until the others have noticed, and know of no leader if they are too few."""
        self.running[name].kill()
        self.running.pop(name).wait()
        id = f"{int(self.id(name)):x}" if self.quorate() else ""
        self.wait(lambda: all(self.noticed(one, id) if id else not self.leader(one) for one in self.running))
        return OK

    def quorate(self) -> bool:
        return len(self.running) > len(FOUNDERS) // 2

    def noticed(self, at: str, gone: str) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.clients[at]}/metrics", timeout=PATIENCE) as response:
            text = response.read().decode()
        return re.search(rf'etcd_network_active_peers{{.*Remote="{gone}"}} 0', text) is not None

    def ended(self, name: str) -> str:
        return f"exit {self.running.pop(name).wait(PATIENCE)}"

    def start(self, name: str) -> str:
        members = [(self.named(one["ID"]), one["peerURLs"]) for one in self.listed("m1")]
        self.launch(name, {one: self.peers[one] for one, _ in members}, "existing")
        self.ready(name)
        self.wait(lambda: self.applied(name) >= self.applied("m1"))
        return OK

    def fill(self, name: str) -> str:
        """What was written is deleted again: there is room in the file, and the file is as large as it was."""
        value = b64encode(bytes(100 * 1024)).decode()
        said = OK
        while said == OK:
            said = self.said(name, "kv/put", key=_KEY, value=value)
        deleted = self.call(name, "kv/deleterange", key=_KEY)
        header = deleted["header"]
        assert isinstance(header, dict)
        self.call(name, "kv/compaction", revision=header["revision"], physical=True)
        return said

    def write(self, at: str) -> str:
        return self.said(at, "kv/put", key=_KEY, value=_KEY)

    def alarms(self, at: str) -> str:
        try:
            found = self.raised(at)
        except EtcdSaid as error:
            return str(error)
        return str(sorted((self.named(one["memberID"]), one["alarm"]) for one in found))

    def disarm(self, at: str) -> str:
        """One after the other, as etcd's client does it that Talos has."""
        told = self.alarms(at)
        for one in self.raised(at):
            self.call(at, "maintenance/alarm", action="DEACTIVATE", memberID=one["memberID"], alarm=NOSPACE)
        return told

    def defragment(self, name: str) -> str:
        before = self.size(name)
        said = self.said(name, "maintenance/defragment")
        return f"{said}, {'smaller' if self.size(name) < before else 'as large as before'}"

    def snapshot(self, at: str) -> str:
        found = self.call(at, "maintenance/snapshot")["parts"]
        assert isinstance(found, list)
        return checked(b"".join(b64decode(part["result"].get("blob", "")) for part in found))

    # how it runs

    def launch(self, name: str, cluster: Mapping[str, int], state: str) -> None:
        client, peer = (f"http://127.0.0.1:{ports[name]}" for ports in (self.clients, self.peers))
        flags = {
            "name": name,
            "data-dir": str(self.folder / name),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": ",".join(f"{one}=http://127.0.0.1:{port}" for one, port in cluster.items()),
            "initial-cluster-state": state,
            # a machine with much to do must not make them hold an election
            "election-timeout": "2000",
            "log-level": "error",
            "quota-backend-bytes": str(_ROOM if name == "m1" else 0),
        }
        words = (f"--{flag}={value}" for flag, value in flags.items())
        argv = (str(real("etcd", ETCD)), *words, "--unsafe-no-fsync", "--socket-reuse-port")
        self.running[name] = start(self.stack, self.folder, argv)

    def ready(self, name: str) -> None:
        def answers() -> bool:
            try:
                return self.leader(name) not in {"", "0"}
            except OSError:
                return False

        self.wait(answers)

    def connected_long_enough(self) -> None:
        """etcd changes its members only when they have been connected to each other for five seconds."""
        self.wait(lambda: self.add("m1", "probe", learner=True) == OK)
        assert self.remove("m1", "probe") == OK

    @staticmethod
    def wait(condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, "it never came to that"
            time.sleep(0.02)


_KEY = b64encode(b"k").decode()


def checked(file: bytes) -> str:
    """What is to be known of a snapshot without looking into it."""
    body, trailer = file[: -sha256().digest_size], file[-sha256().digest_size :]
    sound = sha256(body).digest() == trailer and len(body) % 512 == 0
    return f"{'sound' if sound else 'broken'}, {'bbolt' if body[16:20] == _MAGIC else 'no bbolt'}"


@contextmanager
def real_etcd() -> Iterator[RealEtcd]:
    """Three members with a leader. Nothing is left of it afterwards."""
    real("etcd", ETCD)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="etcd-"))
        stack.callback(shutil.rmtree, folder)
        names = (*FOUNDERS, *OTHERS)
        clients, peers = ({name: reserved(stack) for name in names} for _ in range(2))
        etcd = RealEtcd(stack=stack, folder=folder, clients=clients, peers=peers)
        for name in FOUNDERS:
            etcd.launch(name, {one: peers[one] for one in FOUNDERS}, "new")
        for name in FOUNDERS:
            etcd.ready(name)
        yield etcd
