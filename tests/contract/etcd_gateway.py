"""A real etcd on loopback, asked over its JSON gateway."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contract.etcd_steps import OK

PATIENCE = 20.0
_AS_IT_IS = {"linearizable": False}
"""Whatever a member knows by itself."""
Answer = Mapping[str, object]


class EtcdSaid(Exception):
    """In its own words."""


@dataclass(slots=True, kw_only=True)
class Gateway:
    """`running` has the processes of those that were started and not killed; ports of clients and peers by name."""

    clients: dict[str, int]
    peers: dict[str, int]
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def call(self, at: str, path: str, **body: object) -> Answer:
        """Raises EtcdSaid. What Talos asks of members with a leader only is refused at once where there is none."""
        led = path.startswith(("cluster", "maintenance/transfer")) and body != _AS_IT_IS
        headers = {"Grpc-Metadata-hasleader": "true"} if led else {}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.clients[at]}/v3/{path}", json.dumps(body).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                lines = [json.loads(line) for line in response.read().splitlines()]
        except urllib.error.HTTPError as error:
            with error:
                raise EtcdSaid(json.loads(error.read())["message"]) from None
        return lines[0] if len(lines) == 1 else {"parts": lines}

    def said(self, at: str, path: str, **body: object) -> str:
        try:
            self.call(at, path, **body)
        except EtcdSaid as error:
            return str(error)
        return OK

    def listed(self, at: str, **how: object) -> Sequence[Mapping[str, object]]:
        found = self.call(at, "cluster/member/list", **how)["members"]
        assert isinstance(found, list)
        return found

    def id(self, name: str) -> str:
        """Of the member with this peer URL. A number that nobody has for somebody who is not there."""
        at = next(iter(self.running))
        url = f"http://127.0.0.1:{self.peers.get(name, 0)}"
        return next((str(one["ID"]) for one in self.listed(at, **_AS_IT_IS) if one["peerURLs"] == [url]), "4711")

    def named(self, id: object) -> str:
        at = next(iter(self.running))
        ports = {f"http://127.0.0.1:{port}": name for name, port in self.peers.items()}
        for one in self.listed(at, **_AS_IT_IS):
            if str(one["ID"]) == str(id):
                urls = one["peerURLs"]
                assert isinstance(urls, list)
                return ports[urls[0]]
        return "nobody"

    def leader(self, at: str) -> str:
        return str(self.call(at, "maintenance/status").get("leader", ""))

    def applied(self, at: str) -> int:
        return int(str(self.call(at, "maintenance/status")["raftAppliedIndex"]))

    def raised(self, at: str) -> list[Mapping[str, object]]:
        found = self.call(at, "maintenance/alarm", action="GET").get("alarms", [])
        assert isinstance(found, list)
        return found

    def size(self, name: str) -> int:
        return int(str(self.call(name, "maintenance/status")["dbSize"]))
