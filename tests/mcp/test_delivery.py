"""How messages reach a session, and what makes them read: a real serve, real hosts."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from meshbot_core.host.client import HostClient
from meshbot_core.mesh.paths import MeshPaths
from tests.mcp.driving import (
    add_peer_at,
    peer,
    serving,
    state_of,
    until_state,
    until_unread,
)
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def host(paths: MeshPaths) -> AsyncIterator[HostClient]:
    """Looks at alpha's host and keeps it, whatever becomes of alpha's sessions."""
    async with peer(paths.agent("alpha")) as client:
        yield client


@pytest.fixture
async def beta(paths: MeshPaths) -> AsyncIterator[HostClient]:
    """Another agent."""
    async with peer(paths.agent("beta")) as client:
        yield client


async def sent(client: HostClient, text: str) -> str:
    """Send ``text`` to alpha; the message's id."""
    result = await client.send(to="alpha", message=text)
    assert result.state == "delivered"
    return result.id


async def next_ask(client: HostClient) -> str:
    """The id of the one ask that waits at a peer."""
    await until_unread(client, 1)
    (message,) = (await client.check()).messages
    assert message.kind == "ask"
    return message.id


# -- what a tool result carries, and what acknowledges it


async def test_decision_1_protocol_9_only_a_later_call_acknowledges_what_a_result_carried(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        message_id = await sent(beta, "hello")
        first = await alpha.tool("list_agents")
        assert [entry["id"] for entry in first.inbox] == [message_id]
        assert await state_of(host, message_id) == "leased"

        second = await alpha.tool("list_agents")

        assert second.inbox == []
        assert await state_of(host, message_id) == "done"


async def test_decision_1_calls_beside_acknowledge_nothing_of_each_other(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        message_id = await sent(beta, "hello")
        lines = [
            {"name": "check_messages", "arguments": {}},
            {"name": "send_message", "arguments": {"to": "beta", "message": "x"}},
        ]
        # Both lines are there before the first is answered.
        calls = [alpha.begin("tools/call", params) for params in lines]
        results = [await alpha.result(call) for call in calls]

        assert any(message_id in text for result in results for text in result.texts)
        assert await state_of(host, message_id) == "leased"


async def test_decision_1_an_error_acknowledges_too_and_carries_nothing(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        first_id = await sent(beta, "first")
        await alpha.tool("list_agents")
        second_id = await sent(beta, "second")

        refused = await alpha.tool("send_message", to="nobody", message="x")

        assert (refused.is_error, len(refused.texts)) == (True, 1)
        assert await state_of(host, first_id) == "done"
        assert await state_of(host, second_id) == "new"


async def test_decision_31_protocol_9_a_killed_serve_gives_back_and_shows_again_marked(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        message_id = await sent(beta, "hello")
        (entry,) = (await alpha.tool("check_messages")).said["messages"]
        assert "shownBefore" not in entry
        alpha.process.kill()
        await alpha.ended()
    await until_state(host, message_id, "new")

    async with serving("alpha", ready=False) as again:
        await again.initialize()
        (entry,) = (await again.tool("list_agents")).inbox
    assert (entry["id"], entry["shownBefore"]) == (message_id, True)


async def test_decision_31_an_orderly_end_of_input_acknowledges_what_was_written(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        message_id = await sent(beta, "hello")
        await alpha.tool("check_messages")
        assert await state_of(host, message_id) == "leased"
        assert await alpha.end() == 0
    assert await state_of(host, message_id) == "done"


async def test_decision_31_a_client_that_was_killed_acknowledges_nothing(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        message_id = await sent(beta, "hello")
        await alpha.tool("check_messages")
        # What the kernel does to a killed client's descriptors.
        alpha.process._transport.get_pipe_transport(1).close()
        alpha.process.stdin.close()
        assert await alpha.ended() == 0
    assert await state_of(host, message_id) == "new"


async def test_decision_31_a_client_that_stopped_reading_gets_its_messages_again(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        message_id = await sent(beta, "x" * 200_000)
        alpha.process._transport.get_pipe_transport(1).pause_reading()
        alpha.begin_tool("check_messages")
        await until_state(host, message_id, "leased")
        # The pipe is full in the middle of the answer: closed now, nothing was read for sure.
        alpha.process.stdin.close()
        await until_state(host, message_id, "new")
        alpha.process._transport.get_pipe_transport(1).resume_reading()
        assert await alpha.ended() == 0


# -- sizes


async def test_decision_34_a_result_carries_16_kb_of_a_message_and_says_how_to_read_on(
    host: HostClient, beta: HostClient
):
    text = "".join(f"{number:07}," for number in range(10_000))
    async with serving("alpha") as alpha:
        message_id = await sent(beta, text)
        (entry,) = (await alpha.tool("list_agents")).inbox
        assert entry["truncated"] is True
        assert len(entry["message"].encode()) == 16 * 1024
        assert f"read_message(id={message_id}, offset={16 * 1024})" in entry["readMore"]
        read, offset = entry["message"], 16 * 1024
        while offset < len(text):
            part = (await alpha.tool("read_message", id=message_id, offset=offset)).said
            read += part["message"]
            offset += len(part["message"])
            assert ("readMore" in part) == (offset < len(text))
        assert read == text


async def test_decision_34_a_result_carries_64_kb_at_most_and_tells_of_the_rest(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        for number in range(6):
            await sent(beta, str(number) * 14_000)
        result = await alpha.tool("list_agents")
        assert len(result.inbox) == 4
        assert "2 more wait" in json.loads(result.texts[1])["note"]
        assert len((await alpha.tool("list_agents")).inbox) == 2


async def test_decision_34_check_messages_gives_whole_messages_at_least_one(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        await sent(beta, "b" * 600_000)
        await sent(beta, "small")
        first = (await alpha.tool("check_messages")).said
        assert [len(entry["message"]) for entry in first["messages"]] == [600_000]
        assert "1 more wait" in first["note"]
        second = (await alpha.tool("check_messages")).said
        assert [entry["message"] for entry in second["messages"]] == ["small"]


async def test_reading_on_in_a_message_that_is_not_there_says_what_to_do(host: HostClient):
    async with serving("alpha") as alpha:
        refused = await alpha.tool("read_message", id="nope", offset=5)
    assert refused.is_error
    assert "nope" in refused.said["error"]
    assert refused.said["hint"]


# -- peers that are down, and asks


async def test_decision_4_a_peer_that_is_down_gets_it_later_and_that_is_no_error(
    host: HostClient, paths: MeshPaths
):
    add_peer_at(paths, "ghost", "http://127.0.0.1:9")
    async with serving("alpha") as alpha:
        result = await alpha.tool("send_message", to="ghost", message="hello")
        assert not result.is_error
        said = result.said
        assert list(said)[:5] == ["delivered", "queued", "messageId", "reason", "retryUntil"]
        assert (said["delivered"], said["queued"]) == (False, True)
        assert said["reason"]
        assert said["retryUntil"] > 1_700_000_000_000
        assert (await host.status()).queued == 1


async def test_decision_5_an_ask_from_the_peer_we_wait_for_ends_the_wait(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        asking = alpha.begin_tool("ask_agent", to="beta", message="yours?", timeoutSeconds=20)
        our_id = await next_ask(beta)
        their = await beta.ask(to="alpha", message="and yours?", timeout_s=20)

        result = await alpha.result(asking)

        assert not result.is_error
        assert list(result.said)[:2] == ["waiting", "messageId"]
        assert (result.said["waiting"], result.said["messageId"]) == (True, our_id)
        assert [(entry["id"], entry["type"]) for entry in result.inbox] == [(their.id, "ask")]

        await alpha.tool("reply", to="beta", messageId=their.id, message="mine")
        assert (await beta.ask_state(their.id)).answer.text == "mine"
        await beta.reply(to="alpha", message_id=our_id, message="theirs")
        (entry,) = (await alpha.tool("check_messages")).said["messages"]
        assert (entry["message"], entry["replyTo"]) == ("theirs", our_id)


async def test_decision_6_protocol_6_an_answer_after_the_time_out_goes_to_the_inbox(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        result = await alpha.tool("ask_agent", to="beta", message="quick?", timeoutSeconds=0.3)
        assert result.is_error
        assert result.said["error"] == "Ask timed out after 300ms"
        ask_id = result.said["messageId"]

        await beta.reply(to="alpha", message_id=ask_id, message="at last")

        (entry,) = (await alpha.tool("check_messages")).said["messages"]
        assert (entry["message"], entry["type"], entry["replyTo"]) == (
            "at last",
            "response",
            ask_id,
        )


async def test_decision_6_a_time_out_outside_a_day_is_refused(host: HostClient):
    async with serving("alpha") as alpha:
        for seconds in (0, -1, 86_400.5, 1e300):
            result = await alpha.tool("ask_agent", to="x", message="?", timeoutSeconds=seconds)
            assert result.is_error
            assert "outside (0, 86400]" in result.said["error"]
            assert "86400" in result.said["hint"]


async def test_an_ask_to_a_peer_that_is_down_is_left_to_the_host_and_its_answer_is_a_message(
    host: HostClient, paths: MeshPaths
):
    async with peer(paths.agent("beta")) as beta:
        port = (await beta.status()).port
    async with serving("alpha") as alpha:
        result = await alpha.tool("ask_agent", to="beta", message="there?", timeoutSeconds=60)
        assert not result.is_error
        assert (result.said["delivered"], result.said["queued"]) == (False, True)
        ask_id = result.said["messageId"]
        async with peer(paths.agent("beta")) as beta:
            assert (await beta.status()).port == port
            await alpha.tool("get_agent_status", name="beta")
            assert await next_ask(beta) == ask_id
            await beta.reply(to="alpha", message_id=ask_id, message="now I am")
            (entry,) = (await alpha.tool("check_messages")).said["messages"]
            assert (entry["message"], entry["replyTo"]) == ("now I am", ask_id)


async def test_a_cancelled_ask_is_not_answered_and_its_late_answer_goes_to_the_inbox(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        asking = alpha.begin_tool("ask_agent", to="beta", message="wait", timeoutSeconds=60)
        ask_id = await next_ask(beta)
        alpha.notify("notifications/cancelled", {"requestId": asking, "reason": "Esc"})

        async def is_ended() -> bool:
            return (await host.status()).open_asks == 0

        await until(is_ended)
        await beta.reply(to="alpha", message_id=ask_id, message="late")
        result = await alpha.tool("list_agents")

        assert [(entry["message"], entry["replyTo"]) for entry in result.inbox] == [
            ("late", ask_id)
        ]
        assert asking not in alpha.answers


async def test_a_waiting_ask_tells_its_progress_when_that_was_asked_for(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        meta = {"progressToken": "token-1"}
        asking = alpha.begin_tool(
            "ask_agent", meta=meta, to="beta", message="wait", timeoutSeconds=60
        )
        ask_id = await next_ask(beta)
        progress = await alpha.notified("notifications/progress")
        await beta.reply(to="alpha", message_id=ask_id, message="done")
        await alpha.result(asking)
    assert (progress["progressToken"], progress["total"]) == ("token-1", 60)
    assert "beta" in progress["message"]


async def test_an_ask_that_runs_when_the_session_ends_is_not_lost(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        alpha.begin_tool("ask_agent", to="beta", message="wait", timeoutSeconds=60)
        ask_id = await next_ask(beta)
        await alpha.end()
    await beta.reply(to="alpha", message_id=ask_id, message="for whoever comes")
    async with serving("alpha", ready=False) as again:
        await again.initialize()
        (entry,) = (await again.tool("check_messages")).said["messages"]
    assert (entry["message"], entry["replyTo"]) == ("for whoever comes", ask_id)


async def test_arrivals_are_logged_with_a_preview_unless_the_client_wants_only_worse(
    host: HostClient, beta: HostClient
):
    async with serving("alpha") as alpha:
        await sent(beta, "L" * 300)
        logged = await alpha.notified("notifications/message")
        preview = "L" * 200 + "..."
        assert logged == {
            "level": "info",
            "data": f'New message from agent "beta": {preview}. Use check_messages to read it.',
        }
        alpha.notifications.clear()
        await alpha.request("logging/setLevel", {"level": "error"})
        await sent(beta, "quiet")
        async with asyncio.timeout(5):
            await until_unread(host, 2)
        await alpha.tool("list_agents")
        assert alpha.notifications == []
