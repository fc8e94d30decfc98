"""One headless session under our hand: the real ``claude``, or its stand-in."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from meshbot_core.claude.headless import (
    McpServer,
    SessionEvent,
    TurnEnded,
    events_of,
    session_arguments,
    user_line,
)
from meshbot_core.demo.claude_home import clean_environment, model_environment
from meshbot_core.errors import MeshError

STAND_IN: Final = (sys.executable, "-m", "meshbot_core.demo.stand_in")
_LINE_LIMIT: Final = 64 * 1024 * 1024
_END_LIMIT_S: Final = 5.0


class SessionGoneError(MeshError):
    """The session ended while its answer was awaited."""

    code = "session_gone"


@dataclass(slots=True)
class Session:
    """A session that runs. ``events`` holds everything that it told so far."""

    process: Process
    events: list[SessionEvent] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _is_over: bool = False

    def say(self, text: str) -> None:
        """Write a user message; one that comes in mid-turn waits its turn."""
        if self.process.stdin is not None:
            self.process.stdin.write(user_line(text))

    async def turn(self, text: str) -> tuple[SessionEvent, ...]:
        """Say ``text`` and wait for the end of that turn; the events of the turn.

        Raises:
            SessionGoneError: The session ended first.
        """
        begin = len(self.events)
        self.say(text)
        await self.saw(lambda event: isinstance(event, TurnEnded), begin)
        return tuple(self.events[begin:])

    async def saw(self, fits: Callable[[SessionEvent], bool], begin: int = 0) -> SessionEvent:
        """Wait for an event that ``fits``; the caller sets the time limit.

        Raises:
            SessionGoneError: The session ended first.
        """
        async with self._news:
            while True:
                for event in self.events[begin:]:
                    if fits(event):
                        return event
                if self._is_over:
                    raise SessionGoneError(f"the session ended: {' '.join(self.complaints[-3:])}")
                await self._news.wait()

    async def read(self) -> None:
        """Collect what the session prints until it ends."""
        assert self.process.stdout is not None  # noqa: S101 - opened with PIPE below
        async for line in self.process.stdout:
            events = events_of(line)
            async with self._news:
                self.events.extend(events)
                self._news.notify_all()
        async with self._news:
            self._is_over = True
            self._news.notify_all()

    async def read_complaints(self) -> None:
        """Collect what the session writes to stderr."""
        assert self.process.stderr is not None  # noqa: S101 - opened with PIPE below
        async for line in self.process.stderr:
            self.complaints.append(line.decode(errors="replace").strip())

    async def end(self) -> None:
        """End the session as a user would; kill it when it does not go."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(_END_LIMIT_S):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()

    def kill(self) -> None:
        """End it with kill -9, as an out-of-memory killer would."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()


@asynccontextmanager
async def running(
    binary: Path | None, server: McpServer, *, home: Path, folder: Path, model_url: str
) -> AsyncIterator[Session]:
    """Run a session in ``folder`` until the block ends; ``binary`` None: the stand-in."""
    command = STAND_IN if binary is None else (str(binary),)
    process = await asyncio.create_subprocess_exec(
        *command,
        *session_arguments(server),
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        cwd=folder,
        env=clean_environment(home, model_environment(model_url)),
        limit=_LINE_LIMIT,
    )
    session = Session(process)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(session.read())
        tasks.create_task(session.read_complaints())
        try:
            yield session
        finally:
            await session.end()
