"""How often a crashed claude is started again, and how soon; pure."""

from dataclasses import dataclass, field
from typing import Final

WINDOW_MS: Final = 10 * 60 * 1000
MOST: Final = 5
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0


@dataclass(slots=True)
class CrashBudget:
    """The restarts of the last ten minutes; times are Unix milliseconds."""

    restarted_at_ms: list[int] = field(default_factory=list)

    def left(self, now_ms: int) -> int:
        """How many restarts are left. What lies ahead of a clock that was set back is dropped."""
        self.restarted_at_ms = [at for at in self.restarted_at_ms if 0 <= now_ms - at < WINDOW_MS]
        return MOST - len(self.restarted_at_ms)

    def take(self, now_ms: int) -> float | None:
        """Seconds to wait before the next restart; None when none is left."""
        if self.left(now_ms) <= 0:
            return None
        pause_s = min(_FIRST_PAUSE_S * (1 << len(self.restarted_at_ms)), _LONGEST_PAUSE_S)
        self.restarted_at_ms.append(now_ms)
        return pause_s
