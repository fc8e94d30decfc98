"""What commands print, and how untrusted text is kept from steering the terminal.

Names, descriptions and messages come from other machines. ``plain`` and ``prose`` make them
harmless; everything that a command prints goes through one of them, or out as JSON.
"""

import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal, Self, TextIO

import click

Colour = Literal["green", "red", "yellow", "cyan", "bold", "dim"]
Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]

_CODES: Final[Mapping[Colour, str]] = {
    "green": "32",
    "red": "31",
    "yellow": "33",
    "cyan": "36",
    "bold": "1",
    "dim": "2",
}

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


def line(text: str = "") -> None:
    """Print one line of what the command was asked for."""
    click.echo(text, color=True)


def note(text: str) -> None:
    """Say something beside the output (standard error)."""
    click.echo(text, err=True, color=True)


def as_json(value: Json, *, indent: int | None = 2) -> None:
    """Print ``value`` as JSON in ASCII, so that no text in it reaches the terminal raw."""
    click.echo(_json_text(value, indent=indent))


def _json_text(value: Json, *, indent: int | None = None) -> str:
    text = json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False)
    return text.replace("\x7f", "\\u007f")


class JsonRows:
    """A JSON list that is printed as its rows come; ends in order with its block."""

    def __init__(self) -> None:
        self._count = 0

    def __enter__(self) -> Self:
        """Open the list."""
        click.echo("[", nl=False)
        return self

    def __exit__(self, *_: object) -> None:
        """Close it, so that what was printed is JSON whatever happened."""
        click.echo("\n]" if self._count else "]")

    def add(self, row: Json) -> None:
        """Print one more row."""
        click.echo(",\n  " if self._count else "\n  ", nl=False)
        click.echo(_json_text(row), nl=False)
        self._count += 1

    @staticmethod
    def print_row(row: Json) -> None:
        """Print a row on its own line, for streams that do not end."""
        click.echo(_json_text(row))


def clock_time(at_ms: int) -> str:
    """A time in the reader's own zone; with its date when that is not today."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return f"{at_ms} ms"
    is_today = at.date() == datetime.now(UTC).astimezone().date()
    return at.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")


def paint(text: str, colour: Colour, stream: TextIO | None = None) -> str:
    """``text`` in ``colour`` where ``stream`` (standard output) is a terminal that wants it."""
    if not has_colour(sys.stdout if stream is None else stream):
        return text
    return f"\x1b[{_CODES[colour]}m{text}\x1b[0m"


def has_colour(stream: TextIO) -> bool:
    """Colour only on a terminal, and never when NO_COLOR is set (see no-color.org)."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


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
