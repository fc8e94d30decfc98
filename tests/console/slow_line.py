"""A terminal far away: what it shows and what is typed come late, not all at once, and in order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from meshbot_core.terminal.screen import Screen
from tests.console.terminal import Terminal

DELAY_S = 0.1
BYTES_PER_S = 20_000


@dataclass
class Direction:
    """What is ``put`` is delivered in pieces: so late, so fast, and none before another."""

    deliver: Callable[[bytes], None]
    piece_bytes: int
    underway_bytes: int = 0
    _free_s: float = field(default=0.0)

    def put(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.underway_bytes += len(data)
        for place in range(0, len(data), self.piece_bytes):
            piece = data[place : place + self.piece_bytes]
            self._free_s = max(loop.time(), self._free_s) + len(piece) / BYTES_PER_S
            loop.call_at(self._free_s + DELAY_S, self._arrived, piece)

    def _arrived(self, piece: bytes) -> None:
        self.underway_bytes -= len(piece)
        self.deliver(piece)


class FarTerminal(Terminal):
    """A terminal at the other end of a slow line."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen)
        self._here = Direction(self.heard, piece_bytes=500)
        # Sequences of keys are cut in two.
        self._there = Direction(super().send, piece_bytes=3)

    def came(self, data: bytes) -> None:
        self._here.put(data)

    def send(self, data: bytes) -> None:
        self._there.put(data)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is underway."""
        return not self._here.underway_bytes and not self._there.underway_bytes
