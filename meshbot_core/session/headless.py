"""A headless session's process, as the supervisor holds it."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from meshbot_core.claude.stream import StreamEvent
from meshbot_core.session.headless_process import HeadlessProcess
from meshbot_core.session.leftovers import MARK_VARIABLE


@dataclass(frozen=True, slots=True)
class HeadlessHand:
    """One headless claude."""

    process: HeadlessProcess
    on_said: Callable[[], None]

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    async def say(self, text: str, frame_id: str) -> None:
        """Give the model ``text``."""
        self.on_said()
        await self.process.say(text, uuid=frame_id)

    def write(self, data: bytes) -> None:
        """Nobody types into a session without a terminal."""

    async def wait(self) -> int:
        """Its exit status."""
        return await self.process.wait()

    async def end(self, number: signal.Signals, grace_s: float) -> None:
        """End it and its group."""
        await self.process.end(signal=number, grace_s=grace_s)


@dataclass(slots=True)
class HeadlessHands:
    """Starts headless processes; ``on_event`` gets each line that they write.

    ``on_garbage`` gets what is none, ``on_said`` is told that a line was given to claude.
    """

    on_event: Callable[[StreamEvent], None]
    on_garbage: Callable[[str], None]
    on_said: Callable[[], None]
    _last: HeadlessProcess | None = field(default=None)
    _last_garbage: str = ""

    @property
    def viewers(self) -> None:
        """It has no screen."""
        return

    @contextlib.asynccontextmanager
    async def started(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> AsyncIterator[HeadlessHand]:
        """A process for as long as the block runs."""
        async with HeadlessProcess.started(
            words,
            environment=environment,
            folder=folder,
            on_event=self.on_event,
            on_garbage=self._heard_garbage,
            mark=MARK_VARIABLE,
        ) as process:
            self._last, self._last_garbage = process, ""
            yield HeadlessHand(process, self.on_said)

    def _heard_garbage(self, line: str) -> None:
        self._last_garbage = line
        self.on_garbage(line)

    def last_words(self) -> str:
        """The last line of its standard error, or else the last one that was no event."""
        lines = self._last.stderr_tail.splitlines() if self._last else []
        return lines[-1].strip()[:200] if lines else self._last_garbage

    def viewer_count(self) -> int:
        """Nobody watches a session without a screen."""
        return 0

    def over(self, status: int | None, reason: str) -> None:
        """Nobody watches."""
