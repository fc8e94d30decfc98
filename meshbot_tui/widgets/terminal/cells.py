"""Runs of a kept screen as strips of the console."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

from rich.cells import cell_len, get_character_cell_size, split_graphemes
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from meshbot_core.terminal import clusters
from meshbot_core.terminal import screen as kept


def strip(runs: Sequence[kept.Run], base: Style) -> Strip:
    """A line, with ``base`` under its styles."""
    segments = [Segment(_fitted(run.text), look(run.style, base)) for run in runs]
    return Strip(segments, sum(segment.cell_length for segment in segments))


@lru_cache(maxsize=4096)
def look(style: kept.Style, base: Style) -> Style:
    """How characters of this style are drawn; the program's defaults are ``base``.

    What is to blink is underlined: nothing blinks in the console.
    """
    return base + Style(
        color=_color(style.foreground),
        bgcolor=_color(style.background),
        bold=style.is_bold or None,
        dim=style.is_faint or None,
        italic=style.is_italic or None,
        underline=style.is_underlined or style.is_blinking or None,
        reverse=style.is_inverse or None,
        strike=style.is_struck or None,
    )


def _color(name: str) -> Color | None:
    if not name:
        return None
    return Color.parse(name) if name.startswith("#") else Color.from_ansi(int(name))


def _fitted(text: str) -> str:
    """The text with every character as wide for the console as for the program."""
    if text.isascii():
        return text
    return "".join(map(_fitted_glyph, glyphs(text)))


@lru_cache(maxsize=4096)
def _fitted_glyph(glyph: str) -> str:
    wanted = clusters.width(glyph)
    is_seen = len(glyph) > 1 or glyph.isprintable() or unicodedata.category(glyph) == "Zs"
    drawn = glyph if is_seen else " "
    if cell_len(drawn) > wanted:
        drawn = drawn[0] if get_character_cell_size(drawn[0]) <= wanted else "\ufffd"
    return drawn + " " * (wanted - cell_len(drawn))


def glyphs(text: str) -> Iterator[str]:
    """The characters of a line, those made of several code points in one piece."""
    if text.isascii():
        yield from text
        return
    for start, end, _width in split_graphemes(text)[0]:
        yield text[start:end]


def columns(text: str) -> list[str]:
    """What begins in each column; empty where a wide character goes on."""
    if text.isascii():
        return list(text)
    found: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        found += [text[start:end], *[""] * (width - 1)]
    return found
