"""Agents on a throw-away mesh: real sockets, real mailboxes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import pytest

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import Draft, OutboxMessage
from meshbot_core.mesh.files import make_private_folder
from meshbot_core.mesh.keys import MeshKey, read_mesh_key
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.endpoints import ExtraRoute
from meshbot_core.node.events import NodeEvent
from meshbot_core.node.listener import DEFAULT_LIMITS, ListenLimits
from meshbot_core.node.node import Listen, Node
from meshbot_core.types import Clock, MessageKind, SystemClock, new_id

E = TypeVar("E")
DAY_MS = 86_400_000


@dataclass(slots=True)
class Agent:
    """A node with its mailbox and everything that it told."""

    node: Node
    mailbox: Mailbox
    clock: Clock
    stack: AsyncExitStack
    events: list[NodeEvent] = field(default_factory=list)
    told: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def port(self) -> int:
        return self.node.port

    def heard(self, event: NodeEvent) -> None:
        self.events.append(event)
        self.told.set()

    async def event(
        self, kind: type[E], fits: Callable[[E], bool] = lambda _: True, *, within_s: float = 10
    ) -> E:
        """The first event of a kind, waited for."""
        async with asyncio.timeout(within_s):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and fits(event):
                        return event
                self.told.clear()
                await self.told.wait()

    async def put(
        self,
        to: str,
        payload: str = "hello",
        *,
        kind: MessageKind = "message",
        ttl_ms: int = DAY_MS,
        message_id: str | None = None,
        reply_to: str | None = None,
    ) -> OutboxMessage:
        """Enqueue a message and wake the courier."""
        put = await self.mailbox.enqueue(
            Draft(message_id or new_id(), to, kind, payload, reply_to, self.clock.now_ms() + ttl_ms)
        )
        self.node.wake(to)
        return put

    async def stop(self) -> None:
        await self.stack.aclose()


class StartNode(Protocol):
    async def __call__(
        self,
        name: str,
        *,
        clock: Clock | None = None,
        listen: Listen | None = None,
        limits: ListenLimits = DEFAULT_LIMITS,
        extra_routes: tuple[ExtraRoute, ...] = (),
    ) -> Agent: ...


@pytest.fixture
def closed_door() -> Iterator[str]:
    """A URL where nobody listens, and nobody else will."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://localhost:{taken.getsockname()[1]}"


@pytest.fixture
def key(mesh_paths: MeshPaths) -> MeshKey:
    return read_mesh_key(mesh_paths)


@pytest.fixture
async def start_node(mesh_paths: MeshPaths) -> AsyncIterator[StartNode]:
    """Start agents; those still running are stopped when the test ends."""
    running: list[Agent] = []

    async def start(
        name: str,
        *,
        clock: Clock | None = None,
        listen: Listen | None = None,
        limits: ListenLimits = DEFAULT_LIMITS,
        extra_routes: tuple[ExtraRoute, ...] = (),
    ) -> Agent:
        clock = clock or SystemClock()
        paths = mesh_paths.agent(name)
        make_private_folder(paths.folder)
        stack = AsyncExitStack()
        mailbox = await stack.enter_async_context(
            Mailbox.opened(paths.mailbox, agent=name, machine_id="here", clock=clock)
        )
        agents: list[Agent] = []
        node = Node(
            agent=name,
            paths=mesh_paths,
            mailbox=mailbox,
            clock=clock,
            listen=listen or Listen(),
            notify=lambda event: agents[0].heard(event),
            version="0.0.test",
            limits=limits,
            extra_routes=extra_routes,
        )
        agents.append(Agent(node, mailbox, clock, stack))
        try:
            await stack.enter_async_context(node)
        except BaseException:
            await stack.aclose()
            raise
        running.append(agents[0])
        return agents[0]

    yield start
    for agent in reversed(running):
        await agent.stop()
