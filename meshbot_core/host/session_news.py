"""How the session of a host is, told to all who ask and to all who listen."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_core.host.session_api import SessionAnswer, SessionEvent
from meshbot_core.host.streams import Streams
from meshbot_core.session.kept_guard import KeptGuard
from meshbot_core.session.records import SessionView
from meshbot_core.session.supervisor import Supervisor

log = logging.getLogger(__name__)

_ASKS: Final = "it waits for an answer of yours: meshbot inbox"
_QUIET_S: Final = 0.1
"""Changes that come close together are told as one."""


@dataclass(slots=True)
class SessionNews:
    """Says how it is, and that it is so no more; what its guard counts is kept with that."""

    streams: Streams
    guard: KeptGuard
    supervisor: Callable[[], Supervisor | None]
    asks_operator_ms: int = 0
    """Since when an ask to the person is open; 0: none is."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _told: SessionView | None = None

    def view(self) -> SessionView | None:
        """How the session is, or how the last one ended."""
        supervisor = self.supervisor()
        if supervisor is None:
            return None
        view = supervisor.view()
        if view.state == "working" and self.asks_operator_ms:
            asks = {"state": "asks_operator", "reason": _ASKS, "since_ms": self.asks_operator_ms}
            return view.model_copy(update=asks)
        return view

    def answer(self) -> SessionAnswer:
        """The session, and what it was started with."""
        supervisor = self.supervisor()
        options = supervisor.prepared.options if supervisor else None
        return SessionAnswer(
            session=self.view(),
            options=options.model_copy(update={"inherited": {}}) if options else None,
        )

    def changed(self) -> None:
        """Something may be otherwise: tell it soon."""
        self._changed.set()

    async def tell(self) -> None:
        """Tell what changes, until cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            view = self.view()
            if view != self._told:
                self._told = view
                self.streams.publish(SessionEvent(session=view))
            try:
                if self.supervisor() is not None:
                    await self.guard.keep()
            except MailboxError as error:
                log.warning("the guard's state cannot be kept: %s", error)
            await asyncio.sleep(_QUIET_S)
