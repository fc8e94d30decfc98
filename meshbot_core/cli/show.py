"""What commands print.

Whatever comes from other machines goes through ``clients.text``, or out as JSON.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
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
