"""Spans of time and sums of money, short enough for a column."""

from typing import Final

_STEPS: Final = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))
_CENT: Final = 0.005


def span(duration_ms: int) -> str:
    """``42 s``, ``3 min 5 s``, ``2 h 7 min``, ``4 d 1 h``."""
    seconds = max(0, duration_ms) // 1000
    for size, unit, part_size, part_unit in _STEPS:
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            part = rest // part_size
            return f"{whole} {unit} {part} {part_unit}" if part else f"{whole} {unit}"
    return f"{seconds} s"


def dollars(cost_usd: float) -> str:
    """``$1.20``, with two digits; what is less than a cent says so."""
    return "<$0.01" if 0 < cost_usd < _CENT else f"${cost_usd:.2f}"
