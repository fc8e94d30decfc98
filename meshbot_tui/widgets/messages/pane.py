"""The list of messages and what chooses among them."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from meshbot_tui.model.filters import Filter, parsed
from meshbot_tui.model.journal import JournalIndex
from meshbot_tui.widgets.messages.list import MessageList


class MessagesPane(Vertical):
    """A line to filter and search, and the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
    ]
    DEFAULT_CSS = """
    MessagesPane {
        & > #filter { height: 1; border: none; padding: 0 1; background: $surface; }
        & > #filter:focus { background: $boost; }
        & > MessageList { height: 1fr; }
        & > #count { height: 1; padding: 0 1; color: $text-muted; }
    }
    """

    @dataclass
    class Filtered(Message):
        """Other messages are to be shown."""

        filter: Filter
        line: str

    def compose(self) -> ComposeResult:
        """Filter, list, and how many there are."""
        yield Input(
            placeholder="/  words to find   @agent   @one>other   kind:ask",
            id="filter",
            compact=True,
        )
        yield MessageList(id="list")
        yield Static(id="count", markup=False)

    @property
    def list(self) -> MessageList:
        """The messages."""
        return self.query_one(MessageList)

    @property
    def filter_line(self) -> Input:
        """Where one filters."""
        return self.query_one("#filter", Input)

    def show(self, index: JournalIndex, total: int) -> None:
        """Show these of ``total`` messages."""
        self.list.show(index)
        shown = len(index)
        text = f"{shown:,} messages" if shown == total else f"{shown:,} of {total:,} messages"
        if not total:
            text = "Nobody has said anything yet. @agent text, below, writes the first message."
        elif not shown:
            text = f"None of {total:,} messages fits; esc shows all."
        self.query_one("#count", Static).update(text)

    def action_search(self) -> None:
        """Type what to look for."""
        self.filter_line.focus()

    @on(Input.Changed, "#filter")
    def changed(self, event: Input.Changed) -> None:
        """As one types."""
        event.stop()
        self.post_message(self.Filtered(parsed(event.value), event.value))

    @on(Input.Submitted, "#filter")
    def submitted(self, event: Input.Submitted) -> None:
        """To what was found."""
        event.stop()
        self.list.focus()

    def key_escape(self) -> None:
        """Everything again."""
        self.filter_line.value = ""
        self.list.focus()
