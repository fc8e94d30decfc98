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
from meshbot_tui.model.journal import MessageRow
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
            width: 90%; height: 90%; border: round $accent; background: $surface; padding: 0 1;
            border-subtitle-color: $text-muted;
        }
        & .head { color: $text-muted; padding: 1 0 0 0; }
        & .chosen-head { color: $accent; text-style: bold; padding: 1 0 0 0; }
        & .text { padding: 0 0 0 2; }
    }
    """

    def __init__(self, row: MessageRow, text: str, thread: Sequence[MessageRow]) -> None:
        super().__init__()
        self._row = row
        self._text = text
        self._thread = tuple(thread) or (row,)

    def compose(self) -> ComposeResult:
        """A head and a text for each message of the thread."""
        with VerticalScroll() as box:
            box.border_title = "Message" if len(self._thread) == 1 else "Thread"
            box.border_subtitle = "y copy   R send again   e answer   esc close"
            for row in self._thread:
                is_it = row.key == self._row.key
                head = Static(_head(row), markup=False, classes="chosen-head" if is_it else "head")
                yield head
                yield Static(Content(_shown(self._text if is_it else row.text)), classes="text")

    def on_mount(self) -> None:
        """The message that was opened is in view."""
        self.query_one(VerticalScroll).focus()
        for head in self.query(".chosen-head"):
            head.scroll_visible(animate=False)


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
