"""What the listener answers, over real connections: Claude Code must never see an error."""

import asyncio
import json
import logging
import os
from collections.abc import AsyncIterator
from io import BytesIO

import aiohttp
import pytest

from meshbot_core.claude.documents import MAX_DOCUMENT_BYTES
from meshbot_core.claude.hooks import PermissionRequest, SessionStart, UnknownHook
from meshbot_core.errors import MailboxError
from meshbot_core.session.hook_listener import (
    PID_HEADER,
    WAITER_HEADER,
    HookListener,
    hook_listener,
)
from tests.session.relays import CONVERSATION, TOKEN, Sink, event
from tests.support.waiting import until

PERMISSION = event("PermissionRequest", tool_name="Bash")


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
async def listener(sink: Sink) -> AsyncIterator[HookListener]:
    async with hook_listener(sink, token=TOKEN) as found:
        yield found


@pytest.fixture
async def claude(listener: HookListener) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {TOKEN}", PID_HEADER: str(os.getpid())}
    async with aiohttp.ClientSession(listener.url, headers=headers) as http:
        yield http


async def told(claude: aiohttp.ClientSession, path: str, body: bytes) -> tuple[int, bytes]:
    async with claude.post(path, data=BytesIO(body)) as response:
        return response.status, await response.read()


async def test_an_event_reaches_the_session_and_its_answer_goes_back(claude, sink):
    async def allow(event):
        return json.dumps({"for": event.tool}).encode()

    sink.answer = allow

    assert await told(claude, "/hook", PERMISSION) == (200, b'{"for": "Bash"}')
    assert isinstance(sink.events[0], PermissionRequest)


async def test_an_event_that_nobody_knows_is_passed_on(claude, sink):
    assert await told(claude, "/hook", event("MoonRose", phase=3)) == (200, b"{}")
    assert isinstance(sink.events[0], UnknownHook)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff\xfe", b'{"session_id": 7}', b"[" * 100_000, b'{"a": 1e999}']
)
@pytest.mark.parametrize("path", ["/hook", "/status"])
async def test_what_is_no_event_is_answered_like_any_and_told_in_one_line(
    claude, sink, caplog, path, body
):
    caplog.set_level(logging.WARNING)

    assert await told(claude, path, body) == (200, b"{}")
    assert not sink.events
    assert not sink.reports
    (line,) = caplog.messages
    assert "understood" in line
    assert "\n" not in line


@pytest.mark.parametrize("more", [1, 24 * 1024 * 1024])
async def test_what_is_too_large_is_answered_cleanly(claude, sink, more):
    large = event(prompt="x" * (MAX_DOCUMENT_BYTES + more))

    assert await told(claude, "/hook", large) == (200, b"{}")
    assert not sink.events


async def test_the_largest_event_is_taken(claude, sink):
    empty = event("UserPromptSubmit", prompt="")
    whole = event("UserPromptSubmit", prompt="x" * (MAX_DOCUMENT_BYTES - len(empty)))

    assert await told(claude, "/hook", whole) == (200, b"{}")
    assert len(whole) == MAX_DOCUMENT_BYTES
    assert len(sink.events) == 1


async def test_a_session_that_cannot_answer_says_nothing_rather_than_an_error(claude, sink, caplog):
    async def fail(_):
        raise MailboxError("the disk is full")

    sink.answer = fail

    assert await told(claude, "/hook", event()) == (200, b"{}")
    assert "the disk is full" in caplog.text


@pytest.mark.parametrize("path", ["/hook", "/status", "/wait", "/woken/x"])
@pytest.mark.parametrize("given", [None, "Bearer ", f"bearer {TOKEN}", "Bearer ü", TOKEN])
async def test_a_wrong_token_is_refused_counted_and_not_written_down(
    listener, sink, caplog, path, given
):
    headers = {} if given is None else {"Authorization": given}
    async with aiohttp.ClientSession(listener.url, headers=headers) as stranger:
        status, _ = await told(stranger, path, event())

    assert (status, listener.rejected) == (401, 1)
    assert not sink.events
    assert not sink.waiters.is_waiting(CONVERSATION)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(listener)


async def test_a_hook_that_claude_gives_up_withdraws_what_it_asked_for(claude, sink):
    withdrawn = asyncio.Event()

    async def wait_for_ever(_):
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            withdrawn.set()

    sink.answer = wait_for_ever
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(told(claude, "/hook", PERMISSION))
        await until(lambda: bool(sink.events))
        asking.cancel()
        async with asyncio.timeout(2):
            await withdrawn.wait()


async def test_the_status_line_is_told(claude, sink):
    report = {"session_id": CONVERSATION, "cost": {"total_cost_usd": 0.25}}

    assert await told(claude, "/status", json.dumps(report).encode()) == (200, b"{}")
    assert sink.reports[0].cost.total_cost_usd == 0.25


async def test_a_waiter_is_answered_with_the_text_and_confirms_it(claude, sink):
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(claude.post("/wait", data=event()))
        await until(lambda: sink.waiters.is_waiting(CONVERSATION))
        woken = group.create_task(sink.waiters.wake(CONVERSATION, "good news: ü \ud800"))
        async with await waiting as response:
            assert (response.status, await response.text()) == (200, "good news: ü ?")
            waiter = response.headers[WAITER_HEADER]
            assert not woken.done()
            # The connection of the waiter stands until it confirmed: this goes over another.
            async with aiohttp.ClientSession(claude._base_url, headers=claude.headers) as other:
                assert (await told(other, f"/woken/{waiter}", b""))[0] == 204

    assert woken.result()


async def test_a_waiter_that_breaks_off_is_forgotten(claude, sink):
    waiting = asyncio.get_running_loop().create_task(claude.post("/wait", data=event()))
    await until(lambda: sink.waiters.is_waiting(CONVERSATION))
    waiting.cancel()

    await until(lambda: not sink.waiters.is_waiting(CONVERSATION))


@pytest.mark.parametrize("pid", ["", "0", "1", "-4", "x", "9" * 400])
async def test_a_waiter_that_names_no_living_claude_is_dismissed(listener, sink, pid):
    headers = {"Authorization": f"Bearer {TOKEN}", PID_HEADER: pid}
    async with aiohttp.ClientSession(listener.url, headers=headers) as stranger:
        assert await told(stranger, "/wait", event()) == (204, b"")


async def test_the_waiter_of_a_cleared_conversation_is_dismissed(claude, sink):
    async with asyncio.TaskGroup() as group:
        old = group.create_task(told(claude, "/wait", event()))
        await until(lambda: sink.waiters.is_waiting(CONVERSATION))
        new = group.create_task(told(claude, "/wait", event("SessionStart", "b", source="clear")))
        assert await old == (204, b"")
        await until(lambda: sink.waiters.is_waiting("b"))
        sink.waiters.dismiss_all()

    assert new.result() == (204, b"")
    assert not any(isinstance(each, SessionStart) for each in sink.events), "it is told elsewhere"


async def test_waiters_are_dismissed_when_the_listener_ends(sink):
    headers = {"Authorization": f"Bearer {TOKEN}", PID_HEADER: str(os.getpid())}
    async with asyncio.timeout(5), aiohttp.ClientSession(headers=headers) as claude:
        async with hook_listener(sink, token=TOKEN) as listener:
            path = f"{listener.url}/wait"
            waiting = asyncio.get_running_loop().create_task(told(claude, path, event()))
            await until(lambda: sink.waiters.is_waiting(CONVERSATION))

        assert await waiting == (204, b"")
