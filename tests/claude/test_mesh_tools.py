"""The real claude on the mesh: its model is scripted, everything else is what a user has."""

import asyncio

import pytest

from meshbot_core.demo.script import ModelRequest, Plan, Rule, Turn, call, silence
from meshbot_core.errors import UnknownPeerError
from meshbot_core.host.api import MessageEvent
from meshbot_core.host.client import HostClient

pytestmark = [pytest.mark.claude, pytest.mark.slow]

EVENT_LIMIT_S = 10.0


def answer_first_message(request: ModelRequest) -> Turn:
    """Reply to the first message that the last check brought."""
    message_id = request.results[-1].member("messages/0/id")
    return call("reply", to="ops", messageId=message_id, message="It is safe.")


PLAN = Plan(
    (
        Rule("Greet ops", (call("send_message", to="ops", message="Good morning"),)),
        Rule("Ask ops", (call("ask_agent", to="ops", message="Is it safe?", timeoutSeconds=15),)),
        Rule("Read your mail", (call("check_messages"), answer_first_message)),
        Rule("Who is there", (call("list_agents"),)),
        Rule("Read and dwell on it", (call("check_messages"), silence())),
    )
)


async def test_a_prompt_sends_a_message(claude, ops):
    run = await claude.told("Greet ops.", PLAN)

    assert run.answer()["delivered"] is True
    [message] = (await ops.check()).messages
    assert (message.sender, message.text) == ("dev", "Good morning")
    assert message.id == run.answer()["messageId"]


async def test_a_prompt_asks_and_gets_the_answer(claude, ops):
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(claude.told("Ask ops.", PLAN))
        question = await next_message(ops)
        await ops.reply(to="dev", message_id=question.id, message="Since Tuesday.")

    assert (question.kind, question.text) == ("ask", "Is it safe?")
    assert running.result().answer()["response"] == "Since Tuesday."


async def test_a_prompt_reads_a_question_and_replies_to_it(claude, ops, dev):
    await until_known(ops, "dev")
    asked = await ops.ask(to="dev", message="Is it safe?", timeout_s=20)

    await claude.told("Read your mail.", PLAN)

    answered = await ops.ask_state(asked.id)
    assert answered.answer is not None
    assert answered.answer.text == "It is safe."


async def test_messages_that_wait_come_beside_the_next_tool_result(claude, ops, dev):
    await until_known(ops, "dev")
    sent = await ops.send(to="dev", message="The canary is free")

    run = await claude.told("Who is there?", PLAN)

    [beside] = run.answer(part=1)["messages"]
    assert (beside["id"], beside["message"]) == (sent.id, "The canary is free")
    status = await dev.status()
    assert (status.unread, status.leased) == (0, 0)


async def test_the_tools_are_there_from_the_first_request_on(claude):
    run = await claude.told("Just say hello.", PLAN)

    loaded = [name for name in run.model.requests[0].tool_names if name.startswith("mcp__mesh__")]
    assert "mcp__mesh__send_message" in loaded
    assert len(loaded) == 8


async def test_a_claude_killed_in_mid_turn_gives_its_message_back_marked(claude, ops, dev):
    await until_known(ops, "dev")
    sent = await ops.send(to="dev", message="The canary is free")

    async with claude.prompted("Read and dwell on it.", PLAN) as (process, model):
        async with asyncio.timeout(EVENT_LIMIT_S):
            await model.asked(lambda request: len(request.results) == 1)
        assert (await dev.status()).leased == 1
        process.kill()

    async with asyncio.timeout(EVENT_LIMIT_S):
        while not (batch := await dev.check()).messages:  # noqa: ASYNC110 - the host tells nobody
            await asyncio.sleep(0.05)
    [message] = batch.messages
    assert (message.id, message.shown_before) == (sent.id, True)


async def next_message(client: HostClient):
    async with asyncio.timeout(EVENT_LIMIT_S):
        async for event in client.events():
            if isinstance(event, MessageEvent):
                return event.message
    raise AssertionError("the event stream ended")


async def until_known(client: HostClient, name: str) -> None:
    """Wait until the agent that registered itself is known to the other one."""
    async with asyncio.timeout(EVENT_LIMIT_S):
        while True:
            try:
                await client.peer(name)
            except UnknownPeerError:
                await asyncio.sleep(0.02)
            else:
                return
