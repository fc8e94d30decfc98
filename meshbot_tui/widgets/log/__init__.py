"""What a session without a screen did, line by line."""

from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from meshbot_tui.widgets.log.lines import TIME_COLUMNS, LogRow, rows_of
from meshbot_tui.widgets.tail import TailView

_MAX_LINES: Final = 2000


class SessionLog(TailView):
    """The session's log; stays at its end unless somebody has scrolled back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("space", "page_down", show=False),
        Binding("G", "scroll_end", show=False),
        Binding("escape,ctrl+right_square_bracket", "leave", "Leave", key_display="esc"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--time", "log--bad"}
    DEFAULT_CSS = """
    SessionLog {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .log--time { color: $text-muted; }
        & > .log--bad { color: $error; }
    }
    """

    class Left(Message):
        """The person has read enough."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._lines: deque[str] = deque()
        self._laid_out: deque[tuple[LogRow, ...]] = deque()
        """The rows of each line at ``_width``."""
        self._rows: list[LogRow] = []
        self._width = 0

    def begin(self) -> None:
        """Show another agent's."""
        self._lines.clear()
        self._laid_out.clear()
        self.is_live = True
        self._show()

    def add(self, texts: Iterable[str]) -> None:
        """Lines of the log, as they stand in its file."""
        top, gone = self.top, 0
        for text in texts:
            self._lines.append(text)
            self._laid_out.append(self._rows_of(text))
            if len(self._lines) > _MAX_LINES:
                self._lines.popleft()
                gone += len(self._laid_out.popleft())
        self._show()
        if gone and not self.is_live:
            self.scroll_to_line(max(0, top - gone))

    def _rows_of(self, text: str) -> tuple[LogRow, ...]:
        return tuple(rows_of(text, self._width)) if self._width else ()

    def _show(self) -> None:
        self._rows = [row for rows in self._laid_out for row in rows]
        self.virtual_size = Size(self._width, len(self._rows))
        if self.is_live:
            self.follow()
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        """Rows are as wide as the pane; the line that is read stays where it is."""
        # The bar may come or go by what we find; room for it is always left.
        width = max(1, event.size.width - 1)
        if width != self._width:
            self._width = width
            number = self._line_at(self.top)
            self._laid_out = deque(map(self._rows_of, self._lines))
            self._show()
            if not self.is_live:
                self.scroll_to_line(sum(len(rows) for rows in list(self._laid_out)[:number]))
        elif self.is_live:
            self.follow()

    def _line_at(self, row: int) -> int:
        for number, rows in enumerate(self._laid_out):
            row -= len(rows)
            if row < 0:
                return number
        return len(self._laid_out)

    def action_leave(self) -> None:
        """Back to the list of agents."""
        self.post_message(self.Left())

    def render_line(self, y: int) -> Strip:
        """One row, by its place in the viewport."""
        number = y + self.top
        width, style = self.size.width, self.rich_style
        if number >= len(self._rows):
            words = "" if number or self._lines else " Nothing is in its log yet."
            return Strip([Segment(words, style)]).adjust_cell_length(width, style)
        row = self._rows[number]
        time = f" {row.time}".ljust(TIME_COLUMNS)
        said = self.get_component_rich_style("log--bad") if row.is_bad else style
        segments = [
            Segment(time, self.get_component_rich_style("log--time")),
            Segment(row.text, said),
        ]
        return Strip(segments).adjust_cell_length(width, style)
