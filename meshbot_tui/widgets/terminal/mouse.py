"""What the mouse sends to a program that took it."""

from dataclasses import dataclass
from typing import Final, Literal

Deed = Literal["press", "release", "move", "wheel"]

_CLICKS, _DRAGS, _MOVES, _SGR = 1000, 1002, 1003, 1006
_TAKEN: Final = frozenset({_CLICKS, _DRAGS, _MOVES})
_MOVED: Final = 32
_WHEEL: Final = 64
_NO_BUTTON: Final = 3
_META: Final = 8
_CTRL: Final = 16
_MAX_OLD: Final = 223


@dataclass(frozen=True, slots=True)
class Mouse:
    """One event of it; column and row of the program's screen, from 0.

    ``button`` is 1 to 3, 0 for none; of a wheel 0 to 3: up, down, left, right.
    """

    deed: Deed
    button: int
    column: int
    row: int
    has_ctrl: bool = False
    has_meta: bool = False


def is_taken(modes: frozenset[int]) -> bool:
    """Whether the program wants the mouse for itself."""
    return not _TAKEN.isdisjoint(modes)


def sent_by(mouse: Mouse, modes: frozenset[int]) -> bytes:
    """Its bytes in these modes; empty when the program does not want to know."""
    if not _is_wanted(mouse, modes):
        return b""
    code = _code(mouse)
    column, row = mouse.column + 1, mouse.row + 1
    if _SGR in modes:
        end = b"m" if mouse.deed == "release" else b"M"
        return b"\x1b[<%d;%d;%d%b" % (code, column, row, end)
    if max(column, row) > _MAX_OLD:
        return b""
    if mouse.deed == "release":
        code |= _NO_BUTTON
    return b"\x1b[M" + bytes((32 + code, 32 + column, 32 + row))


def _is_wanted(mouse: Mouse, modes: frozenset[int]) -> bool:
    if mouse.deed != "move":
        return is_taken(modes)
    return _MOVES in modes or (_DRAGS in modes and mouse.button > 0)


def _code(mouse: Mouse) -> int:
    held = (_META if mouse.has_meta else 0) | (_CTRL if mouse.has_ctrl else 0)
    if mouse.deed == "wheel":
        return _WHEEL + mouse.button + held
    button = mouse.button - 1 if mouse.button else _NO_BUTTON
    return button + held + (_MOVED if mouse.deed == "move" else 0)
