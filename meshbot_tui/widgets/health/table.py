"""The peers, one line each."""

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshbot_core.clients.text import plain
from meshbot_tui.model.picture import Peer
from meshbot_tui.widgets.health.lines import Columns, end_of, heading, parts_of


class PeerTable(ScrollView, can_focus=True):
    """Lines are made once and kept until their peer, the width or the time's bar changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Choose", show=False),
        Binding("down,j", "choose(1)", "Choose", show=False),
        Binding("pageup", "page(-1)", "Page", show=False),
        Binding("pagedown,space", "page(1)", "Page", show=False),
        Binding("home", "choose(-100000)", "First", show=False),
        Binding("end", "choose(100000)", "Last", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"health--{tone}" for tone in ("good", "bad", "warn", "name", "quiet", "spark", "chosen")
    }
    DEFAULT_CSS = """
    PeerTable {
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .health--good { color: $text-success; }
        & > .health--bad { color: $text-error; text-style: bold; }
        & > .health--warn { color: $text-warning; }
        & > .health--name { color: $text; }
        & > .health--quiet { color: $text-muted; }
        & > .health--spark { color: $text-muted; }
        & > .health--chosen { background: $boost; text-style: bold; }
        &:focus > .health--chosen { background: $primary 40%; text-style: bold; }
        /* Sixteen colours do not mix. */
        &:ansi > .health--chosen { background: transparent; text-style: bold; }
        &:ansi:focus > .health--chosen { text-style: bold reverse; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Another peer is looked at."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._peers: tuple[Peer, ...] = ()
        self._names: dict[str, int] = {}
        self._now_ms = 0
        self._columns = Columns.of(80, 0)
        self._strips: dict[str, tuple[Peer, int, bool, Strip]] = {}
        self.chosen: str | None = None

    def show(self, peers: tuple[Peer, ...], now_ms: int) -> None:
        """Show these; only lines that read differently are drawn."""
        names = tuple(self._names)
        before, self._peers = self._peers, peers
        was_end = self._end_ms
        self._names = {peer.name: number for number, peer in enumerate(peers)}
        self._now_ms = now_ms
        if tuple(self._names) != names:
            self._strips = {
                name: kept for name, kept in self._strips.items() if name in self._names
            }
            self._share_out()
        elif was_end != self._end_ms:
            self.refresh()
        else:
            self._refresh_changed(before)
        if self.chosen not in self._names and peers:
            self.choose(peers[0].name)

    def _refresh_changed(self, before: tuple[Peer, ...]) -> None:
        for number, (old, new) in enumerate(zip(before, self._peers, strict=True)):
            if old is not new:
                self._refresh_line(number)

    def _refresh_line(self, number: int) -> None:
        y = number - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _share_out(self) -> None:
        longest = max((cell_len(plain(peer.name)) for peer in self._peers), default=0)
        columns = Columns.of(self.size.width, longest)
        if columns != self._columns:
            self._columns = columns
            self._strips.clear()
        self.virtual_size = Size(self.size.width, len(self._peers))
        self.refresh()

    @property
    def _end_ms(self) -> int:
        return end_of(self._now_ms, self._columns.spark)

    @property
    def heading(self) -> str:
        """The names of the columns, as wide as they are."""
        return heading(self._columns)

    @property
    def peer(self) -> Peer | None:
        """The chosen one."""
        number = self._names.get(self.chosen or "")
        return None if number is None else self._peers[number]

    def choose(self, name: str) -> None:
        """Choose this peer, and tell."""
        if name == self.chosen or name not in self._names:
            return
        before, self.chosen = self.chosen, name
        self.scroll_to_region(Region(0, self._names[name], 1, 1), animate=False)
        for each in (before, name):
            if each in self._names:
                self._refresh_line(self._names[each])
        self.post_message(self.Chosen(name))

    def action_choose(self, by: int) -> None:
        """Choose the peer ``by`` places further down."""
        if self._peers:
            at = self._names.get(self.chosen or "", 0)
            self.choose(self._peers[min(max(at + by, 0), len(self._peers) - 1)].name)

    def action_page(self, by: int) -> None:
        """Choose the peer a page further down."""
        self.action_choose(by * max(1, self.size.height - 1))

    def on_click(self, event: events.Click) -> None:
        """A click chooses."""
        number = event.y + self.scroll_offset.y
        if number < len(self._peers):
            self.choose(self._peers[number].name)

    def on_resize(self, event: events.Resize) -> None:
        """Lines are as wide as the table."""
        self._strips.clear()
        self._share_out()

    def notify_style_update(self) -> None:
        """Other colours."""
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One line, by its place in the viewport."""
        number = y + self.scroll_offset.y
        if number >= len(self._peers):
            return Strip.blank(self.size.width, self.rich_style)
        peer = self._peers[number]
        is_chosen, end_ms = peer.name == self.chosen, self._end_ms
        # The style of what is chosen depends on who has the keys.
        is_lit = is_chosen and self.has_focus
        match self._strips.get(peer.name):
            case (kept, at, lit, strip) if kept is peer and at == end_ms and lit == is_lit:
                if not is_chosen:
                    return strip
            case _:
                pass
        strip = self._strip(peer, end_ms, is_chosen=is_chosen)
        if not is_chosen:
            self._strips[peer.name] = (peer, end_ms, is_lit, strip)
        return strip

    def _strip(self, peer: Peer, end_ms: int, *, is_chosen: bool) -> Strip:
        style = self.get_component_rich_style("health--chosen") if is_chosen else self.rich_style
        # Whole styles, not partial ones: what lets the ground through is mixed only in those.
        over = Style(bgcolor=style.bgcolor, bold=style.bold, reverse=style.reverse)
        segments = [
            Segment(text, self.get_component_rich_style(f"health--{tone}") + over)
            for tone, text in parts_of(peer, self._columns, end_ms)
        ]
        if is_chosen:
            segments[0] = Segment(f"▌{segments[0].text[1:]}", segments[0].style)
        return Strip(segments).adjust_cell_length(self.size.width, style)
