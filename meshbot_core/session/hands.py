"""How the supervisor holds a process, whichever kind it is."""

import signal
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from meshbot_core.session.ways import Keyboard
from meshbot_core.terminal.viewers import Viewers


class Hand(Keyboard, Protocol):
    """One process: text goes in, and it ends."""

    async def wait(self) -> int:
        """The exit status, once it has ended; negative for a signal."""

    async def end(self, number: signal.Signals, grace_s: float) -> None:
        """End the process and its group; killed after ``grace_s``."""


class Hands(Protocol):
    """Starts processes of one kind, and knows what they leave behind."""

    def started(
        self, words: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> AbstractAsyncContextManager[Hand]:
        """A process for as long as the block runs."""

    @property
    def viewers(self) -> Viewers | None:
        """The screen and those who watch it; None where there is none."""

    def last_words(self) -> str:
        """What the process said last, in one line: why it ended, as like as not."""

    def viewer_count(self) -> int:
        """How many watch it."""

    def over(self, status: int | None, reason: str) -> None:
        """Tell everybody who watches that the session has ended for good."""
