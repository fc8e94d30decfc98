"""Agents that want something of the person, and what they are told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from meshbot_core.host.client import HostClient
from meshbot_core.session.hooking import TOKEN_VARIABLE, URL_VARIABLE
from tests.session.relays import event
from tests.support.stand_in_claude import Start
from tests.support.waiting import until


async def asks(client: HostClient, text: str) -> str:
    """The agent asks, and waits; the question's id."""
    return (await client.ask(to="operator", message=text, timeout_s=600)).id


@asynccontextmanager
async def permission(start: Start, command: str) -> AsyncIterator["asyncio.Task[bytes]"]:
    """Ask for a permission, as claude does, for as long as the block runs; the answer."""

    async def asked() -> bytes:
        headers = {"Authorization": f"Bearer {start.environment[TOKEN_VARIABLE]}"}
        body = event("PermissionRequest", tool_name="Bash", tool_input={"command": command})
        async with (
            aiohttp.ClientSession(start.environment[URL_VARIABLE], headers=headers) as http,
            http.post("/hook", data=body) as response,
        ):
            return await response.read()

    async with asyncio.TaskGroup() as group:
        asking = group.create_task(asked())
        yield asking
        asking.cancel()


async def is_told(client: HostClient, *texts: str) -> None:
    """The agent gets these messages, in this order, and no others."""
    got: list[str] = []

    async def are_there() -> bool:
        batch = await client.check()
        got.extend(message.text for message in batch.messages)
        await client.settle(acknowledge=[batch.lease_id] if batch.messages else [])
        return len(got) >= len(texts)

    with contextlib.suppress(TimeoutError):
        await until(are_there, 20)
    assert got == list(texts), f"{[text[:100] for text in got]} was told"
