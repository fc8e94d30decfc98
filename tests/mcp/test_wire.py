"""The transport over real pipes: when an answer counts as written, and when it does not."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from mcp.shared.message import SessionMessage
from mcp_types import ErrorData
from mcp_types.jsonrpc import JSONRPCError, JSONRPCRequest, JSONRPCResponse

from meshbot_core.mcp.leases import CallId
from meshbot_core.mcp.pipes import Descriptors
from meshbot_core.mcp.wire import Wire
from tests.support.waiting import until


@dataclass
class Recorder:
    began_at: dict[CallId, int] = field(default_factory=dict)
    answered_at: dict[CallId, int] = field(default_factory=dict)
    lost: list[CallId] = field(default_factory=list)

    def began(self, request: JSONRPCRequest, place: int) -> None:
        self.began_at[request.id] = place

    def answered(self, call: CallId, place: int) -> None:
        self.answered_at[call] = place

    def dropped(self, call: CallId) -> None:
        self.lost.append(call)

    async def cancelled(self, call: CallId) -> None:
        return None


@dataclass
class Client:
    """The far ends of the wire's pipes."""

    wire: Wire
    recorder: Recorder
    write_fd: int
    read_fd: int

    def ask(self, call: int) -> int:
        """Send a request; how many bytes that were."""
        line = json.dumps({"jsonrpc": "2.0", "id": call, "method": "ping"}).encode() + b"\n"
        return os.write(self.write_fd, line)

    async def answer(self, call: int, text: str = "") -> None:
        result = JSONRPCResponse(jsonrpc="2.0", id=call, result={"text": text})
        await self.wire.send(SessionMessage(result))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    from_client, write_fd = os.pipe()
    read_fd, to_client = os.pipe()
    recorder = Recorder()
    try:
        async with Wire.opened(Descriptors(from_client, to_client), recorder) as wire:
            yield Client(wire, recorder, write_fd, read_fd)
    finally:
        for fd in (from_client, write_fd, read_fd, to_client):
            with contextlib.suppress(OSError):
                os.close(fd)


async def test_an_answer_counts_once_the_system_has_all_of_it(client: Client):
    client.ask(1)
    await anext(client.wire)
    await client.answer(1, "x" * 300_000)
    await asyncio.sleep(0.05)
    assert client.recorder.answered_at == {}

    received = 0
    while received < 300_000:
        received += len(await asyncio.to_thread(os.read, client.read_fd, 65536))

    await until(lambda: 1 in client.recorder.answered_at)


async def test_decision_1_what_was_sent_before_the_answer_was_written_ran_beside_it(
    client: Client,
):
    first = client.ask(1)
    await anext(client.wire)
    second = client.ask(2)
    await client.answer(1)
    await until(lambda: 1 in client.recorder.answered_at)
    assert client.recorder.answered_at[1] == first + second

    await anext(client.wire)
    client.ask(3)
    await anext(client.wire)

    assert client.recorder.began_at[2] < client.recorder.answered_at[1]
    assert client.recorder.began_at[3] >= client.recorder.answered_at[1]


async def test_an_error_is_no_result_that_carried_anything(client: Client):
    client.ask(1)
    await anext(client.wire)
    error = JSONRPCError(jsonrpc="2.0", id=1, error=ErrorData(code=-32000, message="closed"))
    await client.wire.send(SessionMessage(error))
    await until(lambda: client.recorder.lost == [1])
    assert client.recorder.answered_at == {}


async def test_a_client_that_is_gone_got_nothing_and_ends_the_session(client: Client):
    client.ask(1)
    await anext(client.wire)
    os.close(client.read_fd)
    await client.answer(1)
    await until(lambda: client.recorder.lost == [1])
    assert client.wire.ended == "nobody reads"
    assert not client.wire.has_reader()
    with pytest.raises(StopAsyncIteration):
        await anext(client.wire)


async def test_the_end_of_input_waits_a_moment_for_open_requests(client: Client):
    client.ask(1)
    await anext(client.wire)
    os.close(client.write_fd)
    async with asyncio.TaskGroup() as group:
        ending = group.create_task(_is_at_end(client.wire))
        await until(lambda: client.wire.ended == "end of input")
        assert not ending.done()
        await client.answer(1)
        assert await ending


async def _is_at_end(wire: Wire) -> bool:
    try:
        await anext(wire)
    except StopAsyncIteration:
        return True
    return False
