"""Rows of a kept screen as bytes for a terminal."""

from collections.abc import Iterable, Sequence
from typing import Final

from meshbot_core.clients.text import width
from meshbot_core.terminal.screen import Run, Style

_PLAIN: Final = Style()
_RESET: Final = b"\x1b[0m"
_BRIGHT: Final = 8
_PALETTE: Final = 16


def row(runs: Sequence[Run], columns: int) -> bytes:
    """One row, cut to ``columns``; what was on the line behind it is erased."""
    written = bytearray(_RESET)
    left = columns
    for run in runs:
        text = _cut(run.text, left)
        left -= width(text)
        if text:
            written += sgr(run.style) + text.encode()
        if left <= 0:
            break
    written += _RESET
    # In the last column there is nothing behind it, but a wrap that is still to come.
    return bytes(written) + (b"\x1b[K" if left > 0 else b"")


def lines(rows: Iterable[Sequence[Run]]) -> bytes:
    """Whole rows one under the other, without what is blank at their ends."""
    written = bytearray()
    for runs in rows:
        shown = list(runs)
        if shown and shown[-1].style == _PLAIN:
            shown[-1] = shown[-1].model_copy(update={"text": shown[-1].text.rstrip()})
        for run in shown:
            written += sgr(run.style) + run.text.encode()
        written += _RESET + b"\r\n"
    return bytes(written)


def sgr(style: Style) -> bytes:
    """What makes a terminal write in this style."""
    marks = {
        1: style.is_bold,
        2: style.is_faint,
        3: style.is_italic,
        4: style.is_underlined,
        5: style.is_blinking,
        7: style.is_inverse,
        9: style.is_struck,
    }
    codes = ["0", *(str(code) for code, is_on in marks.items() if is_on)]
    codes += _colour(style.foreground, first=30, bright=90, extended="38")
    codes += _colour(style.background, first=40, bright=100, extended="48")
    return f"\x1b[{';'.join(codes)}m".encode()


def _colour(name: str, *, first: int, bright: int, extended: str) -> list[str]:
    if not name:
        return []
    if name.startswith("#"):
        parts = (str(int(name[at : at + 2], 16)) for at in (1, 3, 5))
        return [extended, "2", *parts]
    number = int(name)
    if number >= _PALETTE:
        return [extended, "5", name]
    return [str(first + number if number < _BRIGHT else bright + number - _BRIGHT)]


def _cut(text: str, columns: int) -> str:
    if width(text) <= columns:
        return text
    end = taken = 0
    for character in text:
        taken += width(character)
        if taken > columns:
            break
        end += 1
    return text[:end]
