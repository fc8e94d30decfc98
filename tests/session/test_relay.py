"""The relay as Claude Code runs it: real processes, real pipes, a listener or none."""

import asyncio
import json
import os
import shlex
import signal
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from meshbot_core.claude.answers import with_context
from meshbot_core.session.hook_listener import HookListener, hook_listener
from meshbot_core.session.hooking import status_line_command
from tests.session.relays import (
    CONVERSATION,
    TOKEN,
    Sink,
    claude_with_waiter,
    event,
    relay,
    relay_words,
)
from tests.support.processes import is_gone
from tests.support.waiting import until

pytestmark = pytest.mark.slow

NOBODY = "http://127.0.0.1:1"
REPORT = json.dumps({"session_id": CONVERSATION}).encode()


def url_of(server: asyncio.Server) -> str:
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
async def listener(sink):
    async with hook_listener(sink, token=TOKEN) as found:
        yield found


@asynccontextmanager
async def listening_at(sink, port):
    """The same host again, at the same port."""
    runner = web.AppRunner(HookListener(sink, TOKEN).application(), handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


async def ended(process) -> tuple[int, bytes, bytes]:
    async with asyncio.timeout(5):
        out, err = await process.communicate()
    return process.returncode, out, err


async def woken(sink, process, text) -> tuple[bool, bytes]:
    await until(lambda: sink.waiters.is_waiting(CONVERSATION))
    async with asyncio.TaskGroup() as group:
        waking = group.create_task(sink.waiters.wake(CONVERSATION, text))
        status, out, err = await ended(process)
    assert (status, out) == (2, b"")
    return waking.result(), err


async def test_a_hook_is_told_and_its_answer_printed(listener, sink):
    async def answer(_):
        return with_context("SessionStart", "grüße")

    sink.answer = answer
    async with relay("hook", listener, event("SessionStart", source="startup")) as process:
        assert await ended(process) == (0, with_context("SessionStart", "grüße"), b"")

    assert sink.events[0].source == "startup"


@pytest.mark.parametrize("url", [NOBODY, "", "http://nobody", "http://127.0.0.1:x"])
@pytest.mark.parametrize("what", ["hook", "status"])
async def test_nothing_is_said_when_the_host_is_away(what, url):
    words = [*relay_words("hook")[:-1], what]
    async with relay(what, url, event(), words=words) as process:
        assert await ended(process) == (0, b"", b"")


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1", b"no\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]
)
async def test_nothing_is_said_when_something_else_answers(answer):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = url_of(server)
        async with relay("hook", url, event()) as process:
            assert await ended(process) == (0, b"", b"")


@pytest.mark.parametrize("text", ["good news", "ü" * 100_000, ""])
async def test_a_waiter_writes_the_whole_text_and_confirms_it(listener, sink, text):
    async with relay("wait", listener, event()) as process:
        assert await woken(sink, process, text) == (True, text.encode())


async def test_a_waiter_whose_text_nobody_reads_does_not_confirm_it(listener, sink):
    async with relay("wait", listener, event()) as process:
        await until(lambda: sink.waiters.is_waiting(CONVERSATION))
        # More than a pipe holds: it is writing still when its reader goes.
        async with asyncio.TaskGroup() as group:
            waking = group.create_task(sink.waiters.wake(CONVERSATION, "x" * 10_000_000))
            await process.stderr.readexactly(1000)
            process._transport.get_pipe_transport(2).close()
            async with asyncio.timeout(2):
                assert await process.wait() == 0

    assert not waking.result()


async def test_a_dismissed_waiter_ends_without_a_word(listener, sink):
    async with relay("wait", listener, event()) as first:
        await until(lambda: sink.waiters.is_waiting(CONVERSATION))
        async with relay("wait", listener, event("UserPromptSubmit")) as second:
            assert await ended(first) == (0, b"", b"")
            assert await woken(sink, second, "for the newest") == (True, b"for the newest")


async def test_a_waiter_comes_back_when_the_host_does(sink):
    async with hook_listener(sink, token=TOKEN) as found:
        port = int(found.url.rpartition(":")[2])
    async with relay("wait", found, event()) as process:
        # Whoever took its connection is gone without an answer; then the host is there again.
        cut = asyncio.Event()

        async def serve(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            writer.close()
            cut.set()

        async with await asyncio.start_server(serve, "127.0.0.1", port), asyncio.timeout(5):
            await cut.wait()
        async with listening_at(sink, port):
            assert await woken(sink, process, "again") == (True, b"again")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_waiter_ends_with_its_claude(listener, sink, number):
    async with claude_with_waiter(listener) as (claude, pid):
        await until(lambda: sink.waiters.is_waiting(CONVERSATION))
        claude.send_signal(number)

        await until(lambda: is_gone(pid), 1.0)
        await until(lambda: not sink.waiters.is_waiting(CONVERSATION), 1.0)
        assert not await sink.waiters.wake(CONVERSATION, "hello")


async def test_a_waiter_without_a_host_ends_with_its_claude():
    listener = HookListener(Sink(), TOKEN, url=NOBODY)
    async with claude_with_waiter(listener) as (claude, pid):
        claude.kill()

        await until(lambda: is_gone(pid), 1.0)


async def test_an_interrupted_waiter_leaves_no_trace(listener, sink):
    async with relay("wait", listener, event()) as process:
        await until(lambda: sink.waiters.is_waiting(CONVERSATION))
        process.send_signal(signal.SIGINT)

        assert await ended(process) == (0, b"", b"")


async def run_by_a_shell(command: str, listener, said: bytes) -> tuple[int, bytes, bytes]:
    words = ["/bin/sh", "-c", command]
    async with relay("status", listener, said, words=words) as process:
        return await ended(process)


async def test_the_status_line_is_told_and_nothing_shown_when_the_user_has_none(listener, sink):
    assert await run_by_a_shell(status_line_command(None), listener, REPORT) == (0, b"", b"")
    assert sink.reports[0].session_id == CONVERSATION


@pytest.mark.parametrize("is_there", [True, False])
async def test_the_users_own_status_line_is_shown_with_or_without_a_host(listener, sink, is_there):
    command = status_line_command("""tr a-z A-Z; echo "it's $((40 + 2)) $0"; exit 3""")

    status, out, _ = await run_by_a_shell(command, listener if is_there else NOBODY, REPORT)

    assert (status, out.decode()) == (3, REPORT.decode().upper() + "it's 42 sh\n")
    assert len(sink.reports) == is_there


async def test_the_users_status_line_may_ignore_what_it_is_given_and_close_pipes(listener):
    command = status_line_command("yes | head -n 1")

    assert await run_by_a_shell(command, listener, REPORT) == (0, b"y\n", b"")


async def test_a_report_larger_than_a_pipe_reaches_the_users_status_line_whole(listener):
    large = json.dumps({"session_id": CONVERSATION, "more": "x" * 500_000}).encode()

    _, out, _ = await run_by_a_shell(status_line_command("wc -c"), listener, large)

    assert int(out) == len(large)


async def test_the_users_status_line_does_not_wait_long_for_a_host_that_hangs():
    held: list[asyncio.StreamWriter] = []

    async def hang(_reader, writer):
        held.append(writer)

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
        url = url_of(server)
        async with asyncio.timeout(3):
            assert (await run_by_a_shell(status_line_command("echo here"), url, REPORT))[1]
        for writer in held:
            writer.close()
            await writer.wait_closed()


def test_the_waiter_is_run_by_our_own_python_and_nothing_of_ours_is_on_its_path():
    words = relay_words("wait")

    assert words[1] == "-SEP"
    assert words[-1] == "wait"
    assert shlex.split(status_line_command("a 'b'"))[-1] == "a 'b'"
    assert os.access(words[0], os.X_OK)
