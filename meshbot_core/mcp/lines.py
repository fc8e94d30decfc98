"""A byte stream as lines of JSON-RPC, each with its place in the stream; no I/O."""

from dataclasses import dataclass, field
from typing import Final

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""A message of the largest size that a mesh takes, every character of it escaped, and more."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; ``data`` None: it was too long, and is gone."""

    place: int
    data: bytes | None


@dataclass(slots=True)
class Lines:
    """Cuts what is fed into lines; holds at most one unfinished line."""

    max_bytes: int = MAX_LINE_BYTES
    received: int = 0
    _began_at: int = 0
    _pieces: list[bytes] = field(default_factory=list)
    _held: int = 0
    _is_too_long: bool = False

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that ``chunk`` completes."""
        self.received += len(chunk)
        *ends, rest = chunk.split(b"\n")
        lines = []
        for end in ends:
            self._hold(end)
            lines.append(self._finish())
            self._began_at += self._held + 1
            self._held = 0
        self._hold(rest)
        return [line for line in lines if line.data is None or line.data.strip()]

    def _hold(self, piece: bytes) -> None:
        self._held += len(piece)
        if self._held > self.max_bytes:
            self._is_too_long = True
            self._pieces.clear()
        elif piece:
            self._pieces.append(piece)

    def _finish(self) -> Line:
        data = None if self._is_too_long else b"".join(self._pieces)
        self._is_too_long = False
        self._pieces.clear()
        return Line(self._began_at, data)
