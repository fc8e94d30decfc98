"""Who can wake an idle session: the newest waiter of each conversation; others are dismissed."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_CONFIRMED_WITHIN_S: Final = 3.0
_MAX_CONVERSATIONS: Final = 4
"""A claude has one; a late waiter of the one before must not push out that of the next."""
_LARGEST_PID: Final = 2**31 - 1


def _is_alive(pid: int) -> bool:
    # Our parent is process 1 when whoever started us is gone.
    if not 1 < pid <= _LARGEST_PID:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@dataclass(slots=True, eq=False)
class Waiter:
    """One waiter's connection: it ends with a text, or with None, which dismisses it.

    ``begins`` when the event that started it began its conversation: claude has one at a time,
    so those before it are over. ``was_written`` says what became of the text.
    """

    conversation: str
    claude_pid: int
    begins: bool = False
    text: "asyncio.Future[str | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    was_written: "asyncio.Future[bool]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    @property
    def is_ready(self) -> bool:
        """Whether it waits, and somebody would read what it writes."""
        return not self.text.done() and _is_alive(self.claude_pid)

    def end(self, text: str | None) -> None:
        """Let it end."""
        if not self.text.done():
            self.text.set_result(text)

    def settle(self, *, is_written: bool) -> None:
        """Note what became of the text; the first word counts."""
        if not self.was_written.done():
            self.was_written.set_result(is_written)

    async def settled(self, limit_s: float) -> bool:
        """Whether it wrote the text, as far as it says so within ``limit_s``."""
        await asyncio.wait([self.was_written], timeout=limit_s)
        return self.was_written.done() and self.was_written.result()


@dataclass(slots=True)
class Waiters:
    """The waiters of one session; ``changed`` is called when one came or went."""

    changed: Callable[[], None] = lambda: None
    _newest: dict[str, Waiter] = field(default_factory=dict)
    _last: str = ""

    def came(self, waiter: Waiter) -> None:
        """A waiter said hello: it is the one of its conversation from now on."""
        if not waiter.is_ready:
            waiter.end(None)
            return
        over = tuple(self._newest) if waiter.begins else (waiter.conversation,)
        for conversation in over:
            self._dismiss(conversation)
        self._newest[waiter.conversation] = waiter
        self._last = waiter.conversation
        if len(self._newest) > _MAX_CONVERSATIONS:
            self._dismiss(next(iter(self._newest)))
        self.changed()

    def left(self, waiter: Waiter) -> None:
        """A waiter's connection closed."""
        waiter.end(None)
        waiter.settle(is_written=False)
        if self._newest.get(waiter.conversation) is waiter:
            del self._newest[waiter.conversation]
            self.changed()

    def is_waiting(self, conversation: str) -> bool:
        """Whether a waiter of ``conversation`` stands, and its claude is alive."""
        waiter = self._newest.get(conversation)
        return waiter is not None and waiter.is_ready

    def has_waited(self, conversation: str) -> bool:
        """Whether the last one that came was of ``conversation``, which it found at its prompt."""
        return bool(conversation) and conversation == self._last

    async def wake(self, conversation: str, text: str) -> bool:
        """Hand ``text`` to the waiter; True once it confirmed that it wrote it.

        False is no proof that it did not: a waiter that was slow to say so may have.
        """
        waiter = self._newest.get(conversation)
        if waiter is None or not waiter.is_ready:
            return False
        del self._newest[conversation]
        waiter.end(text)
        return await waiter.settled(_CONFIRMED_WITHIN_S)

    def dismiss_all(self) -> None:
        """Nobody shall wait any more."""
        for conversation in tuple(self._newest):
            self._dismiss(conversation)

    def _dismiss(self, conversation: str) -> None:
        if waiter := self._newest.pop(conversation, None):
            waiter.end(None)
