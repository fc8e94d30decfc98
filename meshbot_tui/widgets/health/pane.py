"""How every peer is, and who came and went."""

from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from meshbot_core.clients.text import plain
from meshbot_tui.model.picture import Change, Peer, Picture
from meshbot_tui.widgets.health.lines import detail_of, line_of
from meshbot_tui.widgets.health.table import PeerTable

_MAX_CHANGES: Final = 100
_NAMED: Final = 5


class HealthPane(Widget):
    """Takes the picture by ``show``."""

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    HealthPane {
        layout: vertical;
        & > #summary { height: 1; text-style: bold; padding: 0 1; }
        & > #heading { height: 1; color: $text-muted; text-style: underline; }
        & > PeerTable { height: 1fr; min-height: 3; }
        & > #detail { height: auto; max-height: 4; padding: 0 1; color: $text-muted; }
        & > #changes {
            height: auto; max-height: 6; padding: 0 1;
            border-top: solid $panel; border-title-color: $text-muted;
        }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._now_ms = 0
        self._changes: tuple[Change, ...] = ()
        self._shown: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Summary, table, the chosen peer, who came and went."""
        yield Static(id="summary", markup=False)
        yield Static(id="heading", markup=False)
        yield PeerTable()
        yield Static(id="detail", markup=False)
        changes = Static(id="changes", markup=False)
        changes.border_title = "Came and went"
        yield changes

    def show(self, picture: Picture, now_ms: int) -> None:
        """Show how the peers are at ``now_ms``; those that are down come first."""
        peers = [peer for name, peer in picture.peers.items() if name != picture.operator]
        peers.sort(key=lambda peer: (peer.is_online, peer.name))
        self._now_ms = now_ms
        found = sorted(change for peer in peers for change in peer.changes)
        self._changes = tuple(found[-_MAX_CHANGES:])
        self.table.show(tuple(peers), now_ms)
        self._say("summary", _summary(peers))
        self._say_rest()

    @property
    def table(self) -> PeerTable:
        """The peers."""
        return self.query_one(PeerTable)

    @on(PeerTable.Chosen)
    def chosen(self) -> None:
        """Tell all of another peer."""
        self._say_rest()

    def on_resize(self) -> None:
        """Columns are as wide as there is room."""
        self.call_after_refresh(self._say_rest)

    def _say_rest(self) -> None:
        peer = self.table.peer
        self._say("heading", self.table.heading)
        self._say("detail", detail_of(peer, self._now_ms) if peer is not None else "")
        rows = [line_of(change) for change in reversed(self._changes)]
        self._say("changes", "\n".join(rows) or "Nobody, since the console runs.")

    def _say(self, part: str, text: str) -> None:
        if self._shown.get(part) != text:
            self._shown[part] = text
            self.query_one(f"#{part}", Static).update(Content(text))


def _summary(peers: list[Peer]) -> str:
    if not peers:
        return "No peer was looked at so far."
    down = [plain(peer.name) for peer in peers if not peer.is_online]
    if not down:
        return f"All {len(peers)} up" if len(peers) > 1 else "1 up"
    named = ", ".join(down[:_NAMED]) + (" …" if len(down) > _NAMED else "")
    return f"{len(peers) - len(down)} up, {len(down)} down: {named}"
