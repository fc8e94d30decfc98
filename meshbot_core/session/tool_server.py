"""Bringing back an interactive session's MCP server after it was killed.

Under ``-p`` Claude Code starts a lost stdio server again by itself; at a terminal its tools are
gone until somebody types ``/mcp reconnect``. Without them an agent reads, and cannot answer.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from meshbot_core.session.log import SessionLog
from meshbot_core.session.tracker import Tracker
from meshbot_core.types import Clock

_MISSED_AFTER_MS: Final = 1000
"""A server that only lost its stream is back before that."""
_STARTS_WITHIN_MS: Final = 30_000
_COMES_WITHIN_MS: Final = 3000
_PAUSE_MS: Final = 10_000
_MOST_TRIES: Final = 4

TypeLine = Callable[[str], Awaitable[bool]]
"""Types a line at the session's prompt; False when nothing can be typed there now."""


@dataclass(slots=True)
class ToolServer:
    """The MCP server of one session, as the host sees it come and go."""

    tracker: Tracker
    clock: Clock
    log: SessionLog
    type_line: TypeLine
    server: str = "mesh"
    _client: str = ""
    _is_missed: bool = False
    _tries: int = 0
    _due_ms: int = 0
    _calm_until_ms: int = 0

    def came(self, client: str) -> None:
        """A server that our claude started opened its stream."""
        self._client = client
        self._is_missed = False
        self._tries = 0

    def vanished(self, client: str) -> None:
        """A stream ended without a goodbye; who says goodbye was ended on purpose."""
        if client == self._client:
            self._is_missed = True
            self._due_ms = self.clock.now_ms() + _MISSED_AFTER_MS

    def started(self) -> None:
        """A claude was started: it is to start a server, unless its user switched that off."""
        self._is_missed = True
        self._tries = _MOST_TRIES - 1
        self._due_ms = self.clock.now_ms() + _STARTS_WITHIN_MS

    def process_gone(self) -> None:
        """The claude itself is gone; the next one starts a server of its own."""
        self._client = ""
        self._is_missed = False

    @property
    def is_due(self) -> bool:
        """Whether it is time to ask for it."""
        is_late = self.clock.now_ms() >= self._due_ms
        return self._is_missed and is_late and self._tries < _MOST_TRIES

    @property
    def wants_calm(self) -> bool:
        """Whether nothing shall wake the session just now: it is getting its tools back."""
        return self._is_missed and (self.is_due or self.clock.now_ms() < self._calm_until_ms)

    async def look(self) -> None:
        """Ask for it when it is missed, and the session idles."""
        is_idle = not self.tracker.is_in_turn and self.tracker.state in ("idle", "deaf", "paused")
        if not (self.is_due and is_idle):
            return
        now_ms = self.clock.now_ms()
        self._due_ms = now_ms + _PAUSE_MS
        if await self.type_line(f"/mcp reconnect {self.server}"):
            self._tries += 1
            self._calm_until_ms = now_ms + _COMES_WITHIN_MS
            self.log.write("tools", "the session's MCP server is gone; it is connected again")
