"""The dialog that brings a fleet file up or down."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from meshbot_tui.screens.clickable import clickable
from meshbot_tui.widgets.line import Line


@dataclass(frozen=True, slots=True)
class FleetChoice:
    """A file, and whether its agents are to run."""

    path: str
    is_up: bool


class FleetDialog(ModalScreen[FleetChoice | None]):
    """Enter brings it up, ctrl+d down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("ctrl+d", "down", "Down", priority=True),
    ]
    DEFAULT_CSS = """
    FleetDialog {
        align: center middle;
        & > Vertical {
            width: 70; max-width: 100%; height: auto; border: round $accent;
            background: $surface; padding: 1 2; border-subtitle-color: $text;
        }
        & Input { height: 1; border: none; background: $boost; }
        & Static { color: $text-muted; }
    }
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def compose(self) -> ComposeResult:
        """One field."""
        with Vertical() as box:
            box.border_title = "Fleet file"
            box.border_subtitle = clickable(
                ("enter up", "screen.up"),
                ("ctrl+d down", "screen.down"),
                ("esc cancel", "screen.dismiss(None)"),
            )
            yield Line(self._path or "fleet.toml", compact=True)
            yield Static("What runs as the file says is left alone.")

    @on(Input.Submitted)
    def action_up(self) -> None:
        """Start its agents."""
        self.dismiss(FleetChoice(self.query_one(Input).value, is_up=True))

    def action_down(self) -> None:
        """Stop its agents."""
        self.dismiss(FleetChoice(self.query_one(Input).value, is_up=False))
