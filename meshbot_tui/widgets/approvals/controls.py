"""Buttons for the mouse, and the line for a reason or an answer."""

from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Label

from meshbot_tui.widgets.approvals.entries import Key
from meshbot_tui.widgets.line import ProseLine


class Action(Button, can_focus=False):
    """A button for the mouse; the keys do the same, so it never has them."""


_LABELS: Final = {
    "once": ("y Allow once", "y Once"),
    "session": ("Y This session", "Y Session"),
    "deny": ("d Deny", "d Deny"),
    "answer": ("e Answer", "e Answer"),
    "ignore": ("i Ignore", "i Ignore"),
    "later": ("esc Later", "esc"),
}
"""What a button says, and what where there is little room."""
_VARIANTS: Final = {"once": "success", "session": "primary", "deny": "error", "answer": "primary"}
_WIDE: Final = 50


class Actions(Horizontal):
    """All that can be said to what waits; each button's id says which it is."""

    DEFAULT_CSS = """
    Actions {
        & > Action { margin: 0 1 0 0; min-width: 0; }
    }
    """

    def __init__(self, *, has_later: bool, id: str) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._has_later = has_later

    def compose(self) -> ComposeResult:
        """The buttons."""
        for name, (label, _) in _LABELS.items():
            variant = _VARIANTS.get(name, "default")
            yield Action(label, id=name, variant=variant, compact=True)  # type: ignore[arg-type]

    def offer(self, *, is_question: bool, is_held: bool) -> None:
        """Show those that fit what waits."""
        for button in self.query(Action):
            if button.id == "later":
                button.display = self._has_later
            else:
                button.display = is_question == (button.id in ("answer", "ignore"))
            button.disabled = is_held

    def on_resize(self, event: events.Resize) -> None:
        """Shorter words where there is little room."""
        for button in self.query(Action):
            button.label = _LABELS[button.id or ""][event.size.width < _WIDE]


class Reply(ProseLine):
    """Where a reason or an answer is written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send"),
        Binding("escape", "leave", "Cancel"),
    ]

    class Left(Message):
        """Nothing is to be said after all."""

    def __init__(self) -> None:
        # A draft that comes back is gone on with, not typed over.
        super().__init__(compact=True, select_on_focus=False)

    def action_leave(self) -> None:
        """Say nothing."""
        self.post_message(self.Left())


class ReplyLine(Horizontal):
    """The line and what it is for; only there while something is written."""

    DEFAULT_CSS = """
    ReplyLine {
        & > Label { color: $text-warning; text-style: bold; padding: 0 1 0 0; }
        & > Reply { width: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="reply")
        self._came_from: Widget | None = None
        self._key: Key | None = None
        self._drafts: dict[Key, str] = {}

    def compose(self) -> ComposeResult:
        """What it is for, and where it is written."""
        yield Label("")
        yield Reply()

    @property
    def is_open(self) -> bool:
        """Whether something is being written."""
        return self.has_class("-shown")

    def open(self, label: str, key: Key) -> None:
        """Let the person write to ``key``; what they wrote to it before is gone on with."""
        self._came_from, self._key = self.screen.focused, key
        text = self._drafts.get(key, "")
        self.query_one(Label).update(label)
        self.add_class("-shown")
        reply = self.query_one(Reply)
        reply.write(text)
        reply.focus()

    def leave(self) -> None:
        """Close, if it is open; what was written stays for a next time."""
        if self.is_open:
            text = self._close()
            if self._key is not None and text:
                self._drafts[self._key] = text

    def sent(self) -> None:
        """What was written is on its way: close, and begin anew the next time."""
        if self._key is not None:
            self._drafts.pop(self._key, None)
        self._close()
        self.query_one(Reply).value = ""

    def _close(self) -> str:
        """What was written; the keys go back to where they came from."""
        reply = self.query_one(Reply)
        had_keys = reply.has_focus
        self.remove_class("-shown")
        if had_keys and self._came_from is not None:
            self._came_from.focus()
        return reply.text
