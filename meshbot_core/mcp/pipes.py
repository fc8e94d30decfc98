"""Standard input and output, taken over for the loop: never a thread, never a blocked signal."""

import asyncio
import contextlib
import fcntl
import os
import select
import stat
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

_CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Descriptors:
    """Where the client's bytes come from and ours go."""

    read_fd: int
    write_fd: int


@contextlib.contextmanager
def claimed_standard_streams() -> Iterator[Descriptors]:
    """Take fds 0 and 1 for the protocol; until the block ends, prints go to standard error."""
    taken = Descriptors(_dup(0), _dup(1))
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    try:
        yield taken
    finally:
        for fd, place in ((taken.read_fd, 0), (taken.write_fd, 1)):
            # The description is shared with whoever started us, perhaps a terminal's shell.
            os.set_blocking(fd, True)
            os.dup2(fd, place)
            os.close(fd)


def _dup(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def _can_be_watched(fd: int) -> bool:
    """Whether the loop can wait for it; files and /dev/null never make one wait anyway."""
    mode = os.fstat(fd).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(fd)


def has_reader(fd: int) -> bool:
    """Whether what we write to ``fd`` can still reach somebody."""
    poll = select.poll()
    poll.register(fd, 0)
    return not any(
        events & (select.POLLERR | select.POLLHUP | select.POLLNVAL) for _, events in poll.poll(0)
    )


class _SourceProtocol(asyncio.Protocol):
    """Holds what came in; asks for no more while it holds enough."""

    def __init__(self) -> None:
        self.held = bytearray()
        self.has_ended = False
        self.has_news = asyncio.Event()
        self.transport: asyncio.ReadTransport | None = None

    def data_received(self, data: bytes) -> None:
        self.held += data
        self.has_news.set()
        if len(self.held) >= _CHUNK_BYTES and self.transport is not None:
            self.transport.pause_reading()

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        self.has_news.set()

    def taken(self) -> bytes:
        data = bytes(self.held)
        self.held.clear()
        self.has_news.clear()
        if self.transport is not None and not self.has_ended:
            self.transport.resume_reading()
        return data


class Source:
    """The client's bytes. Close it to end a ``read`` that waits."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._protocol = _SourceProtocol()
        self._transport: asyncio.ReadTransport | None = None

    async def open(self) -> None:
        """Begin to listen."""
        if not _can_be_watched(self._fd):
            return
        pipe = os.fdopen(_dup(self._fd), "rb", buffering=0)
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: self._protocol, pipe
        )
        self._protocol.transport = self._transport

    async def read(self) -> bytes:
        """The next bytes; none at the end."""
        if self._transport is None:
            await asyncio.sleep(0)
            return b"" if self._protocol.has_ended else os.read(self._fd, _CHUNK_BYTES)
        if not self._protocol.held and not self._protocol.has_ended:
            await self._protocol.has_news.wait()
        return self._protocol.taken()

    def waiting(self) -> int:
        """How many bytes the client has sent that ``read`` did not hand out yet."""
        size = bytearray(4)
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, termios.FIONREAD, size)
        return len(self._protocol.held) + int.from_bytes(size, sys.byteorder)

    def close(self) -> None:
        """Read no more."""
        self._protocol.connection_lost(None)
        if self._transport is not None:
            self._transport.close()


class _SinkProtocol(asyncio.Protocol):
    """Tells when everything was accepted, and when nobody reads any more."""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self.has_drained = asyncio.Event()
        self.has_drained.set()
        self._on_lost = on_lost

    def pause_writing(self) -> None:
        self.has_drained.clear()

    def resume_writing(self) -> None:
        self.has_drained.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._on_lost()
        self.has_drained.set()


class Sink:
    """Where our bytes go; ``is_broken`` once nobody reads them."""

    def __init__(self, fd: int, on_broken: Callable[[], None]) -> None:
        self.is_broken = False
        self._fd = fd
        self._on_broken = on_broken
        self._protocol = _SinkProtocol(self._lost)
        self._transport: asyncio.WriteTransport | None = None
        self._is_closing = False

    async def open(self) -> None:
        """Be ready to write."""
        if not _can_be_watched(self._fd):
            return
        pipe = os.fdopen(_dup(self._fd), "wb", buffering=0)
        self._transport, _ = await asyncio.get_running_loop().connect_write_pipe(
            lambda: self._protocol, pipe
        )
        # With no buffer allowed, "resumed" means that the system has taken every byte.
        self._transport.set_write_buffer_limits(high=0)

    async def write(self, data: bytes) -> bool:
        """Write ``data``; whether the system took all of it."""
        if self.is_broken:
            return False
        if self._transport is None:
            return self._write_file(data)
        self._transport.write(data)
        await self._protocol.has_drained.wait()
        # A write that failed closes the transport at once, but tells so a moment later.
        return not self._transport.is_closing()

    def _write_file(self, data: bytes) -> bool:
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            self._lost()
        return not rest

    def has_reader(self) -> bool:
        """Whether somebody can still read what was written."""
        return not self.is_broken and has_reader(self._fd)

    def close(self) -> None:
        """Write no more; what the system did not take is gone."""
        self._is_closing = True
        if self._transport is not None and not self.is_broken:
            self._transport.abort()

    def _lost(self) -> None:
        if not self._is_closing:
            self.is_broken = True
            self._on_broken()
