"""When bytes are read, and when what came of them is drawn."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

_PIECE_BYTES: Final = 16 * 1024
_BUSY_S: Final = 0.008
"""So long at a stretch bytes are read; then others have their turn."""
_BREATH_S: Final = 0.001
_FRAME_S: Final = 0.02
_ECHO_FRAME_S: Final = 0.004
_ECHO_WITHIN_S: Final = 0.1
_MAX_HELD_S: Final = 0.1


class Pace:
    """Fifty frames a second at most; what follows a key is drawn at once.

    Args:
        read: Takes some of the bytes.
        draw: Draws what changed; at once, if it is told so.
        is_held: Whether the program is in the middle of a frame of its own.
        later: Calls something a little later, where exceptions are seen.
    """

    def __init__(
        self,
        read: Callable[[bytes], None],
        draw: Callable[[bool], None],
        is_held: Callable[[], bool],
        later: Callable[[Callable[[], None]], object],
    ) -> None:
        self._read = read
        self._draw = draw
        self._is_held = is_held
        self._later = later
        self._waiting: deque[bytes] = deque()
        self._is_scheduled = False
        self._drawn_at = 0.0
        self._typed_at = 0.0
        self._held_since: float | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something is still to be read or drawn."""
        return bool(self._waiting) or self._is_scheduled

    def typed(self) -> None:
        """Something went to the program: an echo may follow."""
        self._typed_at = time.monotonic()

    def add(self, data: bytes) -> None:
        """Bytes came."""
        for begin in range(0, len(data), _PIECE_BYTES):
            self._waiting.append(data[begin : begin + _PIECE_BYTES])
        if not self._is_scheduled:
            self._go_on_in(self._drawn_at + self._frame_s - time.monotonic())

    def drop(self) -> None:
        """What waits is worth nothing any more."""
        self._waiting.clear()
        self._held_since = None

    @property
    def _is_echo(self) -> bool:
        return time.monotonic() - self._typed_at < _ECHO_WITHIN_S

    @property
    def _frame_s(self) -> float:
        return _ECHO_FRAME_S if self._is_echo else _FRAME_S

    def _go_on_in(self, delay_s: float) -> None:
        if delay_s <= 0:
            self._go_on()
            return
        self._is_scheduled = True
        asyncio.get_running_loop().call_later(delay_s, self._later, self._go_on)

    def _go_on(self) -> None:
        self._is_scheduled = False
        began = now = time.monotonic()
        while self._waiting and now - began < _BUSY_S:
            self._read(self._waiting.popleft())
            now = time.monotonic()
        if self._has_to_hold(now):
            self._go_on_in(_FRAME_S)
            return
        if now - self._drawn_at >= self._frame_s or not self._waiting:
            self._draw(self._is_echo)
            self._drawn_at = time.monotonic()
        if self._waiting:
            self._go_on_in(_BREATH_S)

    def _has_to_hold(self, now: float) -> bool:
        """Whether to wait for the rest of the program's frame; not for long."""
        if not self._is_held():
            self._held_since = None
            return False
        if self._held_since is None:
            self._held_since = now
        return now - self._held_since < _MAX_HELD_S
