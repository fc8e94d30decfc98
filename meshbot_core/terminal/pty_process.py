"""A program under a pseudo-terminal: bytes come out, keys go in, and it ends."""

import asyncio
import contextlib
import fcntl
import os
import pty
import signal as signals
import struct
import termios
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from meshbot_core.errors import SessionError
from meshbot_core.terminal import process_group
from meshbot_core.terminal.launching import launched

MIN_COLUMNS: Final = 2
MAX_COLUMNS: Final = 1000
_CHUNK_BYTES: Final = 64 * 1024
_MAX_WAITING_BYTES: Final = 4 * 1024 * 1024


class PtyProcess:
    """One program, leader of a session and a group of its own; made by ``started``."""

    def __init__(self, process: Process, fd: int, on_output: Callable[[bytes], None]) -> None:
        self.pid = process.pid
        self._process = process
        self._fd = fd
        self._on_output = on_output
        self._waiting = bytearray()
        self._is_read_out = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def started(
        cls,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        columns: int,
        rows: int,
        on_output: Callable[[bytes], None],
        mark: str = "",
    ) -> AsyncIterator["PtyProcess"]:
        """Run ``argv`` in ``folder`` until the block ends; then it is ended.

        ``mark`` is that of ``launched``.

        Raises:
            SessionError: It cannot be started.
        """
        ours, theirs = pty.openpty()
        try:
            _set_size(ours, columns, rows)
            os.set_blocking(ours, False)
            process = await _spawned(argv, theirs, environment, folder, mark)
        except BaseException:
            os.close(ours)
            raise
        self = cls(process, ours, on_output)
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, self._read)
        try:
            yield self
        finally:
            await self.end()
            loop.remove_reader(ours)
            loop.remove_writer(ours)
            os.close(ours)

    def _read(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""  # Linux's end of a pseudo-terminal is EIO
        if data:
            self._on_output(data)
        else:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._is_read_out.set()

    def write(self, data: bytes) -> None:
        """Type ``data``; more than the program reads in a long while is dropped."""
        if len(self._waiting) + len(data) > _MAX_WAITING_BYTES or self._is_read_out.is_set():
            return
        self._waiting += data
        self._write_waiting()

    def _write_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            written = os.write(self._fd, self._waiting[:_CHUNK_BYTES])
            del self._waiting[:written]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting.clear()
        if self._waiting:
            loop.add_writer(self._fd, self._write_waiting)
        else:
            loop.remove_writer(self._fd)

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size; the program is told by SIGWINCH."""
        with contextlib.suppress(OSError):
            _set_size(self._fd, columns, rows)

    async def wait(self) -> int:
        """The exit status, negative for a signal, once it ended and its output was read."""
        status = await self._process.wait()
        await process_group.end_rest(self.pid)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await self._is_read_out.wait()
        return status

    async def end(self, *, signal: signals.Signals = signals.SIGHUP, grace_s: float = 1.2) -> int:
        """End it and its group: ``signal``, SIGTERM, SIGKILL, in ``grace_s``; the exit status."""
        if self._process.returncode is None:
            numbers = tuple(dict.fromkeys((signal, signals.SIGTERM)))
            await process_group.end_leader(
                self.pid, self._process.wait, numbers, pause_s=grace_s / len(numbers)
            )
        return await self.wait()


async def _spawned(
    argv: Sequence[str],
    terminal: int,
    environment: Mapping[str, str],
    folder: Path,
    mark: str,
) -> Process:
    try:
        return await asyncio.create_subprocess_exec(
            *launched(argv, has_terminal=True, mark=mark),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            cwd=folder,
            env={"TERM": "xterm-256color", **environment},
            start_new_session=True,
        )
    except OSError as error:
        raise SessionError(f"{argv[0]} cannot be started: {error}") from error
    finally:
        os.close(terminal)


def _set_size(fd: int, columns: int, rows: int) -> None:
    columns = min(max(columns, MIN_COLUMNS), MAX_COLUMNS)
    rows = min(max(rows, 1), MAX_COLUMNS)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
