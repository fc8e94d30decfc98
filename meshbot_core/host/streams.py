"""The event streams of one host: every watcher gets every event, a slow one is cut off."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from meshbot_core.host.api import GoodbyeEvent, HostEvent

_MAX_WAITING: Final = 1000


class Watcher:
    """One open stream; ``events`` is bounded, and ends with None."""

    def __init__(self, session: str = "") -> None:
        self.session = session
        self.events: asyncio.Queue[HostEvent | None] = asyncio.Queue(_MAX_WAITING + 2)

    def put(self, event: HostEvent) -> bool:
        """Hand an event over; False when the watcher is too far behind."""
        if self.events.qsize() >= _MAX_WAITING:
            return False
        self.events.put_nowait(event)
        return True


class Streams:
    """Everybody who watches this host."""

    def __init__(self) -> None:
        self._watchers: list[Watcher] = []

    @contextmanager
    def watching(self, session: str = "") -> Iterator[Watcher]:
        """A watcher for as long as the block runs; ``session`` is the client's id."""
        watcher = Watcher(session)
        self._watchers.append(watcher)
        try:
            yield watcher
        finally:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

    def publish(self, event: HostEvent) -> None:
        """Tell everybody; who does not read is cut off, and comes back for a fresh start."""
        for watcher in list(self._watchers):
            if not watcher.put(event):
                self._watchers.remove(watcher)
                watcher.events.put_nowait(None)

    def publish_to(self, session: str, event: HostEvent) -> bool:
        """Tell one client alone; False when it does not watch, or does not read."""
        return any(watcher.put(event) for watcher in self._watchers if watcher.session == session)

    def end(self, reason: str) -> None:
        """Say goodbye to everybody and end the streams."""
        for watcher in self._watchers:
            watcher.events.put_nowait(GoodbyeEvent(reason=reason))
            watcher.events.put_nowait(None)
        self._watchers.clear()
