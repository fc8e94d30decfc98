"""meshbot-tui in a terminal of its own: a pty, and a screen that shows what it drew."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from meshbot_core.terminal.pty_process import PtyProcess
from meshbot_core.terminal.screen import Screen
from tests.support.waiting import until

LIMIT_S = 15.0
COLUMNS, ROWS = 120, 40


@dataclass
class Terminal:
    """A console, and who sits before it."""

    screen: Screen
    process: PtyProcess | None = None
    received: bytearray = field(default_factory=bytearray)

    def came(self, data: bytes) -> None:
        """The console wrote this."""
        self.heard(data)

    def heard(self, data: bytes) -> None:
        self.received += data
        fed = self.screen.feed(data)
        if fed.answers:
            self.send(fed.answers)

    def send(self, data: bytes) -> None:
        """What a person types, and what the terminal answers."""
        if self.process is not None:
            self.process.write(data)

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def text(self) -> str:
        return "\n".join(self.screen.text())

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was: no modes of a full-screen program, a cursor."""
        return self.screen.modes == frozenset({25})

    async def shows(self, *texts: str, limit_s: float = LIMIT_S) -> None:
        try:
            await until(lambda: all(text in self.text for text in texts), limit_s)
        except TimeoutError:
            missing = [text for text in texts if text not in self.text]
            raise AssertionError(f"{missing} is not on the screen:\n{self.text}") from None

    async def hides(self, text: str, *, limit_s: float = LIMIT_S) -> None:
        try:
            await until(lambda: text not in self.text, limit_s)
        except TimeoutError:
            raise AssertionError(f"{text!r} stays on the screen:\n{self.text}") from None

    def press(self, *keys: str | bytes) -> None:
        for key in keys:
            self.send(key.encode() if isinstance(key, str) else key)

    async def insists(self, key: str | bytes, *, on: str = "", against: str = "") -> None:
        """Press a key again and again, as people do, until ``on`` shows, or ``against`` not."""

        async def pressed() -> bool:
            if on in self.text and (not against or against not in self.text):
                return True
            self.press(key)
            with contextlib.suppress(AssertionError):
                if on:
                    await self.shows(on, limit_s=0.7)
                else:
                    await self.hides(against, limit_s=0.7)
            return False

        await until(pressed, LIMIT_S)

    async def types(self, text: str) -> None:
        """Type as a person does: the text, and once it is there, the return key."""
        self.press(text)
        await self.shows(text)
        self.press("\r")

    async def resize(self, columns: int, rows: int) -> None:
        assert self.process is not None
        self.screen.resize(columns, rows)
        self.process.resize(columns, rows)

    async def ends(self, limit_s: float = LIMIT_S) -> int:
        assert self.process is not None
        async with asyncio.timeout(limit_s):
            return await self.process.wait()


@asynccontextmanager
async def console(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    columns: int = COLUMNS,
    rows: int = ROWS,
    errors: Path | None = None,
    before: type[Terminal] = Terminal,
) -> AsyncIterator[Terminal]:
    """The console, started in ``folder``; it is ended with the block.

    ``errors`` is where standard error goes, if it is not the terminal; ``before`` is what sits
    before it.
    """
    terminal = before(Screen(columns, rows))
    wanted = dict(os.environ) | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    wanted |= dict(environment or {})
    for name in ("COLUMNS", "LINES", "NO_COLOR", "CI"):
        wanted.pop(name, None)
    command = [sys.executable, "-m", "meshbot_tui", *arguments]
    if errors is not None:
        command = ["sh", "-c", 'exec 2>"$0" && exec "$@"', str(errors), *command]
    async with PtyProcess.started(
        command,
        environment=wanted,
        folder=folder,
        columns=columns,
        rows=rows,
        on_output=terminal.came,
    ) as process:
        terminal.process = process
        yield terminal
