"""The listening socket: who is let in, how many, and how it ends."""

import asyncio
import contextlib
import logging
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import HostError, PortInUseError
from meshbot_core.node.connection import Connection, TimeLimits
from meshbot_core.node.endpoints import Endpoints

MAX_CONNECTIONS: Final = 12_000
_RESERVED_FILES: Final = 128
_READ_BYTES: Final = 256 * 1024
_BACKLOG: Final = 1024
_LOOKS_PER_LIMIT: Final = 10
_END_S: Final = 1.0
_IN_USE: Final = frozenset({98, 48, 10048})  # EADDRINUSE on Linux, macOS, Windows

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListenLimits:
    """Bounds of a listener; ``max_connections`` None: what open files allow, at most 12,000."""

    times: TimeLimits = field(default_factory=TimeLimits)
    max_connections: int | None = None


DEFAULT_LIMITS: Final = ListenLimits()


class Listener:
    """Keeps the connections of one listening socket; made by ``listening``."""

    def __init__(
        self, endpoints: Endpoints, limits: ListenLimits, group: asyncio.TaskGroup
    ) -> None:
        self.endpoints = endpoints
        self.limits = limits.times
        self.is_closing = False
        # Read into by all connections in turn: a buffer of its own for each read costs more.
        self.scratch = memoryview(bytearray(_READ_BYTES))
        self._max_connections = limits.max_connections or _affordable_connections()
        self._group = group
        # Oldest first; those who never showed the key make room when there is none.
        self._strangers: dict[Connection, None] = {}
        self._trusted: dict[Connection, None] = {}
        self._work: set[asyncio.Task[None]] = set()
        self._empty = asyncio.Event()

    # -- what connections tell

    def joined(self, connection: Connection) -> None:
        """Let a client in, if need be in the place of the oldest stranger."""
        if self.is_closing:
            connection.drop()
            return
        if len(self._strangers) + len(self._trusted) >= self._max_connections:
            self.endpoints.count("too_many_connections")
            if not self._strangers:
                connection.refuse(503, "Too many connections")
                return
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.drop()
        self._strangers[connection] = None

    def trusted(self, connection: Connection) -> None:
        """A client showed the key: it keeps its place."""
        if self._strangers.pop(connection, self) is None:
            self._trusted[connection] = None

    def left(self, connection: Connection) -> None:
        """A client is gone."""
        self._strangers.pop(connection, None)
        self._trusted.pop(connection, None)
        if not self._strangers and not self._trusted:
            self._empty.set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run a request that waits for the disk."""
        task = self._group.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    # -- what the owner does

    async def look_at_time(self) -> None:
        """End connections that take too long, for ever."""
        loop = asyncio.get_running_loop()
        pause_s = min(self.limits.head_s, self.limits.body_s, 10.0) / _LOOKS_PER_LIMIT
        while True:
            await asyncio.sleep(pause_s)
            now = loop.time()
            for connection in (*self._strangers, *self._trusted):
                connection.look_at_time(now)

    async def end(self) -> None:
        """Take no more requests; answer those that wait for the disk, for a second at most."""
        self.is_closing = True
        self._empty.clear()
        everyone = (*self._strangers, *self._trusted)
        for connection in everyone:
            connection.close()
        if everyone:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await self._empty.wait()
        for connection in everyone:
            connection.drop()
        for task in self._work:
            task.cancel()


@contextlib.asynccontextmanager
async def listening(
    bound: socket.socket,
    endpoints: Endpoints,
    *,
    limits: ListenLimits,
    tls: ssl.SSLContext | None,
) -> AsyncIterator[Listener]:
    """Serve ``endpoints`` on a bound socket until the block ends."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        listener = Listener(endpoints, limits, group)
        server = await loop.create_server(
            lambda: Connection(listener, loop.time),
            sock=bound,
            backlog=_BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=limits.times.head_s if tls else None,
            ssl_shutdown_timeout=_END_S if tls else None,
        )
        clockwork = group.create_task(listener.look_at_time())
        try:
            yield listener
        finally:
            server.close()
            clockwork.cancel()
            await listener.end()
            await server.wait_closed()


async def bound_socket(host: str, port: int) -> socket.socket:
    """A socket bound to one address; port 0 takes a free one.

    Raises:
        PortInUseError: Somebody listens there.
        HostError: There is no such address, or it is not ours.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise HostError(f"cannot listen on {host!r}: {error.strerror}") from error
    family, kind, protocol, _, address = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setblocking(False)
        bound.bind(address)
        # Two may bind one port with SO_REUSEADDR; only one of them may listen.
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise _translated(error, host, port) from error
    return bound


def _translated(error: OSError, host: str, port: int) -> HostError:
    if error.errno in _IN_USE:
        return PortInUseError(
            f"port {port} of {host} is in use",
            hint=f"choose another with --port, or see who has it: lsof -i :{port}",
        )
    return HostError(f"cannot listen on {host}:{port}: {error.strerror}")


def _affordable_connections() -> int:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):  # macOS says "unlimited" and means 10,240
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MAX_CONNECTIONS
    return max(16, min(MAX_CONNECTIONS, soft - _RESERVED_FILES))
