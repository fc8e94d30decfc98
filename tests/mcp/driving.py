"""Drives a real ``meshbot serve`` over its pipes, one JSON-RPC line at a time."""

import asyncio
import contextlib
import itertools
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from meshbot_core.host.client import HostClient
from meshbot_core.host.host import HostOptions, running
from meshbot_core.mesh.config import change_config
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.peers import with_peer
from meshbot_core.node.node import Listen
from meshbot_core.types import SystemClock
from tests.support.waiting import until

LIMIT_S = 15.0


@dataclass
class ToolResult:
    texts: list[str]
    is_error: bool

    @property
    def said(self) -> dict:
        return json.loads(self.texts[0])

    @property
    def inbox(self) -> list[dict]:
        return json.loads(self.texts[1])["messages"] if len(self.texts) > 1 else []


@dataclass
class Serve:
    """One serve process; its answers by id, its notifications in order."""

    process: asyncio.subprocess.Process
    answers: dict = field(default_factory=dict)
    notifications: list[dict] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    ids: itertools.count = field(default_factory=lambda: itertools.count(1))

    async def read_all(self) -> None:
        async for line in self.process.stdout:
            message = json.loads(line)
            if "method" in message:
                self.notifications.append(message)
            else:
                self.answers[message["id"]] = message
            self.news.set()

    def write(self, data: bytes) -> None:
        self.process.stdin.write(data)

    def begin(self, method: str, params: dict | None = None) -> int:
        """Send a request; its id."""
        call = next(self.ids)
        message = {"jsonrpc": "2.0", "id": call, "method": method, "params": params or {}}
        self.write(json.dumps(message).encode() + b"\n")
        return call

    def notify(self, method: str, params: dict | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
        self.write(json.dumps(message).encode() + b"\n")

    def begin_tool(self, tool: str, /, *, meta: dict | None = None, **arguments: object) -> int:
        params: dict = {"name": tool, "arguments": arguments}
        return self.begin("tools/call", params | ({"_meta": meta} if meta else {}))

    async def answer(self, call: int | str | None) -> dict:
        async with asyncio.timeout(LIMIT_S):
            while call not in self.answers:
                self.news.clear()
                await self.news.wait()
        return self.answers.pop(call)

    async def request(self, method: str, params: dict | None = None) -> dict:
        return await self.answer(self.begin(method, params))

    async def result(self, call: int) -> ToolResult:
        result = (await self.answer(call))["result"]
        return ToolResult([part["text"] for part in result["content"]], result["isError"])

    async def tool(self, name: str, /, **arguments: object) -> ToolResult:
        return await self.result(self.begin_tool(name, **arguments))

    async def initialize(self) -> dict:
        answer = await self.request(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "test", "version": "0"},
            },
        )
        self.notify("notifications/initialized")
        return answer["result"]

    async def notified(self, method: str) -> dict:
        """The parameters of the first notification of that kind."""
        found: list[dict] = []

        def look() -> bool:
            found[:] = [note["params"] for note in self.notifications if note["method"] == method]
            return bool(found)

        await until(look, LIMIT_S)
        return found[0]

    async def ended(self, limit_s: float = LIMIT_S) -> int:
        """Its exit status."""
        async with asyncio.timeout(limit_s):
            return await self.process.wait()

    async def end(self) -> int:
        """Close its input and wait for its end."""
        self.process.stdin.close()
        return await self.ended()


@contextlib.asynccontextmanager
async def serving(name: str, *options: str, ready: bool = True) -> AsyncIterator[Serve]:
    """A serve process of agent ``name``; with ``ready`` it is initialized and has its host."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "meshbot_core", "serve", "--as", name, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**25,
    )
    serve = Serve(process)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(serve.read_all())
        try:
            if ready:
                await serve.initialize()
                await serve.tool("get_agent_status", name=name)
            yield serve
            if process.returncode is None:
                await serve.end()
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await reading


@contextlib.asynccontextmanager
async def peer(agent: AgentPaths) -> AsyncIterator[HostClient]:
    """Another agent: its host in this process, and a client of it."""
    options = HostOptions(Listen(host=None, port=None, advertise=None), linger_s=10.0)
    async with (
        running(agent, options, SystemClock()),
        HostClient.connected(agent, kind="test", present=True) as client,
    ):
        yield client


@contextlib.asynccontextmanager
async def looking(agent: AgentPaths) -> AsyncIterator[HostClient]:
    """A second client of the host that serve started; it neither starts nor holds it."""
    async with HostClient.connected(agent, kind="test") as client:
        yield client


async def until_unread(client: HostClient, count: int) -> None:
    async def is_reached() -> bool:
        return (await client.status()).unread == count

    await until(is_reached, LIMIT_S)


async def state_of(client: HostClient, message_id: str) -> str:
    """Where a message stands in the journal: new, leased or done."""
    rows = await client.journal(limit=1000)
    return next(row.state for row in rows if row.id == message_id and row.direction == "in")


async def until_state(client: HostClient, message_id: str, state: str) -> None:
    async def is_reached() -> bool:
        return await state_of(client, message_id) == state

    await until(is_reached, LIMIT_S)


def add_peer_at(paths: MeshPaths, name: str, url: str, description: str = "") -> None:
    change_config(paths, lambda config: with_peer(config, name, url, description))
