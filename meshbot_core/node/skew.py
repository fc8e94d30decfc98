"""Two clocks that disagree, in words (decision 8). No I/O."""

from datetime import UTC, datetime
from typing import Final

_MAX_DATE_MS: Final = 253_402_300_799_000  # the end of the year 9999


def both_clocks(theirs_ms: int, ours_ms: int) -> str:
    """What a peer's clock and ours say, and how far they are apart."""
    skew_s = (theirs_ms - ours_ms) / 1000
    where = "ahead" if skew_s > 0 else "behind"
    return (
        f"its clock says {_time_text(theirs_ms)}, ours says {_time_text(ours_ms)}:"
        f" {abs(skew_s):.0f} s {where}"
    )


def _time_text(at_ms: int) -> str:
    if not 0 <= at_ms < _MAX_DATE_MS:
        return str(at_ms)
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds")
