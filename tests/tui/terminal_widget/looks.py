"""Cells as a widget draws them and as tmux has them, in the same words."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import Color, ColorType

from meshbot_tui.widgets.terminal import TerminalView
from meshbot_tui.widgets.terminal.cells import glyphs

_MARKS = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 5: "blink", 7: "reverse", 9: "strike"}
_SGR = re.compile("\x1b\\[([0-9;:]*)m|\x1b[()][0AB]|[\x0e\x0f]|([^\x1b\x0e\x0f]+)")


class Cell(NamedTuple):
    text: str
    foreground: str = ""
    background: str = ""
    marks: frozenset[str] = frozenset()


def drawn_cells(view: TerminalView) -> list[list[Cell]]:
    """What the widget draws, row by row."""
    return [list(_drawn(view, row)) for row in range(view.size.height)]


def _drawn(view: TerminalView, row: int) -> Iterator[Cell]:
    base = view.rich_style
    for text, style, _control in view.render_line(row):
        assert style is not None
        marks = frozenset(mark for mark in _MARKS.values() if getattr(style, mark))
        colors = (_named(style.color, base.color), _named(style.bgcolor, base.bgcolor))
        for glyph in glyphs(text):
            yield Cell(glyph, *colors, marks)
            yield from [Cell("")] * (cell_len(glyph) - 1)


def _named(color: Color | None, base: Color | None) -> str:
    if color is None or color == base:
        return ""
    if color.type is ColorType.TRUECOLOR:
        assert color.triplet is not None
        return color.triplet.hex
    return str(color.number)


def cells_of(shown: str) -> list[list[Cell]]:
    """What tmux shows, row by row."""
    pen = Cell("")
    rows = []
    for line in shown.split("\n"):
        row: list[Cell] = []
        for found in _SGR.finditer(line):
            if found[1] is not None:
                pen = _after(pen, found[1])
            for glyph in glyphs(found[2] or ""):
                row += [pen._replace(text=glyph), *[Cell("")] * (cell_len(glyph) - 1)]
        rows.append(row)
    return rows


def _after(pen: Cell, sequence: str) -> Cell:
    codes = [int(code or 0) for code in sequence.replace(":", ";").split(";")]
    while codes:
        code = codes.pop(0)
        if code == 0:
            pen = Cell("")
        elif code in _MARKS:
            pen = pen._replace(marks=pen.marks | {_MARKS[code]})
        elif code in {39, 49}:
            pen = _colored(pen, code, "")
        elif code in {38, 48}:
            is_rgb = codes.pop(0) == 2
            parts = [codes.pop(0) for _ in range(3 if is_rgb else 1)]
            rgb = "#" + "".join(f"{part:02x}" for part in parts)
            pen = _colored(pen, code, rgb if is_rgb else str(parts[0]))
        elif code >= 90:
            pen = _colored(pen, code, str(code % 10 + 8))
        else:
            assert code >= 30, sequence
            pen = _colored(pen, code, str(code % 10))
    return pen


def _colored(pen: Cell, code: int, color: str) -> Cell:
    is_foreground = 30 <= code < 40 or 90 <= code < 100
    return pen._replace(foreground=color) if is_foreground else pen._replace(background=color)
