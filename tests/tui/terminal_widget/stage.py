"""An app that holds one terminal widget and notes what it posts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, TypeVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from meshbot_tui.widgets.terminal import TerminalView

M = TypeVar("M", bound=Message)


class Stage(App[None]):
    """The widget fills the screen, but for a line of input when that is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+t", "note('ctrl+t')", priority=True),
        Binding("f2", "note('f2')"),
        Binding("x", "note('x')"),
    ]

    def __init__(self, *, is_live: bool = True, has_input: bool = False) -> None:
        super().__init__()
        self.view = TerminalView(name_of="dev", is_live=is_live)
        self.posted: list[Message] = []
        self.noted: list[str] = []
        self._has_input = has_input

    def compose(self) -> ComposeResult:
        yield self.view
        if self._has_input:
            yield Input()

    def action_note(self, what: str) -> None:
        self.noted.append(what)

    def on_terminal_view_typed(self, message: TerminalView.Typed) -> None:
        self.posted.append(message)

    on_terminal_view_sized = on_terminal_view_typed
    on_terminal_view_entered = on_terminal_view_typed
    on_terminal_view_leave_wanted = on_terminal_view_typed
    on_terminal_view_paste_question = on_terminal_view_typed
    on_terminal_view_scrollback_wanted = on_terminal_view_typed
    on_terminal_view_copied = on_terminal_view_typed
    on_terminal_view_rang = on_terminal_view_typed

    @property
    def typed(self) -> bytes:
        """All that went to the program, forgotten afterwards."""
        data = b"".join(m.data for m in self.posted if isinstance(m, TerminalView.Typed))
        self.posted = [m for m in self.posted if not isinstance(m, TerminalView.Typed)]
        return data

    def last(self, kind: type[M]) -> M:
        """The newest message of a kind."""
        return [message for message in self.posted if isinstance(message, kind)][-1]

    def shown(self) -> list[str]:
        """The rows of the widget as text."""
        rows = range(self.view.size.height)
        return [self.view.render_line(row).text.rstrip() for row in rows]


@asynccontextmanager
async def on_stage(
    columns: int = 40,
    rows: int = 10,
    *,
    is_live: bool = True,
    has_keys: bool = False,
    has_input: bool = False,
) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    """The app runs, the widget shows an empty screen of its own size."""
    app = Stage(is_live=is_live, has_input=has_input)
    async with app.run_test(size=(columns, rows)) as pilot:
        app.view.repaint(app.view.size.width, app.view.size.height, b"")
        if has_keys:
            app.view.enter()
        await pilot.pause()
        yield app, pilot
