"""A virtual list of messages: rows are asked for as they come into view."""

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from meshbot_tui.model.journal import JournalIndex, Key, MessageRow
from meshbot_tui.widgets.messages.lines import parts_of
from meshbot_tui.widgets.tail import TailView

_MAX_KEPT: Final = 4000
_AHEAD: Final = 40
"""Rows that are asked for beyond what is seen, so that scrolling meets none that is missing."""
_LATE: Final = " …"


class MessageList(TailView):
    """All messages, newest at the bottom; live there, and still under who reads further up."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000000)", show=False),
        Binding("end,G", "move(1000000000)", show=False),
        Binding("enter", "open", "Open"),
        Binding("y", "copy", "Copy"),
        Binding("R", "again", "Send again"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"messages--{part}"
        for part in ("quiet", "good", "warn", "bad", "route", "kind", "text", "chosen", "mark")
    }
    DEFAULT_CSS = """
    MessageList {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .messages--quiet { color: $text-muted; }
        & > .messages--good { color: $success; }
        & > .messages--warn { color: $warning; }
        & > .messages--bad { color: $error; text-style: bold; }
        & > .messages--route { color: $accent; }
        & > .messages--kind { color: $text-muted; }
        & > .messages--text { color: $text; }
        & > .messages--chosen { color: $text; background: $primary 15%; }
        & > .messages--mark { color: $accent; }
        &:focus > .messages--chosen { color: $text; background: $primary 35%; text-style: bold; }
        /* Sixteen colours do not mix. */
        &:ansi > .messages--chosen { background: transparent; text-style: bold; }
        &:ansi:focus > .messages--chosen { text-style: bold reverse; }
    }
    """

    @dataclass
    class RowsWanted(Message):
        """These rows are to be given to ``fill``."""

        keys: tuple[Key, ...]

    @dataclass
    class Opened(Message):
        """The whole message and its thread are wanted."""

        row: MessageRow

    @dataclass
    class CopyWanted(Message):
        """Its text is to be copied."""

        row: MessageRow

    @dataclass
    class AgainWanted(Message):
        """It is to be sent again."""

        row: MessageRow

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._index: JournalIndex | None = None
        self._rows: dict[Key, MessageRow] = {}
        self._asked: set[Key] = set()
        self._stale: set[Key] = set()
        """Rows that may have changed; they are asked for again as they come into view."""
        self._chosen: Key | None = None
        self._wish: Callable[[MessageRow], Message] | None = None
        """What is to be done with the chosen message as soon as its row has come."""

    @property
    def count(self) -> int:
        """How many messages there are."""
        return 0 if self._index is None else len(self._index)

    @property
    def chosen(self) -> MessageRow | None:
        """The message under the cursor, when its row is there."""
        return None if self._chosen is None else self._rows.get(self._chosen)

    # -- values

    def show(self, index: JournalIndex) -> None:
        """Show these messages; what is read stays where it is."""
        read, height = self._read
        self._index = index
        self.virtual_size = Size(self.size.width, len(index))
        if self.is_live or self._position() is None:
            self._go(len(index) - 1)
        elif read is not None and (place := index.position_of(read)) is not None:
            self.scroll_to_line(max(0, place - height))
            self._want()
            self.refresh()
        else:
            self._choose(self._chosen, is_live=False)

    def fill(self, rows: Iterable[MessageRow]) -> None:
        """Rows that were asked for; one that was forgotten meanwhile is shown, and asked again."""
        for row in rows:
            self._rows.pop(row.key, None)
            self._rows[row.key] = row
            if row.key in self._asked:
                self._asked.remove(row.key)
                self._stale.discard(row.key)
            else:
                self._stale.add(row.key)
        if (wish := self._wish) is not None and (chosen := self.chosen) is not None:
            self._wish = None
            self.post_message(wish(chosen))
        while len(self._rows) > _MAX_KEPT:
            oldest = next(iter(self._rows))
            del self._rows[oldest]
            self._stale.discard(oldest)
        self.refresh()

    def forget(self, agents: Collection[str]) -> None:
        """The states of these agents' messages may have changed: ask again."""
        # What is on its way was perhaps read before the change.
        self._asked = {key for key in self._asked if not self._may_be_of(key, agents)}
        self._stale.update(key for key in self._rows if self._may_be_of(key, agents))
        self._want()

    def drop(self, agents: Collection[str]) -> None:
        """These agents' journals are gone; others of the same names would begin anew."""
        self._rows = {key: row for key, row in self._rows.items() if key[0] not in agents}
        self._asked = {key for key in self._asked if key[0] not in agents}
        self._stale = {key for key in self._stale if key[0] not in agents}

    def _may_be_of(self, key: Key, agents: Collection[str]) -> bool:
        """Whether one of them keeps the message, or got it: both have a part in its state."""
        row = self._rows.get(key)
        return key[0] in agents or row is None or row.to in agents

    # -- where one is

    def _position(self) -> int | None:
        if self._index is None or self._chosen is None:
            return None
        return self._index.position_of(self._chosen)

    def _key_of(self, place: int) -> Key | None:
        if self._index is None or not 0 <= place < len(self._index):
            return None
        return self._index.key_at(place)

    @property
    def _read(self) -> tuple[Key | None, int]:
        """What stays where it is: the chosen message when it is in view, else the first one.

        Also, how far below the first row it stands.
        """
        place, top = self._position(), self.top
        if place is not None and top <= place < top + self.size.height:
            return self._chosen, place - top
        return self._key_of(top), 0

    def _go(self, place: int) -> None:
        last = self.count - 1
        place = min(max(place, 0), max(last, 0))
        self._choose(self._key_of(place), is_live=place >= last)

    def _choose(self, key: Key | None, *, is_live: bool) -> None:
        if key != self._chosen:
            self._chosen, self._wish = key, None
        self.is_live = is_live
        if self.is_live:
            self.follow()
        elif (place := self._position()) is not None:
            height = max(1, self.scrollable_content_region.height)
            self.scroll_to_line(min(max(self.top, place - height + 1), place))
        self._want()
        self.refresh()

    def action_move(self, by: int) -> None:
        """Go up or down."""
        place = self._position()
        self._go((self.count - 1 if place is None else place) + by)

    def action_page(self, by: int) -> None:
        """Go a page up or down."""
        self.action_move(by * max(1, self.scrollable_content_region.height - 1))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Whatever comes into view is asked for."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def may_follow(self) -> bool:
        """Who chose another message reads that one."""
        return self._position() == self.count - 1

    def on_resize(self, event: events.Resize) -> None:
        """More or fewer rows are in view."""
        self.virtual_size = Size(event.size.width, self.count)
        if self.is_live:
            self.follow()
        self._want()

    def _want(self) -> None:
        if self._index is None:
            return
        # The newest are there already when the list is turned to for the first time.
        height = self.size.height or self.app.size.height
        top = self.top if self.size else max(0, self.count - height)
        first = max(0, top - _AHEAD)
        last = min(self.count, top + height + _AHEAD)
        keys = [self._index.key_at(place) for place in range(first, last)]
        missing = [
            key
            for key in keys
            if key not in self._asked and (key in self._stale or key not in self._rows)
        ]
        if missing:
            self._asked.update(missing)
            self.post_message(self.RowsWanted(tuple(missing)))

    # -- what is done with one

    def action_open(self) -> None:
        """The whole message."""
        self._do(self.Opened)

    def action_copy(self) -> None:
        """Its text."""
        self._do(self.CopyWanted)

    def action_again(self) -> None:
        """Once more, to the same agent."""
        self._do(self.AgainWanted)

    def _do(self, wish: Callable[[MessageRow], Message]) -> None:
        if (row := self.chosen) is not None:
            self.post_message(wish(row))
        elif self._chosen is not None:
            self._wish = wish

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one opens."""
        place = event.y + self.top
        if place < self.count:
            self._choose(self._key_of(place), is_live=place == self.count - 1)
            if event.chain > 1:
                self.action_open()

    # -- drawing

    def render_line(self, y: int) -> Strip:
        """One message, by its place in the viewport."""
        width = self.scrollable_content_region.width
        key = self._key_of(y + self.top)
        style = self.rich_style
        if key is None:
            return Strip.blank(width, style)
        row = self._rows.get(key)
        parts = parts_of(row, width, int(time.time() * 1000)) if row else (("quiet", _LATE),)
        over = Style()
        if key == self._chosen:
            chosen = self.get_component_rich_style("messages--chosen")
            over = Style(bgcolor=chosen.bgcolor, bold=chosen.bold, reverse=chosen.reverse)
            (part, text), *others = parts
            parts = (("mark", "▌"), (part, text[1:]), *others)
        segments = [
            Segment(text, self.get_component_rich_style(f"messages--{part}") + over)
            for part, text in parts
        ]
        return Strip(segments).adjust_cell_length(width, style + over)
