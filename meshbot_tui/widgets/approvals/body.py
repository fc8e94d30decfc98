"""The whole text of what waits: scrolls, and can be selected."""

from typing import ClassVar, Final

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.errors import NoWidget
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from meshbot_tui.widgets.approvals.sheet import Line, Row, laid_out

_READABLE: Final = 12
"""Columns; in fewer nobody reads a command."""


class SheetView(ScrollView, can_focus=True):
    """Lines in rows as wide as the view; tells how many are out of sight below."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll_down", show=False),
        Binding("k", "scroll_up", show=False),
        Binding("space", "page_down", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"sheet--{kind}"
        for kind in ("said", "command", "path", "added", "removed", "place", "note", "gutter")
    }
    DEFAULT_CSS = """
    SheetView {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .sheet--said { color: $text; }
        & > .sheet--command { color: $text; text-style: bold; }
        & > .sheet--path { color: $text-accent; text-style: bold; }
        & > .sheet--added { color: $text-success; background: $success 12%; }
        & > .sheet--removed { color: $text-error; background: $error 12%; }
        & > .sheet--place { color: $text-muted; }
        & > .sheet--note { color: $text-warning; text-style: bold; }
        & > .sheet--gutter { color: $text-muted; }
        /* Sixteen colours do not mix: green on green cannot be read. */
        &:ansi > .sheet--added, &:ansi > .sheet--removed { background: transparent; }
    }
    """

    class Scrolled(Message):
        """Other rows are in sight."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._rows: tuple[Row, ...] = ()
        self._laid_out_for = 0

    def show(self, lines: tuple[Line, ...]) -> None:
        """Show these from their beginning."""
        self._lines = lines
        self._laid_out_for = 0
        self._lay_out()
        self.scroll_to(y=0, animate=False, immediate=True)

    @property
    def row_count(self) -> int:
        """How many rows all of it takes at this width."""
        return len(self._rows)

    @property
    def rows_below(self) -> int:
        """How many of them are out of sight below."""
        return max(
            0, len(self._rows) - self.scroll_offset.y - self.scrollable_content_region.height
        )

    @property
    def more(self) -> str:
        """How many rows are out of sight below, in words; empty for none."""
        below = self.rows_below
        return f"▼ {below} more line{'s' * (below > 1)}" if below else ""

    @property
    def is_seen(self) -> bool:
        """Whether at least one row can be read."""
        return self._seen is not None and self._seen.height > 0 and self._seen.width >= _READABLE

    @property
    def is_cut_off(self) -> bool:
        """Whether it has been laid out, and what is around it leaves no row in sight."""
        return self._seen is not None and not self.is_seen

    @property
    def _seen(self) -> Region | None:
        """What of it is in sight; None: it has not been laid out."""
        if not self.is_attached or not self.size:
            return None
        try:
            clip = self.screen.find_widget(self).clip
        except NoWidget:
            return None
        return self.scrollable_content_region.intersection(clip)

    def on_resize(self, event: events.Resize) -> None:
        """Rows are as wide as the view."""
        self._lay_out()
        self.post_message(self.Scrolled())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Tell that other rows are in sight."""
        super().watch_scroll_y(old_value, new_value)
        self.post_message(self.Scrolled())

    def _lay_out(self) -> None:
        # The bar may come or go by what we find; room for it is always left.
        width = self.size.width - 1
        if width > 0 and width != self._laid_out_for:
            self._laid_out_for = width
            self._rows = laid_out(self._lines, width)
            self.virtual_size = Size(width, len(self._rows))
            self.refresh()
            self.post_message(self.Scrolled())

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The text that is selected, as it stands in the rows."""
        return selection.extract("\n".join(f"{row.gutter}{row.text}" for row in self._rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what is selected."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row, by its place in the viewport."""
        number = y + self.scroll_offset.y
        width = self.size.width
        style = self.rich_style
        if number >= len(self._rows):
            return Strip.blank(width, style)
        row = self._rows[number]
        # Not a partial style: backgrounds that let ours through are mixed with it only so.
        said = self.get_component_rich_style(f"sheet--{row.kind}")
        gutter = said
        if row.kind not in ("added", "removed"):
            gutter = self.get_component_rich_style("sheet--gutter")
        strip = Strip([Segment(row.gutter, gutter), Segment(row.text, said)])
        strip = strip.adjust_cell_length(width, said if gutter is said else style)
        return self._selected(strip, number).apply_offsets(0, number)

    def _selected(self, strip: Strip, number: int) -> Strip:
        selection = self.text_selection
        span = None if selection is None else selection.get_span(number)
        if span is None:
            return strip
        start, end = span
        end = strip.cell_length if end == -1 else end
        style = self.screen.get_component_rich_style("screen--selection")
        parts = [
            strip.crop(0, start),
            strip.crop(start, end).apply_style(style),
            strip.crop(end, strip.cell_length),
        ]
        return Strip.join(parts)
