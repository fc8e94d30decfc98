"""The chosen agent: its screen, or the log of a session that has none."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widgets import ContentSwitcher, Static

from meshbot_core.clients.text import plain
from meshbot_tui.model.attention import Row
from meshbot_tui.widgets.log import SessionLog
from meshbot_tui.widgets.terminal import TerminalView

Face = Literal["screen", "log", "words"]

LEAVE_HINT = "keys go here, ctrl+] leaves"
_HINTS: Final = {
    "screen": ("enter: type here", LEAVE_HINT),
    "log": ("enter: read back", "keys scroll, esc leaves"),
}
"""What stands at a face's foot while others have the keys, and while it has them."""


class AgentPane(Container):
    """A frame that tells whose it is, and whether the keys go there."""

    DEFAULT_CSS = """
    AgentPane {
        border: round $panel-lighten-2;
        border-title-color: $text;
        border-subtitle-color: $text-muted;
        &.-has-keys { border: heavy $accent; border-subtitle-color: $accent; }
        & > ContentSwitcher { height: 1fr; }
        & .words { padding: 1 2; color: $text-muted; }
    }
    """

    _said = ""

    @dataclass
    class Sized(Message):
        """The room for a screen is this large now."""

        columns: int
        rows: int

    def on_resize(self) -> None:
        """There is more room, or less."""
        size = self.room
        if size.area:
            self.post_message(self.Sized(size.width, size.height))

    def compose(self) -> ComposeResult:
        """Three faces, one of them shown."""
        with ContentSwitcher(initial="words"):
            yield TerminalView(id="screen")
            yield SessionLog(id="log")
            yield Static(id="words", classes="words", markup=False)

    @property
    def screen_view(self) -> TerminalView:
        """The face that shows a screen."""
        return self.query_one("#screen", TerminalView)

    @property
    def log_view(self) -> SessionLog:
        """The face that shows a log."""
        return self.query_one("#log", SessionLog)

    @property
    def room(self) -> Size:
        """How large a screen may be here."""
        return self.query_one(ContentSwitcher).size

    @property
    def face(self) -> str:
        """Which face is shown."""
        return self.query_one(ContentSwitcher).current or "words"

    def turn(self, face: Face) -> None:
        """Show this face."""
        self.query_one(ContentSwitcher).current = face

    def say(self, text: str) -> None:
        """Show words in place of a screen."""
        self.query_one("#words", Static).update(Content(text))
        self.turn("words")

    def describe(self, row: Row | None, title: str = "") -> None:
        """Whose pane it is, and what it does."""
        if row is None:
            self._said = ""
            self.border_title = ""
            return
        words = [plain(row.name), f"{row.look.mark} {row.look.word}", plain(title)]
        title = "  ".join(word for word in words if word)
        if title != self._said:
            self._said = title
            self.border_title = Content(title).markup

    def mark_keys(self, *, has_keys: bool) -> None:
        """Whether the keys go to this pane."""
        self.set_class(has_keys, "-has-keys")
        hint = _HINTS.get(self.face, ("", ""))[has_keys]
        if hint != self.border_subtitle:
            self.border_subtitle = hint

    def on_descendant_focus(self) -> None:
        """The log has the keys as soon as it has the focus; a screen says when it takes them."""
        if self.face == "log":
            self.mark_keys(has_keys=True)

    def on_descendant_blur(self) -> None:
        """Somebody else has them."""
        if self.face == "log":
            self.mark_keys(has_keys=False)

    def add_log(self, texts: Iterable[str]) -> None:
        """More of the log."""
        self.log_view.add(texts)
