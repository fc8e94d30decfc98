"""The keys that work where one is."""

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from meshbot_tui.screens.clickable import clickable

Group = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and its keys with what they do."""


class HelpScreen(ModalScreen[None]):
    """Shows groups of keys; scrolls when they are many."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark", "dismiss(None)", "Close"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]
    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > VerticalScroll {
            width: 76; max-width: 100%; height: auto; max-height: 100%;
            border: round $accent; background: $surface; padding: 0 1;
            border-title-color: $text; border-subtitle-color: $text-muted;
        }
        & .heading { text-style: bold underline; padding: 1 0 0 0; }
        & .heading.-first { padding: 0; }
        & .row { height: auto; }
        & .key { color: $accent; text-style: bold; }
        & .what { width: 1fr; }
    }
    """

    def __init__(self, title: str, groups: Sequence[Group]) -> None:
        super().__init__()
        self._heading = title
        self._groups = tuple(groups)

    def compose(self) -> ComposeResult:
        """Headings, and under each its keys."""
        widest = max((cell_len(key) for _, keys in self._groups for key, _ in keys), default=0)
        with VerticalScroll() as box:
            box.border_title = Content(self._heading)
            box.border_subtitle = "↑ ↓ scroll   " + clickable(("esc close", "screen.dismiss(None)"))
            for number, (heading, keys) in enumerate(self._groups):
                first = "" if number else " -first"
                yield Static(Content(heading), classes=f"heading{first}")
                yield from (_row(key, what, widest + 2) for key, what in keys)

    def on_mount(self) -> None:
        """The keys scroll."""
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, by: int) -> None:
        """Scroll ``by`` lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def _row(key: str, what: str, width: int) -> Horizontal:
    keys = Static(Content(key), classes="key")
    keys.styles.width = width
    # Two columns, so that what is long wraps beside its key.
    return Horizontal(keys, Static(Content(what), classes="what"), classes="row")
