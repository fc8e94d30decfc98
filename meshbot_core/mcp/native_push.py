"""Pushes into the session that this server belongs to, over Claude Code's own socket.

The host asks for them, because a session believes its own MCP server alone: what other processes
post may be held back for the human. What became of each is told to the host.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, get_args

from meshbot_core.claude.framing import own_words
from meshbot_core.claude.native import (
    BURST,
    MAX_FRAME_BYTES,
    REFILL_PER_S,
    SOCKET_VARIABLE,
    FrameState,
    NativeMessage,
    fits,
    message_frame,
    owner_of,
    parse_frame,
)
from meshbot_core.errors import ClaudeEventError, MeshError, StorageError
from meshbot_core.host.api import Hello, HostEvent
from meshbot_core.host.session_api import PushEvent, PushReport
from meshbot_core.host.session_client import SessionClient
from meshbot_core.mcp.lines import Lines
from meshbot_core.mcp.link import HostLink
from meshbot_core.mesh.paths import runtime_folder
from meshbot_core.types import new_id

log = logging.getLogger(__name__)

_WRITE_LIMIT_S: Final = 5.0
_REMEMBERED_FRAMES: Final = 256
_MAX_WAITING: Final = 1000
_STATES: Final = frozenset(get_args(PushReport.model_fields["state"].annotation))
_ANSWER_HINTS: Final = 3
_NO_MAILBOX: Final = own_words(
    "This address takes no messages, so what you sent there reached nobody. Answer agents of the "
    "mesh with mcp__mesh__reply (to, messageId, message) or mcp__mesh__send_message."
)


@dataclass(frozen=True, slots=True)
class NativePlace:
    """The socket of the session around us, and the claude that listens there."""

    path: str
    claude_pid: int


def native_place(environment: Mapping[str, str]) -> NativePlace | None:
    """The socket of the session that started this process; None: it has none."""
    path = environment.get(SOCKET_VARIABLE, "")
    return NativePlace(path, owner_of(path) or os.getppid()) if path else None


@dataclass(slots=True)
class RateLedger:
    """How many frames the session still takes; it drops those beyond without a word."""

    now_s: Callable[[], float]
    _left: float = BURST
    _at_s: float | None = None

    def take(self) -> bool:
        """Count one frame; False: it would be dropped."""
        now_s = self.now_s()
        passed_s = 0.0 if self._at_s is None else now_s - self._at_s
        self._at_s = now_s
        self._left = min(float(BURST), self._left + passed_s * REFILL_PER_S)
        if self._left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class NativePush:
    """Announces the socket to each host, and posts what the host asks for."""

    place: NativePlace
    ledger: RateLedger
    _work: asyncio.Queue[Hello | PushEvent | FrameState | NativeMessage] = field(
        default_factory=partial(asyncio.Queue, _MAX_WAITING)
    )
    _posted: deque[str] = field(default_factory=partial(deque, maxlen=_REMEMBERED_FRAMES))
    _hints_left: int = _ANSWER_HINTS

    def hear(self, event: HostEvent) -> None:
        """Take note of what the host says; the rest is done by ``run``."""
        if isinstance(event, Hello | PushEvent):
            self._put(event)

    async def run(self, link: HostLink) -> None:
        """Push until cancelled; without a place for our own socket, not at all."""
        client = SessionClient(await link.first_client())
        try:
            async with _listening(self._take) as ours:
                while True:
                    await self._do(client, await self._work.get(), ours)
        except StorageError as error:
            log.warning("messages cannot be pushed over Claude Code's socket: %s", error)

    async def _do(
        self,
        client: SessionClient,
        work: Hello | PushEvent | FrameState | NativeMessage,
        ours: Path,
    ) -> None:
        try:
            match work:
                case Hello():
                    await client.announce_native(self.place.path, self.place.claude_pid)
                case PushEvent():
                    state, reason = await self._pushed(work, ours)
                    await client.report_push(work.frame_id, state, reason)
                case FrameState():
                    await self._report(client, work)
                case NativeMessage():
                    await self._hint(ours)
        except MeshError as error:
            log.warning("the host was not told of a push: %s", error)

    async def _pushed(self, event: PushEvent, ours: Path) -> tuple[str, str]:
        frame = message_frame(
            event.text, uuid=event.frame_id, sender=str(ours), sender_name=event.sender_name
        )
        if not fits(frame):
            return "failed", f"{len(frame)} bytes are more than the session takes"
        if not self.ledger.take():
            return "dropped", "rate"
        self._posted.append(event.frame_id)
        return await self._write(frame)

    async def _write(self, frame: bytes) -> tuple[str, str]:
        try:
            async with asyncio.timeout(_WRITE_LIMIT_S):
                _, writer = await asyncio.open_unix_connection(self.place.path)
                with contextlib.closing(writer):
                    writer.write(frame)
                    await writer.drain()
        except (OSError, TimeoutError) as error:
            return "failed", str(error) or "the session does not read"
        return "written", ""

    async def _report(self, client: SessionClient, told: FrameState) -> None:
        if told.status not in _STATES:
            log.debug("a frame's state that we do not know: %s", told.status)
            return
        for frame_id in dict.fromkeys((told.uuid, *told.dropped)):
            if frame_id in self._posted:
                await client.report_push(frame_id, told.status, told.reason or told.drop_reason)

    async def _hint(self, ours: Path) -> None:
        """The model answered to our address: it must know that nobody reads there."""
        if self._hints_left and self.ledger.take():
            self._hints_left -= 1
            frame = message_frame(_NO_MAILBOX, uuid=new_id(), sender=str(ours), sender_name="mesh")
            await self._write(frame)

    def _take(self, line: bytes) -> None:
        """A line came to our own socket."""
        try:
            frame = parse_frame(line)
        except ClaudeEventError as error:
            log.debug("not understood: %s", error)
            return
        match frame:
            case FrameState():
                self._put(frame)
            case NativeMessage() if frame.sender == self.place.path:
                self._put(frame)

    def _put(self, work: Hello | PushEvent | FrameState | NativeMessage) -> None:
        # Full means that the host has not answered for long; it will ask again by itself.
        with contextlib.suppress(asyncio.QueueFull):
            self._work.put_nowait(work)


class _Incoming(asyncio.Protocol):
    """One connection to our socket: lines come in, nothing goes out."""

    def __init__(self, take: Callable[[bytes], None], open_: set[asyncio.BaseTransport]) -> None:
        self._take = take
        self._open = open_
        self._transport: asyncio.BaseTransport | None = None
        self._lines = Lines(2 * MAX_FRAME_BYTES)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._open.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._open.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            if line.data is not None:
                self._take(line.data)


@contextlib.asynccontextmanager
async def _listening(take: Callable[[bytes], None]) -> AsyncIterator[Path]:
    """A socket of our own, for as long as the block runs; its path.

    Raises:
        StorageError: There is no place for it.
    """
    path = runtime_folder() / f"n{os.getpid()}.sock"
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # left by a killed process of the same id
        listener.bind(str(path))
        path.chmod(0o600)  # its folder lets nobody else in, so there was no moment too early
    except OSError as error:
        listener.close()
        raise StorageError(f"no socket at {path}: {error.strerror}") from error
    loop = asyncio.get_running_loop()
    connections: set[asyncio.BaseTransport] = set()
    server = await loop.create_unix_server(lambda: _Incoming(take, connections), sock=listener)
    try:
        yield path
    finally:
        server.close()
        for connection in connections:
            connection.close()
        with contextlib.suppress(OSError):
            path.unlink()
