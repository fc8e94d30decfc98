"""What wakes an idle session when the usual way is gone: it is never deaf for that."""

import os
import signal

import pytest

from meshbot_core.demo.script import Plan, Rule, Turn, call, say
from tests.sessions.agents import Agent
from tests.sessions.onlooker import watching
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]

OLDEST = "2.1.197"
"""It has no socket of its own, so it is woken by a waiter."""
ESCAPE = b"\x1b"
PLAN = Plan(
    (
        Rule("good news", (say("I am glad"),)),
        Rule("think for ever", (Turn(is_silent=True),)),
    )
)


async def serve_pid(agent: Agent) -> int:
    """The MCP server of the agent's session."""
    found: list[int] = []

    async def look() -> bool:
        clients = (await agent.client.status()).clients
        found.extend(each.pid for each in clients if each.kind == "serve" and each.pid)
        return bool(found)

    await until(look, 15)
    return found[-1]


async def test_a_waiter_whose_time_is_over_is_replaced_and_no_message_is_missed(agents, ops):
    dev = await agents.start("dev", PLAN, OLDEST, "any good news?", waiter_limit_s=2)
    await dev.sees(lambda view: view.state == "idle" and view.hop == "waiter")
    await dev.sees(lambda view: view.state == "idle" and view.hop == "paste")

    await ops.send(to="dev", message="good news after its time")

    await dev.heard("good news after its time")
    await dev.sees(lambda view: view.state == "idle" and view.hop == "waiter")
    await ops.send(to="dev", message="good news for the next one")
    await dev.heard("good news for the next one")
    await dev.has_read_all()


async def test_a_session_that_nobody_spoke_to_yet_outlives_its_waiter(agents, ops):
    dev = await agents.start("dev", PLAN, OLDEST, waiter_limit_s=1)
    await dev.sees(lambda view: view.state == "idle" and view.hop == "waiter")
    await dev.sees(lambda view: view.hop != "waiter")

    await ops.send(to="dev", message="good news after its time")

    await dev.heard("good news after its time")
    await dev.has_read_all()


async def test_a_session_with_a_socket_of_its_own_needs_no_waiter(agents, ops, newest):
    dev = await agents.start("dev", PLAN, newest, waiter_limit_s=1)
    await dev.sees(lambda view: view.state == "idle" and view.hop == "native")

    await ops.send(to="dev", message="good news")

    await dev.heard("good news")
    assert (await dev.is_in("idle")).hop == "native"
    await dev.has_read_all()


async def test_a_killed_mcp_server_loses_neither_what_came_before_nor_what_comes_after(
    agents, ops, newest
):
    dev = await agents.start("dev", PLAN, newest, "any good news?")
    server = await serve_pid(dev)
    before = await dev.sees(lambda view: view.state == "idle" and view.hop == "native")
    os.kill(server, signal.SIGSTOP)  # it never writes what it is given
    await ops.send(to="dev", message="good news right before")
    await until(lambda: _is_handed_over(dev))

    os.kill(server, signal.SIGKILL)
    await ops.send(to="dev", message="good news right after")

    await dev.heard("good news right before")
    await dev.heard("good news right after")
    await dev.has_read_all()
    assert (await dev.view()).pid == before.pid


async def test_what_was_shown_but_not_done_when_the_mcp_server_died_comes_again_marked(
    agents, ops, newest
):
    dev = await agents.start("dev", PLAN, newest, "any good news?")
    server = await serve_pid(dev)
    await dev.sees(lambda view: view.state == "idle" and view.hop == "native")
    async with watching(dev.paths) as person:
        await ops.send(to="dev", message="think for ever")
        assert "shownBefore" not in await dev.heard("think for ever")

        os.kill(server, signal.SIGKILL)
        await person.press(ESCAPE)

        await dev.heard("shownBefore=true")


async def test_a_session_whose_user_switched_hooks_off_is_told_and_fetches_what_came(
    agents, ops, version
):
    settings = agents.folder / "project-dev" / ".claude" / "settings.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"disableAllHooks": true}')
    fetch = Plan((Rule("message waits for you", (call("check_messages"), say("Read."))),))
    dev = await agents.start("dev", fetch, version)
    await dev.has_tools()
    assert (await dev.view()).notices

    await ops.send(to="dev", message="of which no hook tells")

    await dev.heard("of which no hook tells")
    # Another call shows that the result of the one before was read.
    await ops.send(to="dev", message="the next one")
    await dev.heard("the next one")
    status = await dev.client.status()
    assert (status.unread, status.leased) == (0, 1)


async def test_an_interrupted_session_without_titles_is_not_deaf(agents, ops, newest):
    untitled = {"CLAUDE_CODE_DISABLE_TERMINAL_TITLE": "1"}
    dev = await agents.start("dev", PLAN, newest, environment=untitled)
    async with watching(dev.paths) as person:
        await dev.has_tools()
        await person.types("think for ever")
        await dev.is_in("working")
        await person.shows("esc to interrupt")
        await person.press(ESCAPE)

        await dev.is_in("idle")
        await ops.send(to="dev", message="good news after the interruption")
        await dev.heard("good news after the interruption")


async def _is_handed_over(agent: Agent) -> bool:
    return (await agent.client.status()).leased == 1
