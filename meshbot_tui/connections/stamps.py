"""When something was learned: milliseconds that only grow, also when the clock is set back."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stamps:
    """Wall time at the start, and a monotonic clock from there on."""

    _start_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    _start_s: float = field(default_factory=time.monotonic)
    _last: int = 0

    def next(self) -> int:
        """A stamp greater than each before it."""
        now = self._start_ms + int((time.monotonic() - self._start_s) * 1000)
        self._last = max(now, self._last + 1)
        return self._last
