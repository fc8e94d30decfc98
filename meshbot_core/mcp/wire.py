"""MCP over two descriptors, for the SDK's loop: JSON-RPC lines in, JSON-RPC lines out.

The SDK's own stdio transport blocks on SIGINT and cannot tell when an answer was written.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Literal, Protocol, Self

import anyio
from mcp.shared.message import ServerMessageMetadata, SessionMessage
from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData
from mcp_types.jsonrpc import (
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)
from pydantic import BaseModel, ConfigDict, ValidationError

from meshbot_core.mcp.leases import CallId
from meshbot_core.mcp.lines import Line, Lines
from meshbot_core.mcp.pipes import Descriptors, Sink, Source

log = logging.getLogger(__name__)

MAX_OPEN_REQUESTS: Final = 256
_MAX_WAITING_LINES: Final = 1024
_LAST_ANSWERS_S: Final = 0.5
_FLUSH_LIMIT_S: Final = 0.2
_ROOM_LIMIT_S: Final = 0.05

EndReason = Literal["end of input", "told to stop", "nobody reads"]


class Watcher(Protocol):
    """Who wants to know what became of requests."""

    def began(self, request: JSONRPCRequest, place: int) -> None:
        """A request came in; its line begins at ``place`` of the client's stream."""

    def answered(self, call: CallId, place: int) -> None:
        """Its result was written completely; the client had sent ``place`` bytes by then."""

    def dropped(self, call: CallId) -> None:
        """It ended without a result that anybody got."""

    async def cancelled(self, call: CallId) -> None:
        """The client withdrew it, so it gets no answer."""


@dataclass(frozen=True, slots=True)
class _Outgoing:
    data: bytes
    call: CallId | None
    is_result: bool


class _Identified(BaseModel):
    """What can still be read of a request that is none."""

    model_config = ConfigDict(strict=True)

    id: int | str


class Wire:
    """Both directions; the SDK reads from it and writes to it.

    ``ended`` is None while the session lasts. Made by ``opened``.
    """

    def __init__(self, descriptors: Descriptors, watcher: Watcher) -> None:
        self.ended: EndReason | None = None
        self._watcher = watcher
        self._source = Source(descriptors.read_fd)
        self._sink = Sink(descriptors.write_fd, partial(self.stop, "nobody reads"))
        self._lines = Lines()
        self._ready: deque[Line] = deque()
        self._open: set[CallId] = set()
        self._queue: asyncio.Queue[_Outgoing] = asyncio.Queue()
        self._stopped = asyncio.Event()
        self._settled = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, descriptors: Descriptors, watcher: Watcher) -> AsyncIterator["Wire"]:
        """A wire whose answers are written while the block lasts, and a moment beyond."""
        wire = cls(descriptors, watcher)
        await wire._source.open()
        await wire._sink.open()
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(wire._write_all())
            try:
                yield wire
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_FLUSH_LIMIT_S):
                        await wire._queue.join()
            finally:
                writer.cancel()
                wire._source.close()
                wire._sink.close()

    def stop(self, reason: EndReason) -> None:
        """End the session: the SDK's next look finds the end of the stream."""
        self.ended = self.ended or reason
        self._stopped.set()
        self._settled.set()
        self._source.close()

    def has_reader(self) -> bool:
        """Whether somebody can still read what was written."""
        return self._sink.has_reader()

    async def flushed(self) -> None:
        """Return when everything written so far was taken by the system."""
        await self._queue.join()

    # -- from the client

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        while (message := await self._next_message()) is None:
            pass
        return message

    async def receive(self) -> SessionMessage:
        """The next message; EndOfStream at the end."""
        try:
            return await self.__anext__()
        except StopAsyncIteration as end:
            raise anyio.EndOfStream from end

    async def _next_message(self) -> SessionMessage | None:
        while not self._ready:
            await self._give_way()
            chunk = await self._source.read()
            if self.ended or not chunk:
                await self._finish()
                raise StopAsyncIteration
            self._ready.extend(self._lines.feed(chunk))
        await self._make_room()
        line = self._ready.popleft()
        if line.data is None:
            self._refuse(None, INVALID_REQUEST, "the line is too long")
            return None
        try:
            message = jsonrpc_message_adapter.validate_json(line.data, by_name=False)
        except ValidationError as error:
            self._refuse_line(line.data, error)
            return None
        return self._taken(message, line.place)

    async def _give_way(self) -> None:
        """Read nothing more from a client that does not read its answers."""
        while self._queue.qsize() >= _MAX_WAITING_LINES and not self._stopped.is_set():
            self._settled.clear()
            await self._settled.wait()

    async def _make_room(self) -> None:
        """Let requests that are nearly done finish before another is refused for their sake."""
        if len(self._open) >= MAX_OPEN_REQUESTS:
            self._settled.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_ROOM_LIMIT_S):
                    await self._settled.wait()

    async def _finish(self) -> None:
        """At the end of input, let requests that are nearly done finish."""
        if self.ended is not None:
            return
        self.ended = "end of input"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_S):
                while self._open and not self._stopped.is_set() and self.has_reader():
                    self._settled.clear()
                    await self._settled.wait()

    def _taken(self, message: JSONRPCMessage, place: int) -> SessionMessage | None:
        if not isinstance(message, JSONRPCRequest):
            return SessionMessage(message)
        if message.id in self._open:
            self._refuse(message.id, INVALID_REQUEST, "a request of this id is being answered")
            return None
        if len(self._open) >= MAX_OPEN_REQUESTS:
            self._refuse(message.id, INVALID_REQUEST, "too many requests at once; wait for some")
            return None
        self._open.add(message.id)
        self._watcher.began(message, place)
        hook = partial(self._cancelled, message.id)
        return SessionMessage(message, ServerMessageMetadata(on_request_unanswered=hook))

    async def _cancelled(self, call: CallId) -> None:
        self._open.discard(call)
        self._settled.set()
        self._watcher.dropped(call)
        await self._watcher.cancelled(call)

    def _refuse_line(self, data: bytes, error: ValidationError) -> None:
        is_json = all(detail["type"] != "json_invalid" for detail in error.errors())
        try:
            call = _Identified.model_validate_json(data).id
        except ValidationError:
            call = None
        if not is_json:
            self._refuse(None, PARSE_ERROR, "this line is not JSON")
        elif call is None or call not in self._open:
            self._refuse(call, INVALID_REQUEST, "this is no JSON-RPC 2.0 message")

    def _refuse(self, call: CallId | None, code: int, text: str) -> None:
        log.debug("refused a line of the client: %s", text)
        refusal = JSONRPCError(jsonrpc="2.0", id=call, error=ErrorData(code=code, message=text))
        self._put(refusal, None)

    # -- to the client

    async def send(self, item: SessionMessage, /) -> None:
        """Have a message written; returns at once. Progress and logs give way when it piles up."""
        message = item.message
        if isinstance(message, JSONRPCResponse | JSONRPCError):
            self._put(message, message.id)
        elif not isinstance(message, JSONRPCNotification) or not self._is_crowded():
            self._put(message, None)

    async def notify(self, method: str, params: dict[str, object]) -> None:
        """Have a notification written."""
        await self.send(
            SessionMessage(JSONRPCNotification(jsonrpc="2.0", method=method, params=params))
        )

    def _is_crowded(self) -> bool:
        return self._queue.qsize() >= _MAX_WAITING_LINES // 2

    def _put(self, message: JSONRPCMessage, call: CallId | None) -> None:
        text = message.model_dump_json(by_alias=True, exclude_unset=True)
        is_result = isinstance(message, JSONRPCResponse)
        self._queue.put_nowait(_Outgoing(text.encode() + b"\n", call, is_result))

    async def _write_all(self) -> None:
        while True:
            item = await self._queue.get()
            was_written = await self._sink.write(item.data)
            if item.call is not None:
                if was_written and item.is_result:
                    place = self._lines.received + self._source.waiting()
                    self._watcher.answered(item.call, place)
                else:
                    self._watcher.dropped(item.call)
                self._open.discard(item.call)
            self._settled.set()
            self._queue.task_done()

    # -- what the SDK's stream protocols ask for

    async def aclose(self) -> None:
        """Nothing: whoever opened the wire closes it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        return None
