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
from meshbot_tui.widgets.line import Line
from meshbot_tui.widgets.messages.list import MessageList


class FilterLine(Line):
    """Where one says which messages are wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "submit", "To what is found")]


class MessagesPane(Vertical):
    """A line to filter and search, and the list."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search", key_display="/"),
        Binding("escape", "show_all", "Show all"),
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
        yield FilterLine(
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
    def filter_line(self) -> FilterLine:
        """Where one filters."""
        return self.query_one(FilterLine)

    def show(self, index: JournalIndex, total: int) -> None:
        """Show these of ``total`` messages."""
        self.list.show(index)
        shown = len(index)
        noun = "message" if total == 1 else "messages"
        text = f"{shown:,} {noun}" if shown == total else f"{shown:,} of {total:,} {noun}"
        if not total:
            text = "Nobody has said anything yet. @agent text, below, writes the first message."
        elif not shown:
            text = f"None of {total:,} {noun} fits; esc shows all."
        self.query_one("#count", Static).update(text)

    def action_search(self) -> None:
        """Type what to look for."""
        self.filter_line.focus()

    @on(Input.Changed, "#filter")
    def changed(self, event: Input.Changed) -> None:
        """As one types."""
        event.stop()
        self.refresh_bindings()
        self.post_message(self.Filtered(parsed(event.value), event.value))

    @on(Input.Submitted, "#filter")
    def submitted(self, event: Input.Submitted) -> None:
        """To what was found."""
        event.stop()
        self.list.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys do something here."""
        if not self.is_mounted or action not in ("search", "show_all"):
            return True
        is_there = self.filter_line.has_focus
        return not is_there if action == "search" else is_there or bool(self.filter_line.value)

    def action_show_all(self) -> None:
        """Everything again."""
        self.filter_line.value = ""
        self.list.focus()
