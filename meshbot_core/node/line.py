"""One connection to a peer, for one message at a time.

The courier sends in order, so that each message waits for the answer to the one before: the time
that a client takes between the two counts in full, and a general one takes four times as long.
"""

import asyncio
import functools
import re
import ssl
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import quote, urlsplit

from meshbot_core.node.framing import FramedReader, RequestError
from meshbot_core.node.http1 import body_length, parsed_headers

_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?(?=\r\n|\Z)")
_FIRST_FINAL: Final = 200
_BODILESS: Final = frozenset({204, 304})
_PATH_SAFE: Final = "/%:;=&+$,!~*'()-._"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes, taken apart once."""

    host: str
    port: int
    is_tls: bool
    host_header: str
    base_path: str


@functools.lru_cache(maxsize=256)
def target_of(url: str) -> Target:
    """Take a peer's URL apart.

    Raises:
        ValueError: It names no host that can be looked up.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode() if not _is_ipv6(parts.hostname) else ""
    host = host or parts.hostname or ""
    is_tls = parts.scheme.lower() == "https"
    shown = f"[{host}]" if ":" in host else host
    return Target(
        host=host,
        port=parts.port or (443 if is_tls else 80),
        is_tls=is_tls,
        host_header=shown if parts.port is None else f"{shown}:{parts.port}",
        base_path=quote(parts.path, safe=_PATH_SAFE),
    )


class ReplyReader(FramedReader):
    """Reads one answer after the other; not those that end with the connection alone."""

    __slots__ = ("_max_bytes", "_status", "keeps_alive")

    def __init__(self, max_bytes: int) -> None:
        super().__init__()
        self._max_bytes = max_bytes
        self._status = 0
        self.keeps_alive = True

    def next_reply(self) -> tuple[int, bytes] | None:
        """Status and body of the next answer, or None until it is complete.

        Raises:
            RequestError: This is no answer that we read, or it is too large.
        """
        while self._status < _FIRST_FINAL:
            text = self.next_head_bytes()
            if text is None:
                return None
            self._begin(text)
        body = self.next_body(self._max_bytes)
        if body is None:
            return None
        status, self._status = self._status, 0
        return status, body

    def _begin(self, text: bytes) -> None:
        found = _STATUS_LINE.match(text)
        if found is None:
            raise RequestError(502, "no HTTP answer")
        headers = parsed_headers(text, found.end())
        self._status = int(found[1])
        self.keeps_alive = "close" not in headers.get("connection", "").lower()
        if self._status >= _FIRST_FINAL:
            self.begin_body(0 if self._status in _BODILESS else body_length(headers))


class Line(asyncio.Protocol):
    """A connection that was opened by ``opened``; closed by whoever holds it."""

    def __init__(self, max_reply_bytes: int) -> None:
        self._reader = ReplyReader(max_reply_bytes)
        self._reply: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and wait for the answer's status and body.

        Raises:
            ConnectionError: The peer closed the connection, or does not speak HTTP.
        """
        if self._transport is None:
            raise ConnectionResetError("it closed the connection")
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._reply
        except BaseException:
            # An answer that comes later must not be taken for that of the next request.
            self.close()
            raise

    def close(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    # -- what the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket; uvloop's transports are no subclasses of asyncio's."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Take bytes of an answer."""
        if self._reply is None or self._reply.done():
            self.close()
            return
        self._reader.feed(data)
        try:
            reply = self._reader.next_reply()
        except RequestError as error:
            self._reply.set_exception(ConnectionError(f"no answer that we read: {error}"))
            return
        if reply is not None:
            if not self._reader.keeps_alive:
                self.close()
            self._reply.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits."""
        self._transport = None
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ConnectionResetError("it closed the connection"))


async def opened(target: Target, tls: ssl.SSLContext | None, *, max_reply_bytes: int) -> Line:
    """Connect to a peer.

    Raises:
        OSError: It cannot be reached, or its certificate is not accepted.
    """
    _, line = await asyncio.get_running_loop().create_connection(
        lambda: Line(max_reply_bytes), target.host, target.port, ssl=tls if target.is_tls else None
    )
    return line


def _is_ipv6(host: str | None) -> bool:
    return host is not None and ":" in host
