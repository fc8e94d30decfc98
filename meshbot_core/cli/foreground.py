"""A headless session in the foreground: told in lines, ended by a signal."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.cli.border import EXIT_INTERRUPTED
from meshbot_core.cli.show import Colour, line, note, paint
from meshbot_core.clients.starting import shell_status, views
from meshbot_core.clients.text import clock_time, plain
from meshbot_core.errors import NoSessionError
from meshbot_core.host.client import HostClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.session.records import SessionState, SessionView

_COLOURS: Final[Mapping[SessionState, Colour]] = {
    "crashed": "red",
    "deaf": "red",
    "limited": "yellow",
    "stalled": "yellow",
}
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Asked:
    """Whether a signal asked us to end, and which one."""

    number: signal.Signals | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Take signals as a wish while the block runs; the second SIGINT is not waited for."""
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            loop.add_signal_handler(number, self._take, number)
        try:
            yield
        finally:
            for number in _ENDING:
                loop.remove_signal_handler(number)

    def _take(self, number: signal.Signals) -> None:
        self.number = self.number or number
        self.came.set()
        if number is signal.SIGINT:
            asyncio.get_running_loop().remove_signal_handler(number)

    @property
    def status(self) -> int:
        """What to end with after an orderly end."""
        return EXIT_INTERRUPTED if self.number is signal.SIGINT else 0


async def stay(client: HostClient) -> int:
    """Tell each change of the session until it is over; returns the exit status."""
    asked = Asked()
    told = ""
    last: SessionView | None = None
    with asked.listening():
        async with asyncio.TaskGroup() as group:
            stopping = group.create_task(stop_when(asked, client))
            async for view in views(client):
                last, before = view, told
                told = _standing(view)
                if told != before:
                    line(f"{clock_time(view.since_ms)} {told}")
            stopping.cancel()
    return asked.status if asked.number else _status_of(last)


async def stop_when(asked: Asked, client: HostClient) -> None:
    """End the session once a signal came."""
    await asked.came.wait()
    note("ending the session")
    with contextlib.suppress(NoSessionError):
        await SessionClient(client).stop()


def _standing(view: SessionView) -> str:
    colour = _COLOURS.get(view.state)
    shown = paint(view.state, colour) if colour else view.state
    why = f": {plain(view.reason)}" if view.reason else ""
    return f"{shown}{why}"


def _status_of(view: SessionView | None) -> int:
    """Claude's own; what crashed never ends with 0."""
    status = shell_status(view.exit_status if view else None)
    is_crash = view is not None and view.state == "crashed"
    return status or int(is_crash)
