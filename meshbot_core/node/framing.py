"""Where an HTTP/1.1 body begins and ends: by its length, or in chunks. No I/O."""

import re
from enum import Enum, auto
from typing import Final

MAX_HEAD_BYTES: Final = 16 * 1024
_MAX_CHUNK_LINE_BYTES: Final = 256
_MAX_TRAILER_BYTES: Final = 4096
_END_OF_HEAD: Final = b"\r\n\r\n"
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")


class RequestError(Exception):
    """The bytes are nothing that we read; ``status`` is the answer, then the line is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Part(Enum):
    """What comes next on the connection."""

    HEAD = auto()
    FIXED = auto()
    CHUNK_LINE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILERS = auto()


class FramedReader:
    """Takes the bytes of one connection and cuts them into heads and bodies."""

    __slots__ = ("_at", "_body", "_buffer", "_left", "_part", "_size")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._part = Part.HEAD
        self._body: list[bytes] = []
        self._size = 0
        self._left = 0

    @property
    def buffered_bytes(self) -> int:
        """How much was fed and not yet used."""
        return len(self._buffer) - self._at

    @property
    def body_bytes(self) -> int:
        """How much of the present body is there."""
        return self._size

    def feed(self, data: bytes) -> None:
        """Take what the peer sent."""
        self._buffer = self._buffer[self._at :] + data if self.buffered_bytes else data
        self._at = 0

    def next_head_bytes(self) -> bytes | None:
        """The next head without its blank line, or None until it is complete.

        Raises:
            RequestError: It is too large.
        """
        # A blank line or two before a request is allowed, and some clients send one.
        while self._buffer.startswith(b"\r\n", self._at):
            self._at += 2
        end = self._buffer.find(_END_OF_HEAD, self._at, self._at + MAX_HEAD_BYTES)
        if end < 0:
            if self.buffered_bytes >= MAX_HEAD_BYTES:
                raise RequestError(431, "Request header is too large")
            return None
        text = self._buffer[self._at : end]
        self._at = end + len(_END_OF_HEAD)
        return text

    def begin_body(self, length: int | None) -> None:
        """Read a body of so many bytes next, or one in chunks."""
        self._size = 0
        self._part = Part.CHUNK_LINE if length is None else Part.FIXED
        self._left = length or 0

    def next_body(self, max_bytes: int) -> bytes | None:
        """The body of the head given last, or None until it is complete.

        Raises:
            RequestError: It is larger than ``max_bytes``, or its chunks make no sense.
        """
        if self._part is Part.FIXED:
            return self._fixed(max_bytes)
        while self._step(max_bytes):
            if self._part is Part.HEAD:
                return self._whole_body()
        return None

    def _fixed(self, max_bytes: int) -> bytes | None:
        if self._size + self._left > max_bytes:
            raise RequestError(413, "Message too large")
        self._take()
        return None if self._left else self._whole_body()

    def _take(self) -> None:
        piece = self._buffer[self._at : self._at + self._left]
        self._at += len(piece)
        self._left -= len(piece)
        self._size += len(piece)
        if piece:
            self._body.append(piece)

    def _whole_body(self) -> bytes:
        body = b"".join(self._body)
        self._body.clear()
        self._part = Part.HEAD
        return body

    def _step(self, max_bytes: int) -> bool:
        """Use a piece of a chunked body; False when more bytes are needed."""
        if self._part is Part.CHUNK:
            self._take()
            if self._left:
                return False
            self._part = Part.CHUNK_END
            return True
        line = self._line()
        if line is None:
            return False
        if self._part is Part.CHUNK_LINE:
            self._begin_chunk(line, max_bytes)
        elif self._part is Part.CHUNK_END:
            if line:
                raise RequestError(400, "Malformed chunk")
            self._part = Part.CHUNK_LINE
        else:
            self._skip_trailer(line)
        return True

    def _begin_chunk(self, line: bytes, max_bytes: int) -> None:
        found = _CHUNK_SIZE.fullmatch(line)
        if found is None:
            raise RequestError(400, "Malformed chunk")
        self._left = int(found[1], 16)
        if self._size + self._left > max_bytes:
            raise RequestError(413, "Message too large")
        self._part = Part.CHUNK if self._left else Part.TRAILERS

    def _skip_trailer(self, line: bytes) -> None:
        # Trailers are counted in ``_left``, which is free behind the last chunk.
        self._left += len(line)
        if self._left > _MAX_TRAILER_BYTES:
            raise RequestError(431, "Request trailer is too large")
        if not line:
            self._part = Part.HEAD

    def _line(self) -> bytes | None:
        limit = _MAX_TRAILER_BYTES if self._part is Part.TRAILERS else _MAX_CHUNK_LINE_BYTES
        end = self._buffer.find(b"\r\n", self._at, self._at + limit)
        if end < 0:
            if self.buffered_bytes >= limit:
                raise RequestError(400, "Malformed chunk")
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line
