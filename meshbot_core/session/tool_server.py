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
_RETRY_MS: Final = 2000
"""What is under way at the prompt is soon over; messages go on meanwhile."""
_MOST_TRIES: Final = 4
_SETTLED_AFTER_MS: Final = 10_000

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
    _came_ms: int = 0
    _is_replacement: bool = False
    """The server came in place of one that was lost."""
    _tries: int = 0
    _due_ms: int = 0
    _calm_until_ms: int = 0

    def came(self, client: str) -> None:
        """A server that our claude started opened its stream."""
        self._is_replacement = self._is_missed and bool(self._client)
        self._client = client
        self._came_ms = self.clock.now_ms()
        self._is_missed = False
        self._tries = 0

    def vanished(self, client: str) -> None:
        """A server's stream ended without a goodbye."""
        if client == self._client:
            self._is_missed = True
            self._due_ms = self.clock.now_ms() + _MISSED_AFTER_MS

    def said_goodbye(self, client: str) -> None:
        """A server was ended in order: on purpose, unless it had only just replaced a lost one.

        2.1.330 starts a lost server again when a tool is called, and may end the new one at once,
        together with what it still had of the old one.
        """
        if self._is_replacement and self.clock.now_ms() - self._came_ms < _SETTLED_AFTER_MS:
            self.vanished(client)

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
        # Calm while it is typed too: a turn that begins meanwhile would keep it from being sent.
        now_ms = self.clock.now_ms()
        self._calm_until_ms = now_ms + _COMES_WITHIN_MS
        self._due_ms = now_ms + _PAUSE_MS
        if await self.type_line(f"/mcp reconnect {self.server}"):
            self._tries += 1
            self.log.write("tools", "the session's MCP server is gone; it is connected again")
        else:
            self._calm_until_ms = now_ms
            self._due_ms = now_ms + _RETRY_MS
