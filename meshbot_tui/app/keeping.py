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
    """``later`` calls back after so many seconds; ``flush`` writes at once what is not written.

    Other consoles of the mesh write the same file: questions that were put aside and agents that
    were started there are known here once this one writes.
    """

    memory: Memory
    later: Callable[[float, Callable[[], None]], Timer]
    remembered: Remembered = field(init=False)
    _since: Remembered = field(init=False)
    _timer: Timer | None = None

    def __post_init__(self) -> None:
        self.remembered = self._since = self.memory.read()

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
            merged = self.remembered.onto(self.memory.read(), self._since)
            self.memory.write(merged)
            # What the person sees here stays as it is.
            known = {"forms": merged.forms, "ignored": merged.ignored}
            self.remembered = self._since = self.remembered.model_copy(update=known)
