"""Nothing moves unless something happened, and nothing blinks."""

from typing import TypeVar

from textual.app import App
from textual.events import DescendantFocus
from textual.widgets import Input

Result = TypeVar("Result")


class Calm(App[Result]):
    """No animation, no blinking cursor, in dialogs and the palette of Textual's own too."""

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Where one types, the cursor stands still."""
        if isinstance(event.widget, Input):
            event.widget.cursor_blink = False
