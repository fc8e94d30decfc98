"""A question with two answers, for what should not happen by a slip."""

from time import monotonic
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from meshbot_tui.screens.clickable import clickable
from meshbot_tui.widgets.approvals.card import HOLD_S


class Question(ModalScreen[bool]):
    """``y`` or not; a ``y`` from before one could have read it says nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Yes"),
        Binding("n,escape", "dismiss(False)", "No"),
    ]
    DEFAULT_CSS = """
    Question {
        align: center middle;
        & > Vertical {
            width: 64; max-width: 100%; height: auto; border: round $warning;
            background: $surface; padding: 1 2;
            border-subtitle-color: $text;
        }
    }
    """

    def __init__(self, text: str, yes: str) -> None:
        super().__init__()
        self._text = text
        self._yes = yes
        self._readable_s = float("inf")

    def compose(self) -> ComposeResult:
        """The question, and the two keys."""
        with Vertical() as box:
            box.border_subtitle = clickable(
                (f"y {self._yes}", "screen.dismiss(True)"), ("n leave it", "screen.dismiss(False)")
            )
            yield Static(Content(self._text))

    def on_mount(self) -> None:
        """It is there to be read from now on."""
        self._readable_s = monotonic() + HOLD_S

    def on_key(self, event: events.Key) -> None:
        """The key's own time counts: while the console is busy keys lie and wait."""
        if event.key == "y" and event.time < self._readable_s:
            event.stop()
