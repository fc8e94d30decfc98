"""The screens of agents that somebody looks at, each through a line of its own."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import HostUnavailableError, MeshError
from meshbot_core.host.screen_client import Ended, Frame, ScreenClient
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.terminal.screen import ScrollbackPage

_AGAIN_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class NoScreen:
    """There is nothing to show now; ``reason`` says why."""

    reason: str


@dataclass(slots=True)
class ScreenFeed:
    """One agent's screen for one pane; ``show`` gets what is to be shown.

    What is typed while no session is there is dropped.
    """

    agent: AgentPaths
    columns: int
    rows: int
    show: Callable[[Frame | NoScreen], None]
    is_sizing: bool = True
    """Whether the pane's size is wanted, where nobody else typed; not in a grid."""
    _client: ScreenClient | None = None
    _typed: asyncio.Queue[bytes | tuple[int, int]] = field(default_factory=asyncio.Queue)
    _last: str = ""

    async def run(self) -> None:
        """Show it until cancelled, through ends and new beginnings."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._send())
            while True:
                try:
                    await self._shown()
                except (MeshError, OSError) as error:
                    self._say(str(error))
                await asyncio.sleep(_AGAIN_S)

    def type(self, data: bytes) -> None:
        """Type ``data``, in order."""
        self._typed.put_nowait(data)

    def enter(self) -> None:
        """Somebody is about to type here: the pane's size rules from now on."""
        self._typed.put_nowait(b"")

    def resize(self, columns: int, rows: int) -> None:
        """The pane has this size now."""
        self.columns, self.rows = columns, rows
        if self.is_sizing:
            self._typed.put_nowait((columns, rows))

    async def scrollback(self, before: int | None, limit: int) -> ScrollbackPage:
        """Lines that have scrolled out; none while there is no session."""
        client = self._client
        return (
            ScrollbackPage()
            if client is None
            else await client.scrollback(before=before, limit=limit)
        )

    async def _shown(self) -> None:
        async with ScreenClient.connected(
            self.agent, columns=self.columns, rows=self.rows, is_onlooker=True
        ) as client:
            self._client = client
            if self.is_sizing:
                await client.resize(self.columns, self.rows)
            self._last = ""
            try:
                async for frame in client.frames():
                    self.show(frame)
                    if isinstance(frame, Ended):
                        return
            finally:
                self._client = None
        self._say("its host is gone; looking for it")

    def _say(self, reason: str) -> None:
        if reason != self._last:
            self._last = reason
            self.show(NoScreen(reason))

    async def _send(self) -> None:
        while True:
            item = await self._typed.get()
            if (client := self._client) is None:
                continue
            with contextlib.suppress(HostUnavailableError, OSError):
                if isinstance(item, bytes):
                    await client.type(item)
                else:
                    await client.resize(*item)
