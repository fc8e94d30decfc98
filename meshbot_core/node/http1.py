"""HTTP/1.1 requests, read without I/O: bytes in, heads and bodies out.

Stricter than HTTP asks for, since only other agents speak to us: what two readers could
understand differently is refused. Measured against aiohttp's server this reader and its
connection cost a fifth (docs/performance.md).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MAX_HEAD_BYTES: Final = 16 * 1024
MAX_HEADERS: Final = 100
_MAX_CHUNK_LINE_BYTES: Final = 256
_MAX_TRAILER_BYTES: Final = 4096
_END_OF_HEAD: Final = b"\r\n\r\n"
_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,20}) ([!-~]{1,4096}) HTTP/(\d)\.(\d)(?=\r\n|\Z)")
_HEADERS: Final = re.compile(rb"\r\n([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\r\n]*)")
_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n")
_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
_ONCE: Final = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "host",
        "transfer-encoding",
    }
)


class RequestError(Exception):
    """The bytes are no request that we read; ``status`` is the answer, then the line is closed."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Head:
    """Everything of a request but its body.

    ``headers`` have lower-case names. ``content_length`` is None for a chunked body.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    content_length: int | None
    keeps_alive: bool
    expects_continue: bool


class _Part(Enum):
    HEAD = auto()
    FIXED = auto()
    CHUNK_LINE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    TRAILERS = auto()


class RequestReader:
    """Reads the requests of one connection, one after the other.

    Feed bytes with ``feed``; ``next_head`` and then ``next_body`` give what is complete.
    """

    __slots__ = ("_at", "_body", "_buffer", "_last", "_last_text", "_left", "_part", "_size")

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._last: Head | None = None
        self._last_text = b""
        self._part = _Part.HEAD
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

    def next_head(self) -> Head | None:
        """The next request's head, or None until it is complete.

        Raises:
            RequestError: This is no head that we read.
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
        # A client that sends on one line sends the same head again and again.
        if text != self._last_text or self._last is None:
            self._last, self._last_text = _parsed_head(text), text
        head = self._last
        self._at = end + len(_END_OF_HEAD)
        self._size = 0
        if head.content_length is None:
            self._part = _Part.CHUNK_LINE
        else:
            self._part = _Part.FIXED
            self._left = head.content_length
        return head

    def next_body(self, max_bytes: int) -> bytes | None:
        """The body of the head given last, or None until it is complete.

        Raises:
            RequestError: It is larger than ``max_bytes``, or its chunks make no sense.
        """
        if self._part is _Part.FIXED:
            return self._fixed(max_bytes)
        while self._step(max_bytes):
            if self._part is _Part.HEAD:
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
        self._part = _Part.HEAD
        return body

    def _step(self, max_bytes: int) -> bool:
        """Use a piece of a chunked body; False when more bytes are needed."""
        if self._part is _Part.CHUNK:
            self._take()
            if self._left:
                return False
            self._part = _Part.CHUNK_END
            return True
        line = self._line()
        if line is None:
            return False
        if self._part is _Part.CHUNK_LINE:
            self._begin_chunk(line, max_bytes)
        elif self._part is _Part.CHUNK_END:
            if line:
                raise RequestError(400, "Malformed chunk")
            self._part = _Part.CHUNK_LINE
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
        self._part = _Part.CHUNK if self._left else _Part.TRAILERS

    def _skip_trailer(self, line: bytes) -> None:
        # Trailers are counted in ``_left``, which is free behind the last chunk.
        self._left += len(line)
        if self._left > _MAX_TRAILER_BYTES:
            raise RequestError(431, "Request trailer is too large")
        if not line:
            self._part = _Part.HEAD

    def _line(self) -> bytes | None:
        limit = _MAX_TRAILER_BYTES if self._part is _Part.TRAILERS else _MAX_CHUNK_LINE_BYTES
        end = self._buffer.find(b"\r\n", self._at, self._at + limit)
        if end < 0:
            if self.buffered_bytes >= limit:
                raise RequestError(400, "Malformed chunk")
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line


def _parsed_head(data: bytes) -> Head:
    found = _REQUEST_LINE.match(data)
    if found is None:
        raise RequestError(400, "Malformed request")
    method, target, major, minor = found.groups()
    if major != b"1" or minor not in b"01":
        raise RequestError(505, "HTTP version is not supported")
    headers = _parsed_headers(data, found.end())
    connection = headers.get("connection", "").lower()
    is_modern = minor == b"1"
    return Head(
        method=method.decode(),
        path=target.decode().partition("?")[0],
        headers=headers,
        content_length=_content_length(headers),
        keeps_alive=is_modern and "close" not in connection,
        expects_continue=is_modern and headers.get("expect", "").lower() == "100-continue",
    )


def _parsed_headers(data: bytes, start: int) -> dict[str, str]:
    lines = data.count(b"\r\n", start)
    if lines > MAX_HEADERS:
        raise RequestError(431, "Too many request headers")
    headers: dict[str, str] = {}
    found = _HEADERS.findall(data, start)
    # A line that is no header is not found, so that there are fewer than lines.
    if len(found) != lines or _CONTROL.search(data, start):
        raise RequestError(400, "Malformed request header")
    for raw_name, value in found:
        name = raw_name.decode().lower()
        if name in headers and name in _ONCE:
            raise RequestError(400, f"Header {name} stands twice")
        headers[name] = value.strip(b" \t").decode("latin-1")
    return headers


def _content_length(headers: Mapping[str, str]) -> int | None:
    length = headers.get("content-length")
    encoding = headers.get("transfer-encoding")
    if encoding is not None:
        if length is not None or encoding.lower() != "chunked":
            raise RequestError(400, "Unsupported transfer encoding")
        return None
    if length is None:
        return 0
    if _DIGITS.fullmatch(length) is None:
        raise RequestError(400, "Malformed content length")
    return int(length)
