"""When something may be tried again: later after each failure."""

from dataclasses import dataclass
from typing import Final

from meshbot_core.types import Clock

_FIRST_MS: Final = 5_000
_LONGEST_MS: Final = 300_000


@dataclass(slots=True)
class Backoff:
    """What failed is tried again, not hammered; ``until_ms`` is Unix milliseconds, 0 for now."""

    clock: Clock
    until_ms: int = 0
    _failures: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it may be tried."""
        return self.clock.now_ms() >= self.until_ms

    def failed(self, retry_at_ms: int) -> None:
        """Wait longer than the last time, and until ``retry_at_ms`` in any case."""
        self._failures += 1
        backoff_ms = min(_FIRST_MS * 2 ** (self._failures - 1), _LONGEST_MS)
        self.until_ms = max(retry_at_ms, self.clock.now_ms() + backoff_ms)

    def succeeded(self) -> None:
        """The next failure is the first again."""
        self._failures = 0

    def wait(self, duration_ms: int) -> None:
        """Let so much time go by, which is no failure."""
        self.until_ms = self.clock.now_ms() + duration_ms

    def lift(self) -> None:
        """Whatever was waited for is over."""
        self.until_ms = 0
