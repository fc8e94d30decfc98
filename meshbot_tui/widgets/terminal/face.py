"""The drawing half of the terminal widget: bytes become lines."""

from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from meshbot_core.clients.text import plain
from meshbot_core.terminal.screen import ScrollbackPage
from meshbot_tui.widgets.terminal.history import PAGE_LINES
from meshbot_tui.widgets.terminal.pacing import Pace
from meshbot_tui.widgets.terminal.picture import Picture

_SYNCHRONIZED: Final = 2026
_SIZE: Final = (80, 24)
_SAID: Final = Style(reverse=True, bold=True)


class ScreenFace(Widget):
    """A program's screen; what comes of its bytes is told to the methods at the end."""

    DEFAULT_CSS = """
    ScreenFace { width: 1fr; height: 1fr; background: #0c0c0c; color: #d0d0d0; }
    """
    ALLOW_SELECT = False

    def __init__(
        self,
        *,
        id: str | None = None,  # noqa: A002 - Textual's own word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._picture = Picture(*_SIZE)
        self._pace = Pace(self._read, self._draw, self._is_held, self.call_later)
        self._notice = ""
        self._wanted_back = 0

    @property
    def title(self) -> str:
        """The title that the program gave its window."""
        return self._picture.screen.title

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Column and row of the program's cursor on its screen, None when it is hidden."""
        return self._picture.screen.cursor

    @property
    def is_behind(self) -> bool:
        """Whether bytes wait to be read, or what came of them to be drawn."""
        return self._pace.is_behind

    def repaint(self, columns: int, rows: int, data: bytes) -> None:
        """Begin anew with this screen; what was above it is forgotten."""
        self._pace.drop()
        self._picture = Picture(columns, rows, is_cursor_full=self._picture.is_cursor_full)
        self._picture.feed(data)
        self._notice = ""
        self._wanted_back = 0
        self._fit()
        self.refresh()

    def feed(self, data: bytes) -> None:
        """Let the program write ``data``: drawn soon, an echo of a key at once."""
        self._pace.add(data)

    def show_notice(self, text: str) -> None:
        """Say something over the last row, until the next repaint."""
        self._notice = plain(text)
        self.refresh()

    def add_scrollback(self, page: ScrollbackPage) -> None:
        """Older lines have come."""
        self._picture.history.add_page(page)
        wanted, self._wanted_back = self._wanted_back, 0
        if wanted:
            self.scroll_back(wanted)
        self.refresh()

    def scroll_back(self, lines: int) -> None:
        """Move the window up by ``lines``, down if negative; older lines are asked for."""
        picture = self._picture
        if lines > 0 and not picture.history.is_begun:
            self._wanted_back = min(self._wanted_back + lines, PAGE_LINES)
            self._want_older()
            return
        picture.back = min(max(picture.back + lines, 0), picture.most_back)
        if picture.back == 0:
            self.follow()
        elif picture.back + 2 * self.size.height > picture.most_back:
            self._want_older()
        self.refresh()

    def follow(self) -> None:
        """Show what the program does now; the lines above are fetched again when wanted."""
        self._wanted_back = 0
        if self._picture.back:
            self.refresh()
        self._picture.follow()

    def _want_older(self) -> None:
        history = self._picture.history
        if not history.is_asked and not history.is_whole:
            history.is_asked = True
            self.scrollback_wanted(history.before, PAGE_LINES)

    def _read(self, data: bytes) -> None:
        # What the program asks its terminal is answered by the host, for all who look on.
        if self._picture.feed(data).bells:
            self.rang()

    def _draw(self, is_urgent: bool) -> None:
        rows = self._picture.take_changed_rows()
        if rows is None:
            self.refresh()
        elif rows:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in rows))
        if is_urgent and rows != set():
            self._draw_now()

    def _draw_now(self) -> None:
        """Do what Textual would do at the next beat of its sixty a second."""
        if not self.is_attached or not self.screen.is_current or self.app._batch_count:  # noqa: SLF001
            return
        # There is no public way; a beat is up to 16 ms of a key's way to the eye.
        self.screen._compositor.update_widgets({self})  # noqa: SLF001
        self.screen._compositor_refresh()  # noqa: SLF001

    def _is_held(self) -> bool:
        return _SYNCHRONIZED in self._picture.screen.modes

    def _fit(self) -> None:
        self._picture.fit(*self.size, self.rich_style)

    def on_resize(self) -> None:
        """The window on the screen is as large as the widget."""
        self._fit()
        # Textual may have drawn it before it told the new size.
        self.refresh()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Some rows; the colours may be others than the last time."""
        self._fit()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """A row, with what is said over it."""
        strip = self._picture.row(y)
        if y == 0 and (mark := self.mark()):
            strip = _over(strip, mark, at_end=True)
        if self._notice and y == self.size.height - 1:
            strip = _over(strip, self._notice, at_end=False)
        return strip

    def mark(self) -> str:
        """What stands in the upper right corner."""
        back = self._picture.back
        return f"↑ {back} line{'s' if back > 1 else ''}" if back else ""

    def rang(self) -> None:
        """The program rang the bell."""

    def scrollback_wanted(self, before: int | None, limit: int) -> None:
        """Older lines are wanted, by ``add_scrollback``."""


def _over(strip: Strip, text: str, *, at_end: bool) -> Strip:
    width = strip.cell_length
    said = Strip([Segment(f" {text} ", _SAID)])
    said = said.crop(0, width)
    begin = width - said.cell_length if at_end else 0
    end = begin + said.cell_length
    return Strip([*strip.crop(0, begin), *said, *strip.crop(end, width)], width)
