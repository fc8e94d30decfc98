"""An interactive session's process under its terminal, as the supervisor holds it."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshbot_core.session.leftovers import MARK_VARIABLE
from meshbot_core.terminal.pty_process import PtyProcess
from meshbot_core.terminal.viewers import Viewers


@dataclass(frozen=True, slots=True)
class TerminalHand:
    """One claude under a pseudo-terminal."""

    process: PtyProcess

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def say(self, text: str, frame_id: str) -> None:
        """An interactive session is typed to, or woken; it has no other input."""

    def write(self, data: bytes) -> None:
        """Type ``data``."""
        self.process.write(data)

    async def wait(self) -> int:
        """Its exit status."""
        return await self.process.wait()

    async def end(self, number: signal.Signals, grace_s: float) -> None:
        """End it and its group."""
        await self.process.end(signal=number, grace_s=grace_s)


class TerminalHands:
    """Starts processes under one kept screen, which outlives each of them."""

    def __init__(
        self,
        columns: int,
        rows: int,
        *,
        on_title: Callable[[str], None],
        on_typed: Callable[[bytes], None],
    ) -> None:
        self._on_typed = on_typed
        self._process: PtyProcess | None = None
        self.viewers = Viewers(
            columns, rows, write=self._write, resized=self._resized, titled=on_title
        )

    @contextlib.asynccontextmanager
    async def started(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> AsyncIterator[TerminalHand]:
        """A process for as long as the block runs."""
        screen = self.viewers.screen
        async with PtyProcess.started(
            words,
            environment=environment,
            folder=folder,
            columns=screen.columns,
            rows=screen.rows,
            on_output=self.viewers.feed,
            mark=MARK_VARIABLE,
        ) as process:
            self._process = process
            try:
                yield TerminalHand(process)
            finally:
                self._process = None

    def _write(self, data: bytes) -> None:
        if self._process is not None:
            self._on_typed(data)
            self._process.write(data)

    def _resized(self, columns: int, rows: int) -> None:
        if self._process is not None:
            self._process.resize(columns, rows)

    def last_words(self) -> str:
        """The last line on the screen that is not blank."""
        rows = [row.strip() for row in self.viewers.screen.text() if row.strip()]
        return rows[-1][:200] if rows else ""

    def viewer_count(self) -> int:
        """How many watch the screen."""
        return len(self.viewers)

    def over(self, status: int | None, reason: str) -> None:
        """Tell everybody who watches that the session has ended."""
        self.viewers.end(status, reason)
