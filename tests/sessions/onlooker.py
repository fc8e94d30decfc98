"""Somebody who watches a session's screen, and types into it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.terminal.frames import Ended, Output, Repaint
from meshbot_core.terminal.screen import Screen
from tests.support.waiting import until


@dataclass
class Onlooker:
    """A screen of its own, fed with what the host shows."""

    client: ScreenClient
    screen: Screen
    ended: Ended | None = None
    received: bytearray = field(default_factory=bytearray)

    async def read(self) -> None:
        async for frame in self.client.frames():
            match frame:
                case Repaint(columns, rows, data):
                    self.screen = Screen(columns, rows)
                    self.screen.feed(data)
                    self.received += data
                case Output(data):
                    self.screen.feed(data)
                    self.received += data
                case Ended():
                    self.ended = frame

    @property
    def text(self) -> str:
        return "\n".join(self.screen.text())

    async def shows(self, text: str, *, limit_s: float = 15.0) -> None:
        try:
            await until(lambda: text in self.text, limit_s)
        except TimeoutError:
            raise AssertionError(f"{text!r} is not on the screen:\n{self.text}") from None

    async def has_ended(self, *, limit_s: float = 10.0) -> Ended:
        await until(lambda: self.ended is not None, limit_s)
        assert self.ended is not None
        return self.ended

    async def types(self, text: str) -> None:
        """Type as a person does: the text, and once it is there, the return key."""
        await self.client.type(text.encode())
        await self.shows(text)
        await self.client.type(b"\r")

    async def press(self, key: bytes) -> None:
        await self.client.type(key)

    async def says_yes(self) -> None:
        """Answer the prompt; Claude Code ignores keys that it reads while it draws one."""
        for _ in range(5):
            await self.press(b"1")
            with contextlib.suppress(TimeoutError):
                await until(lambda: "Do you want to proceed?" not in self.text, 1.5)
                return
        raise AssertionError(f"the prompt takes no answer:\n{self.text}")


@asynccontextmanager
async def watching(
    agent: AgentPaths, *, columns: int = 100, rows: int = 30
) -> AsyncIterator[Onlooker]:
    async with (
        ScreenClient.connected(agent, columns=columns, rows=rows) as client,
        asyncio.TaskGroup() as group,
    ):
        onlooker = Onlooker(client, Screen(columns, rows))
        reading = group.create_task(onlooker.read())
        yield onlooker
        reading.cancel()
