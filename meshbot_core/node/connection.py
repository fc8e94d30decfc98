"""One connection of the listener: bytes from the socket, requests to the endpoints, answers back.

No task belongs to a connection, only to a request that waits for the disk: ten thousand silent
clients cost ten thousand small objects and nothing else.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol, cast

from meshbot_core.errors import MeshError
from meshbot_core.node.answers import Answer, encoded, error_answer
from meshbot_core.node.endpoints import BodyHandler, Endpoints
from meshbot_core.node.framing import RequestError
from meshbot_core.node.http1 import Head, RequestReader

_PAUSE_AT_BYTES: Final = 256 * 1024
_MIN_BYTES_PER_S: Final = 64 * 1024
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINGER_S: Final = 2.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """How long a client may take, in seconds.

    ``head_s``: from the first byte (or the connection) to the end of a head. ``body_s``: for a
    body, with a second more for each 64 KiB that came. ``idle_s``: between two requests.
    """

    head_s: float = 10.0
    body_s: float = 10.0
    idle_s: float = 75.0


class Lobby(Protocol):
    """Who keeps the connections; the listener."""

    endpoints: Endpoints
    limits: TimeLimits
    is_closing: bool
    scratch: memoryview

    def joined(self, connection: "Connection") -> None:
        """A connection stands."""

    def trusted(self, connection: "Connection") -> None:
        """The client on it showed the key."""

    def left(self, connection: "Connection") -> None:
        """A connection is gone."""

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run a request that waits for the disk."""


class _State(Enum):
    SILENT = auto()  # connected, nothing heard yet
    IDLE = auto()  # between two requests
    HEAD = auto()
    BODY = auto()
    ANSWERING = auto()
    LINGERING = auto()  # answered for the last time; what still comes is thrown away
    CLOSED = auto()


class Connection(asyncio.BufferedProtocol):
    """Reads requests one after the other and answers each before the next is looked at."""

    __slots__ = (
        "_can_write",
        "_handler",
        "_has_ended",
        "_head",
        "_is_paused",
        "_lobby",
        "_now",
        "_reader",
        "_since",
        "_state",
        "_transport",
        "is_trusted",
    )

    def __init__(self, lobby: Lobby, now: Callable[[], float]) -> None:
        self._lobby = lobby
        self._now = now
        self._reader = RequestReader()
        self._transport: asyncio.Transport | None = None
        self._state = _State.SILENT
        self._since = now()
        self._head: Head | None = None
        self._handler: BodyHandler | None = None
        self._is_paused = False
        self._can_write = True
        self._has_ended = False
        self.is_trusted = False

    # -- what the loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._lobby.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client; a request that waits for the disk goes on."""
        self._state = _State.CLOSED
        self._transport = None
        self._lobby.left(self)

    def pause_writing(self) -> None:
        """The client does not read its answers; read none of its requests until it does."""
        self._can_write = False

    def resume_writing(self) -> None:
        """The client reads again."""
        self._can_write = True
        self._go_on()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the loop puts what it reads: one place for all connections."""
        return self._lobby.scratch

    def buffer_updated(self, nbytes: int) -> None:
        """Take the bytes out of it again."""
        self.data_received(bytes(self._lobby.scratch[:nbytes]))

    def data_received(self, data: bytes) -> None:
        """Take bytes, and use them unless a request is being answered."""
        if self._state in (_State.LINGERING, _State.CLOSED):
            return
        self._reader.feed(data)
        if self._state is _State.ANSWERING:
            self._pause_if_flooded()
            return
        if self._state in (_State.SILENT, _State.IDLE):
            # The time for a head runs from the connection on, or from its first byte.
            if self._state is _State.IDLE:
                self._since = self._now()
            self._state = _State.HEAD
        self._go_on()

    def eof_received(self) -> bool:
        """Keep the line open for an answer that is still owed; else let it end."""
        self._has_ended = True
        is_owed = self._state is _State.ANSWERING and self._transport is not None
        return is_owed and self._transport is not None and self._transport.can_write_eof()

    # -- what the listener asks

    @property
    def is_answering(self) -> bool:
        """Whether a request waits for the disk."""
        return self._state is _State.ANSWERING

    def close(self) -> None:
        """End now; a request that is being answered is answered first."""
        if self._state is not _State.ANSWERING:
            self.drop()

    def drop(self) -> None:
        """End at once."""
        if self._transport is not None:
            self._transport.abort()

    def refuse(self, status: int, text: str) -> None:
        """Answer without having been asked, and end."""
        if self._transport is not None:
            self._state = _State.CLOSED
            self._transport.write(encoded(error_answer(status, text), closes=True, is_head=False))
            self._transport.close()

    def look_at_time(self, now: float) -> None:
        """End what takes too long."""
        age_s = now - self._since
        limits = self._lobby.limits
        if self._state is _State.IDLE and not self._can_write:
            self._drop_after(age_s, limits.body_s)
        elif self._state is _State.IDLE:
            self._drop_after(age_s, limits.idle_s)
        elif self._state is _State.SILENT:
            self._drop_after(age_s, limits.head_s)
        elif self._state is _State.LINGERING:
            self._drop_after(age_s, _LINGER_S)
        elif self._state in (_State.HEAD, _State.BODY):
            allowed_s = limits.head_s
            if self._state is _State.BODY:
                allowed_s = limits.body_s + self._reader.body_bytes / _MIN_BYTES_PER_S
            if age_s > allowed_s:
                answer = self._lobby.endpoints.refused(408, "too_slow", "Request took too long")
                self._finish(answer, closes=True)

    def _drop_after(self, age_s: float, allowed_s: float) -> None:
        if age_s > allowed_s:
            self.drop()

    # -- requests

    def _go_on(self) -> None:
        try:
            while self._can_write and self._state in (_State.HEAD, _State.BODY):
                is_further = self._open() if self._state is _State.HEAD else self._take_body()
                if not is_further:
                    return
        except RequestError as error:
            code = "too_large" if error.status == 413 else "bad_request"  # noqa: PLR2004 -- HTTP's own number
            answer = self._lobby.endpoints.refused(error.status, code, str(error))
            self._finish(answer, closes=True)

    def _open(self) -> bool:
        head = self._reader.next_head()
        if head is None:
            return False
        self._head = head
        decided = self._lobby.endpoints.opened(head)
        if isinstance(decided, Answer):
            # A body that comes with a refused request is not read: the line ends here.
            has_body = head.content_length != 0
            self._finish(decided, closes=has_body)
            return not has_body
        self._handler = decided
        if not self.is_trusted:
            self.is_trusted = True
            self._lobby.trusted(self)
        self._state = _State.BODY
        self._since = self._now()
        if head.expects_continue and self._transport is not None:
            self._transport.write(_CONTINUE)
        return True

    def _take_body(self) -> bool:
        body = self._reader.next_body(self._lobby.endpoints.max_body_bytes)
        if body is None or self._handler is None:
            return False
        self._state = _State.ANSWERING
        self._lobby.start(self._answer(self._handler, body))
        return False

    async def _answer(self, handler: BodyHandler, body: bytes) -> None:
        endpoints = self._lobby.endpoints
        try:
            answer = await handler(body)
        except MeshError as error:
            answer = endpoints.refusal(error)
        except Exception as error:  # noqa: BLE001 -- no request ends a host
            # Neither the request nor the traceback's values are logged: they may hold secrets.
            log.error("request failed: %s", type(error).__name__)  # noqa: TRY400 -- values are secret
            answer = endpoints.refused(503, "internal", "This cannot be done now")
        self._finish(answer, closes=False)
        self._go_on()

    def _finish(self, answer: Answer, *, closes: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        head, self._head, self._handler = self._head, None, None
        ends = closes or self._has_ended or self._lobby.is_closing
        ends = ends or (head is not None and not head.keeps_alive)
        is_head = head is not None and head.method == "HEAD"
        self._since = self._now()
        transport.write(encoded(answer, closes=ends, is_head=is_head))
        if ends:
            self._end(transport, is_mid_request=closes)
            return
        self._state = _State.HEAD if self._reader.buffered_bytes else _State.IDLE
        self._resume()

    def _end(self, transport: asyncio.Transport, *, is_mid_request: bool) -> None:
        if is_mid_request and not self._lobby.is_closing:
            # Closing with unread bytes would reset the line, and the client might never see why.
            self._state = _State.LINGERING
            self._resume()
            if transport.can_write_eof():
                transport.write_eof()
            return
        self._state = _State.CLOSED
        transport.close()

    def _pause_if_flooded(self) -> None:
        if self._reader.buffered_bytes > _PAUSE_AT_BYTES and not self._is_paused:
            self._is_paused = True
            if self._transport is not None:
                self._transport.pause_reading()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            if self._transport is not None:
                self._transport.resume_reading()
