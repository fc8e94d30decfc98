"""Peers of a test: real sockets that answer as agents do, or not at all."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from meshbot_core.mesh.keys import MeshKey
from meshbot_core.types import MessageKind
from meshbot_core.wire.admission import admit, check_bearer
from meshbot_core.wire.message import WireMessage

KINDS: dict[str, MessageKind] = {"/mesh/msg": "message", "/mesh/ask": "ask"}


@dataclass(slots=True)
class ListeningPeer:
    """An agent reduced to its listener; keeps what it was sent."""

    name: str
    key: MeshKey
    skew_ms: int = 0
    port: int = 0
    refusal: tuple[int, str] | None = None
    messages: list[WireMessage] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.skew_ms

    def taken(self, path: str, authorization: str | None, body: bytes) -> tuple[int, object]:
        if self.refusal:
            return self.refusal[0], {"error": self.refusal[1]}
        check_bearer(authorization, self.key)
        message = admit(
            body,
            kind_of_path=KINDS[path],
            key=self.key,
            agent=self.name,
            now_ms=self.now_ms(),
            window_ms=60_000,
        )
        self.messages.append(message)
        self.arrived.set()
        return 200, {"delivered": True, "messageId": message.id}


@contextmanager
def listening(peer: ListeningPeer) -> Iterator[ListeningPeer]:
    """Answer for ``peer`` until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(200, {"agent": peer.name, "status": "online", "timestamp": peer.now_ms()})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*peer.taken(self.path, self.headers["Authorization"], body))

        def answer(self, status: int, value: object) -> None:
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        peer.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def hanging(count: int) -> Iterator[list[int]]:
    """Ports that take connections and never say a word."""
    with ExitStack() as stack:
        ports = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            ports.append(listener.getsockname()[1])
        yield ports


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
