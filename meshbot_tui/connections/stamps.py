"""When something was learned: milliseconds that only grow, also when the clock is set back."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Stamps:
    """Wall time; while that is behind what was told, as after it was set back, steady time.

    A machine that slept has no steady time of it, so wall time leads.
    """

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _last: int = 0
    _last_s: float = 0.0

    def next(self) -> int:
        """A stamp greater than each before it."""
        now_s = self.steady()
        passed = int((now_s - self._last_s) * 1000) if self._last else 0
        self._last = max(int(self.wall() * 1000), self._last + max(passed, 1))
        self._last_s = now_s
        return self._last
