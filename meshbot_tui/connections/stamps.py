"""When something was learned: milliseconds that only grow, also when the clock is set back."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_AHEAD_MS: Final = 1000


@dataclass(slots=True)
class Stamps:
    """Wall time; while that is far behind what was told, as after it was set back, steady time.

    A machine that slept has no steady time of it, so wall time leads.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _last: int = 0
    _last_s: float = 0.0

    def next(self) -> int:
        """A stamp greater than each before it."""
        now_s, wall_ms = self.steady(), int(self.wall() * 1000)
        # Many within one moment are ahead of it by as many: the wall is waited for.
        is_set_back = self._last - wall_ms > _AHEAD_MS
        passed_ms = int((now_s - self._last_s) * 1000) if is_set_back else 0
        self._last = max(wall_ms, self._last + max(passed_ms, 1))
        self._last_s = now_s
        return self._last
