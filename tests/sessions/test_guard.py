"""What ends agents that chat each other into ruin, and what lets them go on."""

import asyncio
import re
from dataclasses import dataclass

import pytest

from meshbot_core.demo.script import ModelRequest, Turn, call, say
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.operator import operator_name
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]

NUMBER = re.compile(r"number (\d+) for you")
RUNAWAY = {"messages_per_minute": None, "turns_per_hour": None, "hops": None}


@dataclass(frozen=True)
class Chatter:
    """Answers the newest message, however it came to be read, with another one."""

    to: str

    def answer(self, request: ModelRequest) -> Turn:
        said, heard = 0, -1
        for message in request.messages:
            for block in message.blocks:
                numbers = [int(number) for number in NUMBER.findall(block.model_dump_json())]
                if block.type == "tool_use":
                    said = max([said, *numbers])
                else:
                    heard = max([heard, *numbers])
        if heard < said:
            return say("Done.")
        return call("send_message", to=self.to, message=f"number {heard + 1} for you")


async def pair(agents, version: str, limits: dict[str, int | None]):
    """Two daemons that will not stop by themselves; only the first one has limits."""
    async with asyncio.TaskGroup() as both:
        starting = [
            both.create_task(agents.start(name, Chatter(to), version, kind="headless", limits=each))
            for name, to, each in (("dev", "prod", limits), ("prod", "dev", RUNAWAY))
        ]
    dev, prod = (each.result() for each in starting)
    await prod.is_in("idle")
    await dev.is_in("idle")
    return dev, prod


async def said_to_the_operator(mesh_paths, text: str) -> str:
    """Wait until somebody told the operator this; what exactly."""
    operator = mesh_paths.agent(operator_name(read_config(mesh_paths)))
    found: list[str] = []
    async with HostClient.connected(operator, kind="test", spawn=SpawnOptions()) as client:

        async def look() -> bool:
            batch = await client.check()
            await client.settle(acknowledge=[batch.lease_id])
            found.extend(f"{each.sender}: {each.text}" for each in batch.messages)
            return any(text in each for each in found)

        await until(look, 15)
    return "\n".join(found)


async def test_two_daemons_that_answer_each_other_for_ever_are_paused_until_a_human_resumes(
    agents, ops, mesh_paths, newest
):
    dev, prod = await pair(agents, newest, {**RUNAWAY, "turns_per_hour": 3})

    await ops.send(to="dev", message="number 0 for you")

    paused = await dev.is_in("paused")
    assert paused.turns == 3
    assert paused.reason == "3 turns in an hour without a human's word (limit 3)"
    told = await said_to_the_operator(mesh_paths, "I am paused")
    assert told.startswith(f"dev: I am paused: {paused.reason}")
    assert "meshbot resume dev" in told
    await until(lambda: _waits(dev))
    await prod.is_in("idle")
    assert (await dev.view()).turns == 3

    resumed = (await dev.sessions.resume()).session
    assert resumed is not None
    assert (resumed.state, resumed.reason) == ("idle", "")

    await dev.sees(lambda view: view.state == "paused" and view.turns == 6)
    await said_to_the_operator(mesh_paths, "I am paused")


async def test_a_daemon_that_sends_too_many_is_refused_and_reads_why(
    agents, ops, mesh_paths, newest
):
    limits = {**RUNAWAY, "messages_per_minute": 1}
    dev = await agents.start("dev", Chatter("ops"), newest, kind="headless", limits=limits)

    await ops.send(to="dev", message="number 0 for you")
    await dev.sees(lambda view: view.state == "idle" and view.turns == 1)
    await ops.send(to="dev", message="number 2 for you")

    await dev.heard("this agent is paused: 1 messages in a minute")
    await dev.is_in("paused")
    [sent] = (await ops.check()).messages
    assert sent.text == "number 1 for you"
    told = await said_to_the_operator(mesh_paths, "I am paused")
    assert "meshbot resume dev" in told


async def test_a_chain_of_messages_that_cause_each_other_is_ended_and_goes_on_when_resumed(
    agents, ops, mesh_paths, newest
):
    dev, _ = await pair(agents, newest, {**RUNAWAY, "hops": 4})

    await ops.send(to="dev", message="number 0 for you")

    paused = await dev.is_in("paused")
    assert paused.reason == "6 messages caused each other, one after the other (limit 4)"
    assert dev.asked("number 4 for you")
    assert not dev.asked("number 6 for you")
    assert (await dev.client.status()).unread == 1
    await said_to_the_operator(mesh_paths, "6 messages caused each other")

    await dev.sessions.resume()

    await dev.heard("number 6 for you")
    again = await dev.sees(lambda view: view.state == "paused" and view.reason != paused.reason)
    assert again.reason == "12 messages caused each other, one after the other (limit 4)"


async def _waits(agent) -> bool:
    return (await agent.client.status()).unread == 1
