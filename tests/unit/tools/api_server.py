"""A tiny stand-in for an API server, run as a process of its own. Prints its port. Ends when its stdin does."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NODES = {"kind": "NodeList", "metadata": {}, "items": [{"metadata": {"name": f"n-{number}"}} for number in range(6)]}
BLOCKED = {
    "kind": "Status",
    "message": "Cannot evict pod as it would violate the pod's disruption budget.",
    "details": {"causes": [{"reason": "DisruptionBudget", "message": "The disruption budget pg-primary needs 1"}]},
}
MISSING = {"kind": "Status", "message": "not found", "code": 404}


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self) -> None:
        if self.path == "/api/v1/nodes":
            self.reply(200, NODES)
        elif self.path == "/hang":
            threading.Event().wait(60)
        elif self.path == "/drip":
            self.drip()
        elif self.path == "/big":
            self.reply(200, {"kind": "Big", "text": "x" * 3_000_000})
        elif self.path == "/text":
            self.reply_bytes(404, b"404 page not found\n", "text/plain")
        elif self.path == "/vanish":
            self.close_connection = True
        else:
            self.reply(404, MISSING)

    def do_POST(self) -> None:
        self.read_body()
        self.reply(429, BLOCKED)

    def do_PATCH(self) -> None:
        body = self.read_body()
        self.reply(200, {"kind": "Echo", "type": self.headers["Content-Type"], "body": body, "host": self.path})

    def drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(1000):
            self.wfile.write(b" ")
            self.wfile.flush()
            threading.Event().wait(0.05)

    def read_body(self) -> str:
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def reply(self, status: int, found: object) -> None:
        self.reply_bytes(status, json.dumps(found).encode(), "application/json")

    def reply_bytes(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing: stderr is the test's."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
