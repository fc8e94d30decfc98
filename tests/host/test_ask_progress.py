"""An asker sees how far its question is, told by the host of the agent that was asked."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshbot_core.host.api import AskResult
from meshbot_core.mcp.asking import Asking, Question
from meshbot_core.mcp.leases import Leases
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.running import started
from tests.host.hosted import Dev, hosted
from tests.support.waiting import until


@pytest.fixture
async def dev(mesh_paths: MeshPaths, tmp_path: Path) -> AsyncIterator[Dev]:
    """The agent that is asked."""
    async with hosted(mesh_paths.agent("dev"), tmp_path) as found:
        yield found


@pytest.fixture
async def ops(mesh_paths: MeshPaths, tmp_path: Path) -> AsyncIterator[Dev]:
    """The agent that asks."""
    async with hosted(mesh_paths.agent("ops"), tmp_path) as found:
        yield found


async def changed(ops: Dev, before: AskResult) -> AskResult:
    return await ops.client.ask_state(before.id, wait_s=10, known=before.progress)


@pytest.mark.slow
async def test_an_ask_is_delivered_then_worked_on_then_seen(dev: Dev, ops: Dev):
    asked = await ops.client.ask(to="dev", message="how are you?", timeout_s=60)
    assert (asked.delivery, asked.progress) == ("delivered", "")
    asked = await changed(ops, asked)
    assert asked.progress == "delivered", "nobody has read it"

    await dev.starts("hang")
    asked = await changed(ops, asked)
    assert asked.progress == "working"

    await dev.sessions.stop()
    asked = await changed(ops, asked)
    assert asked.progress == "delivered", "who had read it is gone, and it is shown again"

    await dev.starts("")
    while asked.progress != "seen":
        asked = await changed(ops, asked)
    assert asked.state == "open"

    await dev.client.reply(to="ops", message_id=asked.id, message="well")
    asked = await changed(ops, asked)
    assert asked.answer is not None
    assert asked.answer.text == "well"


async def test_who_does_not_ask_for_it_waits_as_ever(dev: Dev, ops: Dev):
    asked = await ops.client.ask(to="dev", message="how are you?", timeout_s=60)

    assert (await ops.client.ask_state(asked.id, wait_s=0.3)).progress == ""


async def test_what_was_read_without_a_session_is_seen(dev: Dev, ops: Dev):
    asked = await ops.client.ask(to="dev", message="how are you?", timeout_s=60)
    await dev.client.check()

    assert (await changed(ops, asked)).progress == "seen"


async def test_a_tool_that_asks_tells_its_client_how_far_it_is(dev: Dev, ops: Dev):
    told: list[str] = []

    async def progress(_waited: float, _limit: float, how: str) -> None:
        told.append(how)

    asking = Asking(Leases())
    question = Question("dev", "how are you?", 60)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(asking.ask(ops.client, 1, question, progress))
        await until(lambda: "dev has the question, and has not read it yet" in told)
        batch = await dev.client.check()
        await until(lambda: "dev has read the question; waiting for its answer" in told)
        await dev.client.reply(to="ops", message_id=batch.messages[0].id, message="well")

    assert waiting.result().answer is not None


@pytest.mark.slow
async def test_meshbot_ask_tells_it_too(dev: Dev, ops: Dev):
    with started("ask", "dev", "how are you?", "--as", "ops", "--timeout", "20") as asking:
        assert asking.stderr is not None
        assert await asyncio.to_thread(asking.stderr.readline) == b"dev has the question\n"
        batch = await dev.client.check()
        assert await asyncio.to_thread(asking.stderr.readline) == b"dev has read it\n"
        await dev.client.reply(to="ops", message_id=batch.messages[0].id, message="well")
        out, _ = await asyncio.to_thread(asking.communicate)

    assert (asking.returncode, out) == (0, b"well\n")
