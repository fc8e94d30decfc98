"""How many messages one agent takes and gives, each 200 after fsync; used by ``make bench``.

The load comes from a process of its own that writes prepared requests to bare sockets, so that
it costs the machine little beside what is measured.
"""

import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Draft
from meshbot_core.mesh.config import MeshConfig, create_config
from meshbot_core.mesh.files import make_private_folder
from meshbot_core.mesh.keys import MeshKey, create_mesh_key, read_mesh_key
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.events import NodeEvent, OutboxChanged
from meshbot_core.node.node import Listen, Node
from meshbot_core.types import SystemClock, new_id
from meshbot_core.wire.admission import compose
from meshbot_core.wire.message import encode

AGENT = "alpha"
DAY_MS = 86_400_000
Figures = dict[str, float]


def inbound(
    *,
    depth: int = 0,
    messages: int = 40_000,
    size: int = 200,
    connections: int = 64,
    uvloop: bool = False,
) -> Figures:
    """Messages a second into one agent that has ``depth`` unread ones."""
    with _mesh() as paths, _agent(paths, AGENT, depth=depth, size=size, uvloop=uvloop) as agent:
        key = read_mesh_key(paths)
        requests = [_request(key, agent.port, "x" * size) for _ in range(messages)]
        seconds = asyncio.run(_fire(agent.port, requests, connections))
        used = agent.ask("cpu")
    return {"per_second": messages / seconds, "cpu_us_each": used / messages * 1e6}


def stream(*, messages: int = 5_000, size: int = 200, uvloop: bool = False) -> Figures:
    """Messages a second from one agent's outbox to another's inbox, both on disk."""
    with (
        _mesh() as paths,
        _agent(paths, AGENT, depth=0, size=size, uvloop=uvloop),
        _agent(paths, "beta", depth=0, size=size, uvloop=uvloop) as sender,
    ):
        seconds = sender.ask(f"send {messages} {size}")
    return {"per_second": messages / seconds}


@dataclass(frozen=True, slots=True)
class _Agent:
    port: int
    pipe: Connection

    def ask(self, command: str) -> float:
        self.pipe.send(command)
        answer: float = self.pipe.recv()
        return answer


@contextmanager
def _mesh() -> Iterator[MeshPaths]:
    with tempfile.TemporaryDirectory(prefix="meshbot-bench-") as folder:
        paths = MeshPaths(Path(folder), "default")
        make_private_folder(paths.folder)
        create_mesh_key(paths)
        create_config(paths, MeshConfig(mesh="default"))
        yield paths


@contextmanager
def _agent(paths: MeshPaths, name: str, *, depth: int, size: int, uvloop: bool) -> Iterator[_Agent]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_run, args=(paths, name, depth, size, uvloop, theirs))
    process.start()
    try:
        yield _Agent(ours.recv(), ours)
    finally:
        ours.send("stop")
        process.join()


def _run(  # noqa: PLR0917 -- a process takes positions
    paths: MeshPaths, name: str, depth: int, size: int, uvloop: bool, pipe: Connection
) -> None:
    factory = None
    if uvloop:
        import uvloop as fast  # noqa: PLC0415 -- an extra, measured with and without

        factory = fast.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_serve(paths, name, depth, size, pipe))


async def _serve(paths: MeshPaths, name: str, depth: int, size: int, pipe: Connection) -> None:
    delivered = asyncio.Semaphore(0)

    def heard(event: NodeEvent) -> None:
        if isinstance(event, OutboxChanged) and event.message.state == "delivered":
            delivered.release()

    agent = paths.agent(name)
    make_private_folder(agent.folder)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        mailbox = await stack.enter_async_context(
            Mailbox.opened(agent.mailbox, agent=name, machine_id="bench", clock=clock)
        )
        await _fill(mailbox, read_mesh_key(paths), depth, size)
        node = await stack.enter_async_context(
            Node(
                agent=name,
                paths=paths,
                mailbox=mailbox,
                clock=clock,
                listen=Listen(),
                notify=heard,
                version="bench",
            )
        )
        pipe.send(node.port)
        began = time.process_time()
        while (command := await asyncio.to_thread(pipe.recv)) != "stop":
            if command == "cpu":
                pipe.send(time.process_time() - began)
            else:
                _, count, each = command.split()
                pipe.send(await _send(mailbox, node, delivered, int(count), int(each)))


async def _fill(mailbox: Mailbox, key: MeshKey, depth: int, size: int) -> None:
    until_ms = SystemClock().now_ms() + DAY_MS
    for start in range(0, depth, 1000):
        async with asyncio.TaskGroup() as group:
            for _ in range(min(1000, depth - start)):
                message = _message(key, "x" * size)
                group.create_task(mailbox.receive(message, nonce_until_ms=until_ms))


async def _send(
    mailbox: Mailbox, node: Node, delivered: asyncio.Semaphore, count: int, size: int
) -> float:
    expires_at_ms = SystemClock().now_ms() + DAY_MS
    began = time.perf_counter()
    for start in range(0, count, 100):
        drafts = [
            Draft(new_id(), AGENT, "message", "x" * size, None, expires_at_ms)
            for _ in range(min(100, count - start))
        ]
        async with asyncio.TaskGroup() as group:
            for draft in drafts:
                group.create_task(mailbox.enqueue(draft))
        node.wake(AGENT)
    for _ in range(count):
        await delivered.acquire()
    return time.perf_counter() - began


def _message(key: MeshKey, text: str):
    return compose(
        key,
        id=new_id(),
        sender="bench",
        to=AGENT,
        kind="message",
        payload=text,
        reply_to=None,
        timestamp=SystemClock().now_ms(),
        nonce=new_id(),
    )


def _request(key: MeshKey, port: int, text: str) -> bytes:
    body = encode(_message(key, text))
    head = (
        f"POST /mesh/msg HTTP/1.1\r\nHost: localhost:{port}\r\n"
        f"Content-Type: application/json\r\nAuthorization: Bearer {key.text}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Client(asyncio.Protocol):
    """Writes the next request when the last one was answered."""

    def __init__(self, requests: Iterator[bytes], ended: asyncio.Semaphore) -> None:
        self._requests = requests
        self._ended = ended
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._write()

    def data_received(self, data: bytes) -> None:
        assert data.startswith(b"HTTP/1.1 200"), data
        self._write()

    def _write(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._ended.release()
        else:
            self._transport.write(request)


async def _fire(port: int, requests: list[bytes], connections: int) -> float:
    loop = asyncio.get_running_loop()
    waiting, ended = iter(requests), asyncio.Semaphore(0)
    began = time.perf_counter()
    for _ in range(connections):
        await loop.create_connection(lambda: _Client(waiting, ended), "127.0.0.1", port)
    for _ in range(connections):
        await ended.acquire()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps({"inbound": inbound(), "stream": stream()}))  # noqa: T201 -- run by hand
