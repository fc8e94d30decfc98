"""Who can wake an idle session: the newest waiter of its conversation; others are dismissed."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_CONFIRMED_WITHIN_S: Final = 3.0


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(slots=True, eq=False)
class Waiter:
    """One waiter's connection: it ends with a text, or with None, which dismisses it."""

    conversation: str
    claude_pid: int
    text: "asyncio.Future[str | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)

    def end(self, text: str | None) -> None:
        """Let it end."""
        if not self.text.done():
            self.text.set_result(text)


@dataclass(slots=True)
class Waiters:
    """The waiters of one session; ``changed`` is called when one came or went."""

    changed: Callable[[], None] = lambda: None
    _current: Waiter | None = None

    def came(self, waiter: Waiter) -> None:
        """A waiter said hello: it is the one from now on."""
        if self._current is not None:
            self._current.end(None)
        self._current = waiter
        self.changed()

    def left(self, waiter: Waiter) -> None:
        """A waiter's connection closed."""
        if self._current is waiter:
            self._current = None
            self.changed()

    def is_waiting(self, conversation: str) -> bool:
        """Whether the newest waiter belongs to ``conversation`` and its claude is alive."""
        waiter = self._current
        return (
            waiter is not None
            and waiter.conversation == conversation
            and not waiter.text.done()
            and _is_alive(waiter.claude_pid)
        )

    async def wake(self, conversation: str, text: str) -> bool:
        """Hand ``text`` to the waiter; True once it confirmed that it wrote it."""
        waiter = self._current
        if waiter is None or not self.is_waiting(conversation):
            return False
        self._current = None
        waiter.end(text)
        try:
            async with asyncio.timeout(_CONFIRMED_WITHIN_S):
                await waiter.confirmed.wait()
        except TimeoutError:
            return False
        return True

    def dismiss_all(self) -> None:
        """Nobody shall wait any more."""
        if self._current is not None:
            self._current.end(None)
            self._current = None
