"""The screens of agents that somebody looks at, each through a line of its own."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.terminal.frames import Ended, Frame, Repaint
from meshbot_core.terminal.screen import ScrollbackPage

if TYPE_CHECKING:
    from meshbot_core.host.screen_client import ScreenClient

_AGAIN_S: Final = 0.5
MAX_TYPED_BYTES: Final = 4 * 1024 * 1024
"""What a host that hangs does not take waits up to here."""


@dataclass(frozen=True, slots=True)
class NoScreen:
    """There is nothing to show now; ``reason`` says why."""

    reason: str


@dataclass(slots=True)
class ScreenFeed:
    """One agent's screen for one pane; ``show`` gets what is to be shown.

    What is typed before its screen is seen, or while no session is there, is dropped: it was
    meant for something else.
    """

    agent: AgentPaths
    columns: int
    rows: int
    show: Callable[[Frame | NoScreen], None]
    is_sizing: bool = True
    """Whether the pane's size is wanted, where nobody else typed; not in a grid."""
    is_seen: bool = False
    """Whether the pane shows what the session's screen is now."""
    _is_entered: bool = False
    _client: "ScreenClient | None" = None
    _typed: deque[bytes | tuple[int, int]] = field(default_factory=deque)
    _typed_bytes: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
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
        if not self.is_seen:
            return
        if self._typed_bytes + len(data) > MAX_TYPED_BYTES:
            self._say("its host does not take what is typed; this was dropped")
            return
        self._put(data)

    def enter(self) -> None:
        """Somebody is about to type here: the pane's size rules from now on."""
        self._is_entered = True
        if self.is_seen:
            self._put(b"")

    def leave(self) -> None:
        """Nobody types here any more."""
        self._is_entered = False

    def resize(self, columns: int, rows: int) -> None:
        """The pane has this size now."""
        self.columns, self.rows = columns, rows
        if self.is_sizing and self.is_seen:
            self._put((columns, rows))

    async def scrollback(self, before: int | None, limit: int) -> ScrollbackPage:
        """Lines that have scrolled out; none while there is no session, or none to be had."""
        if (client := self._client) is not None:
            with contextlib.suppress(MeshError):
                return await client.scrollback(before=before, limit=limit)
        return ScrollbackPage()

    async def _shown(self) -> None:
        async with (await asyncio.to_thread(_client_class)).connected(
            self.agent, columns=self.columns, rows=self.rows, is_onlooker=True
        ) as client:
            try:
                self._client = client
                size = self.columns, self.rows
                if self.is_sizing:
                    await client.resize(*size)
                self._last = ""
                async for frame in client.frames():
                    self.show(frame)
                    if isinstance(frame, Ended):
                        return
                    if isinstance(frame, Repaint) and not self.is_seen:
                        self._is_seen_now(size)
            finally:
                self._client, self.is_seen = None, False
                self._typed.clear()
                self._typed_bytes = 0
        self._say("its host is gone; looking for it")

    def _is_seen_now(self, size: tuple[int, int]) -> None:
        """What was wanted while there was nothing to be seen."""
        self.is_seen = True
        if self._is_entered:
            self._put(b"")
        if self.is_sizing and (self.columns, self.rows) != size:
            self._put((self.columns, self.rows))

    def _say(self, reason: str) -> None:
        if reason != self._last:
            self._last = reason
            self.show(NoScreen(reason))

    # -- what is typed

    def _put(self, item: bytes | tuple[int, int]) -> None:
        if isinstance(item, bytes):
            self._typed_bytes += len(item)
        elif self._typed and not isinstance(self._typed[-1], bytes):
            self._typed.pop()  # a size that nobody has seen yet
        self._typed.append(item)
        self._news.set()

    async def _send(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._typed:
                item = self._typed.popleft()
                self._typed_bytes -= len(item) if isinstance(item, bytes) else 0
                await self._sent(item)

    async def _sent(self, item: bytes | tuple[int, int]) -> None:
        if (client := self._client) is None:
            return
        with contextlib.suppress(OSError):
            if isinstance(item, bytes):
                await client.type(item)
            else:
                await client.resize(*item)


def _client_class() -> "type[ScreenClient]":
    # aiohttp is a fifth of what starting takes, and the first frame shows no screen.
    from meshbot_core.host.screen_client import ScreenClient  # noqa: PLC0415

    return ScreenClient
