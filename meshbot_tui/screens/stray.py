"""Keys that were meant for a program whose pane has closed: none of them is the console's."""

from typing import Final

from meshbot_tui.widgets.terminal.keys import LEAVE

_CALM_S: Final = 1.0
"""Who pauses for so long has seen that the pane is gone."""
_AT_MOST_S: Final = 5.0
"""So has who has typed on for so long, and wonders."""


class StrayKeys:
    """A sentence that is typed on would stop, restart and start agents."""

    def __init__(self) -> None:
        self._until_s = self._end_s = 0.0

    def closed(self, now_s: float) -> None:
        """The pane that had the keys closed by itself."""
        self._until_s = now_s + _CALM_S
        self._end_s = now_s + _AT_MOST_S

    def takes(self, key: str, now_s: float) -> bool:
        """Whether this key is one of them, as all are until the person pauses, or leaves."""
        if now_s >= self._until_s:
            return False
        self._until_s = 0.0 if key == LEAVE else min(now_s + _CALM_S, self._end_s)
        return True
