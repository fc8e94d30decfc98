"""What is to be remembered, written once it has been quiet for a moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from textual.timer import Timer

from meshbot_tui.connections.memory import Memory, Remembered

QUIET_S: Final = 1.0
"""Each key of a search and each step through a list changes something."""


@dataclass(slots=True)
class Keeper:
    """``later`` calls back after so many seconds; ``flush`` writes at once what is not written."""

    memory: Memory
    later: Callable[[float, Callable[[], None]], Timer]
    remembered: Remembered = field(init=False)
    _timer: Timer | None = None

    def __post_init__(self) -> None:
        self.remembered = self.memory.read()

    def keep(self, remembered: Remembered) -> None:
        """Keep it for the next time."""
        if remembered == self.remembered:
            return
        self.remembered = remembered
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.later(QUIET_S, self.flush)

    def flush(self) -> None:
        """Write what was kept since the last time."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
            self.memory.write(self.remembered)
