"""A headless ``claude`` that lives as long as its session: events come out, lines go in."""

import asyncio
import contextlib
import os
import signal as signals
from asyncio.subprocess import Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from meshbot_core.claude.stream import StreamEvent, interrupt_line, parse_event, user_line
from meshbot_core.errors import ClaudeEventError, ClaudeMissingError, NoSessionError
from meshbot_core.session.line_reader import LineReader, TooLong
from meshbot_core.terminal import process_group
from meshbot_core.terminal.launching import launched
from meshbot_core.types import new_id

MAX_LINE_BYTES: Final = 64 * 1024 * 1024
"""What one line may hold; a longer one is reported as garbage."""

_CHUNK_BYTES: Final = 256 * 1024
_MAX_ERROR_LINE_BYTES: Final = 64 * 1024
_TAIL_LINES: Final = 20
_SHOWN_CHARS: Final = 200
_LAST_OUTPUT_S: Final = 0.3
"""How long a process that outlives claude may hold its output open before we look away."""


@dataclass(frozen=True, slots=True)
class _Ears:
    """Who hears what the process says."""

    on_event: Callable[[StreamEvent], None]
    on_garbage: Callable[[str], None]


class HeadlessProcess:
    """One process with its pipes, leader of a group of its own; made by ``started``."""

    def __init__(self, process: Process, stdin: asyncio.StreamWriter, ears: _Ears) -> None:
        self.pid = process.pid
        self._process = process
        self._stdin = stdin
        self._ears = ears
        self._errors: deque[str] = deque(maxlen=_TAIL_LINES)
        self._readers: tuple[asyncio.Task[None], ...] = ()
        self._is_finished = False
        self._finishing = asyncio.Lock()

    @classmethod
    @contextlib.asynccontextmanager
    async def started(
        cls,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str],
        folder: Path,
        on_event: Callable[[StreamEvent], None],
        on_garbage: Callable[[str], None],
        mark: str = "",
    ) -> AsyncIterator["HeadlessProcess"]:
        """Run ``argv`` in ``folder`` until the block ends; then it is ended.

        ``on_garbage`` gets what is no event, in one line and cut; ``mark`` is that of
        ``launched``.

        Raises:
            ClaudeMissingError: It cannot be started.
        """
        async with contextlib.AsyncExitStack() as pipes:
            stdin, their_stdin = await _pipe_in(pipes)
            stdout, their_stdout = await _pipe_out(pipes)
            stderr, their_stderr = await _pipe_out(pipes)
            theirs = (their_stdin, their_stdout, their_stderr)
            process = await _spawned(argv, theirs, environment, folder, mark)
            self = cls(process, stdin, _Ears(on_event, on_garbage))
            try:
                async with asyncio.TaskGroup() as group:
                    self._readers = (
                        group.create_task(self._read_events(stdout)),
                        group.create_task(self._read_errors(stderr)),
                    )
                    try:
                        yield self
                    finally:
                        await self.end()
            except BaseExceptionGroup as errors:
                # What the block raised, or what a listener did wrong: callers know it by class.
                raise errors.exceptions[0] from None

    @property
    def stderr_tail(self) -> str:
        """The last lines that it wrote to standard error."""
        return "\n".join(self._errors)

    async def say(self, text: str, *, uuid: str) -> None:
        """Give the model ``text`` as its user's; waits while the process does not read.

        Raises:
            NoSessionError: The process has ended, or takes no more input.
        """
        await self._write(user_line(text, uuid=uuid))

    async def interrupt(self) -> None:
        """End the running turn, as Esc does; lines that wait stay.

        Raises:
            NoSessionError: As ``say``.
        """
        await self._write(interrupt_line(new_id()))

    async def wait(self) -> int:
        """The exit status, negative for a signal, once it ended and its output was read."""
        status = await self._process.wait()
        async with self._finishing:
            await self._finish()
        return status

    async def end(self, *, signal: signals.Signals = signals.SIGTERM, grace_s: float = 1.2) -> int:
        """End it and its group: by the end of its input, by ``signal``, by SIGKILL.

        The first two share ``grace_s``. May be called more than once; the exit status.
        """
        self._stdin.close()
        wait, half_s = self._process.wait, grace_s / 2
        if not await process_group.ended_within(wait, half_s):
            await process_group.end_leader(self.pid, wait, (signal,), pause_s=half_s)
        return await self.wait()

    async def _write(self, line: bytes) -> None:
        if self._process.returncode is not None or self._stdin.is_closing():
            raise NoSessionError("claude has ended, or is being ended")
        try:
            self._stdin.write(line)
            await self._stdin.drain()
        except ConnectionError as error:
            raise NoSessionError("claude takes no more input") from error

    async def _finish(self) -> None:
        """After the end: end what it left behind in its group, and read its output out."""
        if not self._is_finished:
            await process_group.end_rest(self.pid)
            await asyncio.wait(self._readers, timeout=_LAST_OUTPUT_S)
            for reader in self._readers:
                reader.cancel()
            self._is_finished = True

    async def _read_events(self, stdout: asyncio.StreamReader) -> None:
        lines = LineReader(MAX_LINE_BYTES)
        while chunk := await stdout.read(_CHUNK_BYTES):
            for line in lines.feed(chunk):
                self._hear(line)
        for line in lines.finish():
            self._hear(line)

    def _hear(self, line: bytes | TooLong) -> None:
        if isinstance(line, TooLong):
            beginning = line.beginning.decode(errors="replace")
            self._ears.on_garbage(_cut(f"a line of {line.size} bytes: {beginning}"))
            return
        try:
            event = parse_event(line, max_bytes=MAX_LINE_BYTES)
        except ClaudeEventError:
            self._ears.on_garbage(_cut(line[: 4 * _SHOWN_CHARS].decode(errors="replace")))
        else:
            self._ears.on_event(event)

    async def _read_errors(self, stderr: asyncio.StreamReader) -> None:
        lines = LineReader(_MAX_ERROR_LINE_BYTES)
        while chunk := await stderr.read(_CHUNK_BYTES):
            self._errors.extend(_said(line) for line in lines.feed(chunk))
        self._errors.extend(_said(line) for line in lines.finish())


async def _spawned(
    argv: Sequence[str],
    pipes: tuple[int, int, int],
    environment: Mapping[str, str],
    folder: Path,
    mark: str,
) -> Process:
    """Start ``argv``; its ends of the pipes are closed here, whatever happens."""
    stdin, stdout, stderr = pipes
    try:
        return await asyncio.create_subprocess_exec(
            *launched(argv, has_terminal=False, mark=mark),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
        )
    except OSError as error:
        raise ClaudeMissingError(f"{argv[0]} cannot be started: {error}") from error
    finally:
        for fd in pipes:
            os.close(fd)


async def _pipe_in(stack: contextlib.AsyncExitStack) -> tuple[asyncio.StreamWriter, int]:
    """A pipe that we write to, and the end of it that a child reads.

    Ours, rather than asyncio's own: those keep a process from counting as ended for as long as
    somebody whom it left behind holds its output open.
    """
    theirs, ours = os.pipe()
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(ours, "wb", buffering=0)
    )
    stack.callback(_hang_up, transport)
    return asyncio.StreamWriter(transport, protocol, None, loop), theirs


def _hang_up(transport: asyncio.WriteTransport) -> None:
    """Close, and do not wait for somebody to read what is left."""
    if transport.get_write_buffer_size():
        transport.abort()
    else:
        transport.close()


async def _pipe_out(stack: contextlib.AsyncExitStack) -> tuple[asyncio.StreamReader, int]:
    """A pipe that we read from, and the end of it that a child writes."""
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader(limit=_CHUNK_BYTES)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    stack.callback(transport.close)
    return reader, theirs


def _said(line: bytes | TooLong) -> str:
    data = line.beginning if isinstance(line, TooLong) else line
    return data.decode(errors="replace").rstrip()


def _cut(text: str) -> str:
    """``text`` as one line of bounded length."""
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[: _SHOWN_CHARS - 1]}…"
