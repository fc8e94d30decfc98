"""What a view shows of a screen: which part of it, its cursor, selection and scrollback."""

from dataclasses import dataclass
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from meshbot_core.terminal.screen import Fed, Run, Screen
from meshbot_tui.widgets.terminal import cells
from meshbot_tui.widgets.terminal.history import History
from meshbot_tui.widgets.terminal.selection import Place, Selection

_FILLER: Final = "·"
_REVERSED: Final = Style(reverse=True)
_UNDERLINED: Final = Style(underline=True)
_DIM: Final = Style(dim=True)


@dataclass(frozen=True, slots=True)
class Window:
    """The part that is shown: its first line's number and column, its size."""

    line: int
    column: int
    columns: int
    rows: int


class Picture:
    """A screen without scrollback of its own, and a window on it."""

    def __init__(self, columns: int, rows: int, *, is_cursor_full: bool = False) -> None:
        self.screen = Screen(columns, rows, scrollback=0)
        self.history = History(self.screen.runs)
        self.back = 0
        """How many lines the window is above where it would follow the program."""
        self.selection: Selection | None = None
        self.copy_cursor: Place | None = None
        self.is_cursor_full = is_cursor_full
        self.base = Style()
        self._gone = 0
        self._size = (columns, rows)
        self._strips: dict[int, Strip] = {}
        self._changed: set[int] = set()
        self._drawn: tuple[Window, int | None] | None = None

    def feed(self, data: bytes) -> Fed:
        """Let the program write ``data``; a window that is scrolled back stays where it is."""
        fed = self.screen.feed(data)
        for row in fed.changed:
            self._strips.pop(row, None)
        if fed.gone:
            self._gone += len(fed.gone)
            self.history.add_gone(fed.gone)
            self.back = min(self.back + len(fed.gone), self.most_back) if self.back else 0
        self._changed.update(self._gone + row for row in fed.changed)
        self._unselect_changed(fed)
        return fed

    def _unselect_changed(self, fed: Fed) -> None:
        """Drop a selection whose text may be another now."""
        # When lines scroll all rows count as changed, though what is marked only moved.
        if self.selection is None or self.copy_cursor is not None or fed.gone:
            return
        if any(self._gone + row in self.selection.lines for row in fed.changed):
            self.selection = None
            self._drawn = None

    def take_changed_rows(self) -> set[int] | None:
        """The widget's rows to be drawn since this was asked last; None for all of them."""
        changed, self._changed = self._changed, set()
        window, cursor = self.window, self._cursor_line
        drawn, self._drawn = self._drawn, (window, cursor)
        if drawn is None or drawn[0] != window:
            return None
        if cursor is not None:
            changed.add(cursor)
        if drawn[1] is not None:
            changed.add(drawn[1])
        rows = {line - window.line for line in changed}
        return {row for row in rows if 0 <= row < window.rows}

    def follow(self) -> None:
        """Show what the program does now, and forget what was above it."""
        self.back = 0
        self.history = History(self.screen.runs)

    def fit(self, columns: int, rows: int, base: Style) -> None:
        """The widget's size and style."""
        self._size = (columns, rows)
        if base != self.base:
            self.base = base
            self._strips.clear()
        self.back = min(self.back, self.most_back)

    @property
    def window(self) -> Window:
        """The cursor is in it, unless it is scrolled back."""
        columns, rows = self._size
        cursor = self.screen.cursor
        top, left = max(0, self.screen.rows - rows), 0
        if cursor is not None and not self.back:
            top = min(top, cursor[1])
            left = max(0, min(cursor[0], self.screen.columns - 1) - columns + 1)
        return Window(self._gone + top - self.back, left, columns, rows)

    @property
    def most_back(self) -> int:
        """How far the window can go."""
        return len(self.history) + max(0, self.screen.rows - self._size[1])

    @property
    def lines(self) -> range:
        """The numbers of all lines that are there."""
        return range(self._gone - len(self.history), self._gone + self.screen.rows)

    @property
    def cursor_place(self) -> Place:
        """Where the program's cursor is, or the beginning of the last row when it is hidden."""
        column, row = self.screen.cursor or (0, self.screen.rows - 1)
        return Place(self._gone + row, min(column, self.screen.columns - 1))

    @property
    def _cursor_line(self) -> int | None:
        is_shown = self.screen.cursor is not None and not self.back
        return self.cursor_place.line if is_shown else None

    def place_at(self, column: int, row: int) -> Place:
        """The nearest cell to a cell of the widget."""
        window = self.window
        line = min(max(window.line + row, self.lines.start), self.lines.stop - 1)
        return Place(line, min(max(window.column + column, 0), self.screen.columns - 1))

    def screen_cell(self, column: int, row: int) -> tuple[int, int]:
        """The program's cell, from 0, under one of the widget."""
        place = self.place_at(column, row)
        return place.column, max(0, place.line - self._gone)

    def runs(self, line: int) -> tuple[Run, ...]:
        """A line as it looks; nothing where there is none."""
        if line not in self.lines:
            return ()
        if line >= self._gone:
            return self.screen.row(line - self._gone)
        return self.history[line - self.lines.start]

    def columns_of(self, line: int) -> list[str]:
        """What stands in each column of a line."""
        return cells.columns("".join(run.text for run in self.runs(line)))

    def selected_text(self) -> str:
        """What is marked, without what is blank at the lines' ends."""
        if self.selection is None:
            return ""
        texts = []
        for line in self.selection.lines:
            columns = self.columns_of(line)
            begin, end = self.selection.span(line, len(columns))
            texts.append("".join(columns[begin:end]).rstrip())
        return "\n".join(texts)

    def row(self, row: int) -> Strip:
        """A row of the widget."""
        window = self.window
        line = window.line + row
        if line not in self.lines:
            return Strip([Segment(_FILLER * window.columns, self.base + _DIM)], window.columns)
        strip = self._marked(self._strip(line), line)
        shown = strip.crop(window.column, window.column + window.columns)
        missing = window.columns - shown.cell_length
        is_narrow = missing > 0 and self.screen.columns - window.column < window.columns
        filler = Segment((_FILLER if is_narrow else " ") * missing, self.base + _DIM)
        return Strip([*shown, filler], window.columns) if missing > 0 else shown

    def _strip(self, line: int) -> Strip:
        if line < self._gone:
            return cells.strip(self.runs(line), self.base).adjust_cell_length(
                self.screen.columns, self.base
            )
        row = line - self._gone
        if row not in self._strips:
            self._strips[row] = cells.strip(self.screen.row(row), self.base)
        return self._strips[row]

    def _marked(self, strip: Strip, line: int) -> Strip:
        """With what is selected, and the cursor."""
        if self.selection is not None:
            begin, end = self.selection.span(line, strip.cell_length)
            strip = _restyled(strip, begin, end, _REVERSED)
        if self.copy_cursor is not None:
            if self.copy_cursor.line == line:
                strip = _pointed(strip, self.copy_cursor.column, _UNDERLINED + _REVERSED)
        elif self._cursor_line == line:
            style = _REVERSED if self.is_cursor_full else _UNDERLINED
            strip = _pointed(strip, self.cursor_place.column, style)
        return strip


def _pointed(strip: Strip, column: int, style: Style) -> Strip:
    """With a cursor on the character of a column."""
    columns = cells.columns(strip.text)
    begin, end = column, column + 1
    while 0 < begin < len(columns) and not columns[begin]:
        begin -= 1
    while end < len(columns) and not columns[end]:
        end += 1
    return _restyled(strip, begin, end, style)


def _restyled(strip: Strip, begin: int, end: int, style: Style) -> Strip:
    if begin >= end:
        return strip
    middle = [
        Segment(text, _toggled(old or Style(), style), control)
        for text, old, control in strip.crop(begin, end)
    ]
    after = strip.crop(end, strip.cell_length)
    return Strip([*strip.crop(0, begin), *middle, *after], strip.cell_length)


def _toggled(old: Style, style: Style) -> Style:
    """Reverse of reverse is plain: a cursor on inverse text must be seen."""
    if style.reverse and old.reverse:
        return old + style + Style(reverse=False)
    return old + style
