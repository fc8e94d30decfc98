"""A question with two answers, for what should not happen by a slip."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class Question(ModalScreen[bool]):
    """``y`` or not."""

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

    def compose(self) -> ComposeResult:
        """The question, and the two keys."""
        with Vertical() as box:
            box.border_subtitle = Content(f"y {self._yes}   n leave it").markup
            yield Static(Content(self._text))
