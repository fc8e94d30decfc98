"""A process's output as lines, none of them longer than may be held; no I/O."""

from dataclasses import dataclass, field
from typing import Final

_SHOWN_BYTES: Final = 1000


@dataclass(frozen=True, slots=True)
class TooLong:
    """A line that was not kept: how long it was, and how it began."""

    size: int
    beginning: bytes


@dataclass(slots=True)
class LineReader:
    """Cuts what is fed into lines; holds at most one unfinished line of ``max_bytes``."""

    max_bytes: int
    _pieces: list[bytes] = field(default_factory=list)
    _size: int = 0
    _lost: bytes | None = None

    def feed(self, chunk: bytes) -> list[bytes | TooLong]:
        """The lines that ``chunk`` completes, without their ends; empty ones are left out."""
        *ends, rest = chunk.split(b"\n")
        lines: list[bytes | TooLong] = []
        for end in ends:
            self._hold(end)
            lines += self.finish()
        self._hold(rest)
        return lines

    def finish(self) -> list[bytes | TooLong]:
        """What is held, as the last line."""
        size, lost = self._size, self._lost
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._size, self._lost = 0, None
        if lost is not None:
            return [TooLong(size, lost)]
        return [data] if data.strip() else []

    def _hold(self, piece: bytes) -> None:
        self._size += len(piece)
        if piece and self._lost is None:
            self._pieces.append(piece)
            if self._size > self.max_bytes:
                self._lost = self._pieces[0][:_SHOWN_BYTES]
                self._pieces.clear()
