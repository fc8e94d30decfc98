"""What waits, one line each, oldest first."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshbot_tui.widgets.approvals.entries import Entry, Key

_NAME_WIDTH = 16


class AskList(ScrollView, can_focus=True, inherit_bindings=False):
    """The entries, one of them chosen, or none.

    Keys that turn pages are the pane's: they turn those of what is read, however long the list is.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Choose", show=False),
        Binding("down,j", "choose(1)", "Choose", show=False),
        Binding("home", "choose(-100000)", "First", show=False),
        Binding("end", "choose(100000)", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"asks--mark", "asks--quiet", "asks--chosen"}
    DEFAULT_CSS = """
    AskList {
        background: $surface;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .asks--mark { color: $text-warning; text-style: bold; }
        & > .asks--quiet { color: $text-muted; }
        & > .asks--chosen { background: $boost; text-style: bold; }
        &:focus > .asks--chosen { background: $primary 40%; text-style: bold; }
        /* Sixteen colours do not mix. */
        &:ansi > .asks--chosen { background: transparent; text-style: bold; }
        &:ansi:focus > .asks--chosen { text-style: bold reverse; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Another entry is looked at."""

        key: Key

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[Entry, ...] = ()
        self._sent: frozenset[Key] = frozenset()
        self._now_ms = 0
        self._said: tuple[str, ...] = ()
        self._place = 0
        self.chosen: Key | None = None

    def show(
        self, entries: tuple[Entry, ...], chosen: Key | None, sent: frozenset[Key], now_ms: int
    ) -> None:
        """Show these; the chosen one stays at its height under the reader."""
        before = self._index(chosen)
        self._entries, self._sent = entries, sent
        after = self._index(chosen)
        self.chosen = chosen
        self.virtual_size = Size(self.size.width, len(entries))
        if before is not None and after is not None and before != after:
            self.scroll_relative(y=after - before, animate=False, immediate=True)
        self._said = ()
        self.tick(now_ms)

    def _index(self, key: Key | None) -> int | None:
        found = (number for number, entry in enumerate(self._entries) if entry.key == key)
        number = next(found, None)
        if number is not None:
            self._place = number
        return number

    def tick(self, now_ms: int) -> None:
        """The time goes on; nothing is drawn when nothing reads differently."""
        said = tuple(entry.brief(now_ms) for entry in self._entries)
        self._now_ms = now_ms
        if said != self._said or not said:
            self._said = said
            self.refresh()

    def choose(self, key: Key) -> None:
        """Choose this one, and tell."""
        if key == self.chosen:
            return
        self.chosen = key
        if (number := self._index(key)) is not None:
            self.scroll_to_region(Region(0, number, 1, 1), animate=False)
        self.refresh()
        self.post_message(self.Chosen(key))

    def action_choose(self, by: int) -> None:
        """Choose the one ``by`` places further down."""
        if not self._entries:
            return
        at = self._index(self.chosen)
        # The chosen one is gone: what came after it stands in its place now.
        to = at + by if at is not None else self._place + min(by, 0)
        self.choose(self._entries[min(max(to, 0), len(self._entries) - 1)].key)

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        number = event.y + self.scroll_offset.y
        if number < len(self._entries):
            self.choose(self._entries[number].key)

    def on_resize(self, event: events.Resize) -> None:
        """Lines are as wide as the list."""
        self.virtual_size = Size(event.size.width, len(self._entries))

    def render_line(self, y: int) -> Strip:
        """One line, by its place in the viewport."""
        number = y + self.scroll_offset.y
        width = self.size.width
        if number >= len(self._entries):
            return Strip.blank(width, self.rich_style)
        entry = self._entries[number]
        is_chosen = entry.key == self.chosen
        style = self.get_component_rich_style("asks--chosen") if is_chosen else self.rich_style
        # Whole styles, not partial ones: what lets the ground through is mixed only in those.
        over = Style(bgcolor=style.bgcolor, bold=style.bold, reverse=style.reverse)
        mark = self.get_component_rich_style("asks--mark") + over
        quiet = self.get_component_rich_style("asks--quiet") + over
        is_sent = entry.key in self._sent
        right = f" {'sent' if is_sent else self._said[number]} "
        name = _fit(entry.agent, min(_NAME_WIDTH, cell_len(entry.agent)))
        room = width - 4 - cell_len(name) - cell_len(right)
        segments = [
            Segment("▌" if is_chosen else " ", mark),
            Segment(f"{'…' if is_sent else entry.mark} ", quiet if is_sent else mark),
            Segment(f"{name} ", style),
            Segment(_fit(entry.gist, max(0, room)), quiet if is_sent else style),
            Segment(right, quiet),
        ]
        return Strip(segments).adjust_cell_length(width, style)


def _fit(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, max(0, width - 1)).rstrip() + "…", width)
