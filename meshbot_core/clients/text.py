"""Untrusted text made harmless, and measured, for terminals.

Names, descriptions and messages come from other machines. ``plain`` and ``prose`` keep them
from steering a terminal.
"""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Final

# Controls (C0, DEL, C1), line and paragraph separators, lone surrogates, and the format
# characters that reorder or hide text; the joiners that build emoji and scripts may stay.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_KEPT_IN_PROSE: Final = "\n\t"


def plain(text: str) -> str:
    """``text`` on one line, with everything that could steer a terminal spelled out."""
    return _UNSAFE.sub(lambda found: _spelled(found.group()), text)


def prose(text: str) -> str:
    """Like ``plain``, but line breaks and tabs stay; for whole messages."""
    unified = text.replace("\r\n", "\n")
    return _UNSAFE.sub(
        lambda found: found.group() if found.group() in _KEPT_IN_PROSE else _spelled(found.group()),
        unified,
    )


def _spelled(character: str) -> str:
    return (
        character.encode("ascii", "backslashreplace").decode("ascii")
        if not character.isascii()
        else f"\\x{ord(character):02x}"
    )


def clock_time(at_ms: int) -> str:
    """A time in the reader's own zone; with its date when that is not today."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return f"{at_ms} ms"
    is_today = at.date() == datetime.now(UTC).astimezone().date()
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")


def width(text: str) -> int:
    """How many terminal columns ``text`` takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """``text`` filled up with spaces to ``columns``."""
    return text + " " * max(0, columns - width(text))
