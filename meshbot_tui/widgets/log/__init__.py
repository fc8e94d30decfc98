"""What a session without a screen did, line by line."""

from collections import deque
from collections.abc import Iterable
from typing import ClassVar, Final

from rich.segment import Segment
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshbot_core.clients.text import plain

_MAX_LINES: Final = 2000
_TIME_CHARS: Final = len("2026-11-24T10:00:00.000Z ")


class SessionLog(ScrollView, can_focus=True):
    """The session's log; stays at its end unless somebody has scrolled back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.leave_pane", show=False)]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--time", "log--bad"}
    DEFAULT_CSS = """
    SessionLog {
        overflow-x: hidden;
        & > .log--time { color: $text-muted; }
        & > .log--bad { color: $error; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._texts: deque[str] = deque(maxlen=_MAX_LINES)

    def begin(self) -> None:
        """Show another agent's."""
        self._texts.clear()
        self._sized(is_at_end=True)

    def add(self, texts: Iterable[str]) -> None:
        """Lines of the log."""
        is_at_end = self.scroll_offset.y >= self.max_scroll_y - 1
        self._texts.extend(plain(text) for text in texts)
        self._sized(is_at_end=is_at_end)

    def _sized(self, *, is_at_end: bool) -> None:
        self.virtual_size = Size(self.size.width, len(self._texts))
        if is_at_end:
            self.scroll_end(animate=False, immediate=True)
        self.refresh()

    def on_resize(self) -> None:
        """Lines are as wide as the pane."""
        self.virtual_size = Size(self.size.width, len(self._texts))

    def render_line(self, y: int) -> Strip:
        """One line, by its place in the viewport."""
        number = y + self.scroll_offset.y
        width = self.size.width
        if number >= len(self._texts):
            return Strip.blank(width, self.rich_style)
        text = self._texts[number]
        stamp, rest = text[11:19], text[_TIME_CHARS:]
        style, muted = self.rich_style, self.get_component_rich_style("log--time")
        is_bad = rest.startswith(("failed", "state crashed", "error"))
        said = self.get_component_rich_style("log--bad") if is_bad else style
        return (
            Strip([Segment(f" {stamp}  ", muted), Segment(rest, said)])
            .adjust_cell_length(width, style)
            .crop(0, width)
        )
