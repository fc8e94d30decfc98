"""One whole message, and the thread it stands in."""

import time
from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from meshbot_core.clients.text import plain, prose
from meshbot_tui.model.journal import Key, MessageRow
from meshbot_tui.screens.clickable import clickable
from meshbot_tui.widgets.messages.lines import clock_of, state_of

_MAX_CHARS = 200_000

Wanted = Literal["copy", "again", "answer"]


class MessageScreen(ModalScreen[Wanted | None]):
    """Shows a thread, oldest first; the message it was opened for is whole and marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Close"),
        Binding("y", "dismiss('copy')", "Copy"),
        Binding("R", "dismiss('again')", "Send again"),
        Binding("e", "dismiss('answer')", "Answer"),
    ]
    DEFAULT_CSS = """
    MessageScreen {
        align: center middle;
        & > VerticalScroll {
            width: 90%; height: auto; max-height: 90%; border: round $accent;
            background: $surface; padding: 0 1 1 1;
            border-subtitle-color: $text-muted;
        }
        & .head { color: $text-muted; padding: 1 0 0 0; }
        & .chosen-head { color: $accent; text-style: bold; padding: 1 0 0 0; }
        & .text { padding: 0 0 0 2; }
    }
    """

    def __init__(self, row: MessageRow, text: str, thread: Sequence[MessageRow]) -> None:
        super().__init__()
        self.row = row
        self._text = text
        self._thread = tuple(thread) or (row,)
        self._parts: dict[Key, tuple[Static, Static]] = {}

    def compose(self) -> ComposeResult:
        """A head and a text for each message of the thread."""
        with VerticalScroll() as box:
            box.border_title = self._title
            box.border_subtitle = clickable(
                ("y copy", "screen.dismiss('copy')"),
                ("R send again", "screen.dismiss('again')"),
                ("e answer", "screen.dismiss('answer')"),
                ("esc close", "screen.dismiss(None)"),
            )
            for row in self._thread:
                yield from self._made(row)

    def _made(self, row: MessageRow) -> tuple[Static, Static]:
        is_it = row.key == self.row.key
        head = Static(_head(row), markup=False, classes="chosen-head" if is_it else "head")
        text = Static(Content(_shown(self._text if is_it else row.text)), classes="text")
        self._parts[row.key] = (head, text)
        return head, text

    @property
    def _title(self) -> str:
        return "Message" if len(self._thread) == 1 else "Thread"

    def show(self, thread: Sequence[MessageRow]) -> None:
        """The thread as it is now: what came stands in it, and how far each message got."""
        box = next(iter(self.query(VerticalScroll)), None)
        if not thread or box is None or not self.is_attached:
            return  # closed meanwhile, perhaps
        self._thread = tuple(thread)
        box.border_title = self._title
        above: Static | None = None
        for row in self._thread:
            if (parts := self._parts.get(row.key)) is None:
                parts = self._made(row)
                # What is read keeps its place: the newest stands below.
                box.mount(*parts, after=above) if above else box.mount(*parts, before=0)
            else:
                parts[0].update(_head(row))
            above = parts[1]

    def on_mount(self) -> None:
        """The message that was opened is in view, not its head alone."""
        self.query_one(VerticalScroll).focus()
        for head in self.query(".chosen-head"):
            head.scroll_visible(animate=False, top=True)


def _head(row: MessageRow) -> str:
    word, _ = state_of(row)
    when = clock_of(row.at_ms, int(time.time() * 1000))
    kind = {"message": "message", "ask": "question", "response": "answer"}.get(row.kind, row.kind)
    words = [f"{plain(row.sender)} → {plain(row.to)}", kind, word, when, plain(row.id)]
    return "   ".join([*words, plain(row.error)] if row.error else words)


def _shown(text: str) -> str:
    if len(text) <= _MAX_CHARS:
        return prose(text)
    return f"{prose(text[:_MAX_CHARS])}\n… {len(text) - _MAX_CHARS:,} more characters; y copies all"
