"""Buttons for the mouse, and the line for a reason or an answer."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Button, Input


class Action(Button, can_focus=False):
    """A button for the mouse; the keys do the same, so it never has them."""


class Reply(Input):
    """Where a reason or an answer is written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send"),
        Binding("escape", "leave", "Cancel"),
    ]

    class Left(Message):
        """Nothing is to be said after all."""

    def action_leave(self) -> None:
        """Say nothing."""
        self.post_message(self.Left())
