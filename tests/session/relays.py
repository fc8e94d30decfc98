"""A session's ear that keeps what it hears, and relays started as Claude Code starts them."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from meshbot_core.claude.answers import NO_ANSWER
from meshbot_core.claude.hooks import HookEvent
from meshbot_core.claude.statusline import StatusReport
from meshbot_core.session.hook_listener import HookListener
from meshbot_core.session.hooking import TOKEN_VARIABLE, URL_VARIABLE, session_hooks
from meshbot_core.session.waiters import Waiters

TOKEN = "a-secret-of-this-session"  # noqa: S105 - of a test
CONVERSATION = "11111111-1111-4111-8111-111111111111"


def event(name: str = "Stop", conversation: str = CONVERSATION, **more: object) -> bytes:
    return json.dumps({"hook_event_name": name, "session_id": conversation, **more}).encode()


async def nothing(_: HookEvent) -> bytes:
    return NO_ANSWER


@dataclass(slots=True)
class Sink:
    """What was heard; ``answer`` makes the answers."""

    answer: Callable[[HookEvent], Awaitable[bytes]] = nothing
    waiters: Waiters = field(default_factory=Waiters)
    events: list[HookEvent] = field(default_factory=list)
    reports: list[StatusReport] = field(default_factory=list)

    async def hook(self, event: HookEvent) -> bytes:
        self.events.append(event)
        return await self.answer(event)

    def status_line(self, report: StatusReport) -> None:
        self.reports.append(report)

    def named(self, name: str) -> list[HookEvent]:
        return [event for event in self.events if event.name == name]


def relay_words(what: str) -> list[str]:
    hooks = session_hooks("http://127.0.0.1:1")
    command = hooks.waiter if what == "wait" else hooks.started
    assert command is not None
    return [command.program, *command.arguments]


def surroundings(url: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], URL_VARIABLE: url, TOKEN_VARIABLE: TOKEN}


@asynccontextmanager
async def relay(
    what: str, listener: HookListener | str, said: bytes, *, words: list[str] | None = None
) -> AsyncIterator[Process]:
    """One relay that was told ``said``; it is ended with the block, if it has not by itself."""
    url = listener if isinstance(listener, str) else listener.url
    process = await asyncio.create_subprocess_exec(
        *(words or relay_words(what)), stdin=PIPE, stdout=PIPE, stderr=PIPE, env=surroundings(url)
    )
    assert process.stdin is not None
    process.stdin.write(said)
    process.stdin.write_eof()
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


STARTER = """\
import subprocess, sys, time
started = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
started.stdin.write(sys.stdin.buffer.read())
started.stdin.close()
print(started.pid, flush=True)
time.sleep(60)
"""


@asynccontextmanager
async def claude_with_waiter(listener: HookListener) -> AsyncIterator[tuple[Process, int]]:
    """A process in claude's place that started a waiter, and the waiter's pid."""
    words = [sys.executable, "-SE", "-c", STARTER, *relay_words("wait")]
    async with relay("wait", listener, event(), words=words) as process:
        assert process.stdout is not None
        yield process, int(await process.stdout.readline())
