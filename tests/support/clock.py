"""A clock that stands still until a test moves it."""


class FakeClock:
    """Tells ``now_ms``; begins at the moment of the protocol's test vectors."""

    def __init__(self, now_ms: int = 1_767_232_600_000) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Wall-clock time, Unix milliseconds."""
        return self._now_ms

    def advance(self, ms: int) -> None:
        """Move the clock; negative sets it back."""
        self._now_ms += ms
