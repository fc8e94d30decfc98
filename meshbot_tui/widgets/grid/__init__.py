"""Several agents at once: their screens as they are, none of them resized."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from meshbot_core.clients.text import plain
from meshbot_tui.model.attention import Row
from meshbot_tui.widgets.terminal import TerminalView

MAX_PANES: Final = 16
_STEPS: Final = (2, 4, 9, 16)
"""How many panes may stand on a page."""
_COLUMNS: Final = ((1, 1), (4, 2), (9, 3), (MAX_PANES, 4))
"""Up to so many panes stand in so many columns."""


class GridCell(Container):
    """One agent's screen in a frame."""

    DEFAULT_CSS = """
    GridCell {
        border: round $panel-lighten-2;
        border-title-color: $text;
        &.-chosen { border: heavy $accent; }
    }
    """

    def __init__(self, agent: str) -> None:
        super().__init__()
        self.agent = agent
        self.screen_view = TerminalView(name_of=agent, is_live=False)
        self._said = ""
        self.describe(plain(agent))

    def describe(self, words: str) -> None:
        """Whose it is, and what it does."""
        if words != self._said:
            self._said = words
            self.border_title = Content(words).markup

    def compose(self) -> ComposeResult:
        """The screen."""
        yield self.screen_view


class GridPane(Container, can_focus=True):
    """Two to sixteen live panes a page; ``put`` says whose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", show=False),
        Binding("right", "move(1)", show=False),
        Binding("up", "move_rows(-1)", show=False),
        Binding("down", "move_rows(1)", show=False),
        Binding("enter", "enter", "Into pane"),
        Binding("pagedown,space", "turn(1)", "Page"),
        Binding("pageup", "turn(-1)", show=False),
        Binding("plus,equals_sign", "crowd(1)", "More", key_display="+"),
        Binding("minus", "crowd(-1)", "Fewer", key_display="-"),
    ]
    DEFAULT_CSS = """
    GridPane { layout: grid; grid-size: 2; grid-gutter: 0; }
    GridPane > #grid-empty { padding: 1 2; color: $text-muted; column-span: 4; }
    """

    @dataclass
    class Arranged(Message):
        """These agents' screens are to be fed into ``view_of``."""

        agents: tuple[str, ...]

    @dataclass
    class Entered(Message):
        """The keys are to go to this agent."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._agents: tuple[str, ...] = ()
        self._all: tuple[str, ...] = ()
        self._page = 0
        self._step = 1
        self._chosen = 0
        self._is_begun = False

    async def put(self, agents: Sequence[str]) -> None:
        """Have a pane for each of these agents, page by page; nothing is redrawn if they stay."""
        self._all = tuple(agents)
        size = _STEPS[self._step]
        self._page = min(self._page, max(0, (len(self._all) - 1) // size))
        wanted = self._all[self._page * size : (self._page + 1) * size]
        if wanted == self._agents and self._is_begun:
            return
        self._is_begun = True
        self._agents = wanted
        self._chosen = min(self._chosen, max(0, len(wanted) - 1))
        await self.remove_children()
        columns = next(columns for most, columns in _COLUMNS if len(wanted) <= most)
        self.styles.grid_size_columns = columns
        if wanted:
            await self.mount_all(GridCell(name) for name in wanted)
        else:
            await self.mount(
                Static("No agent with a screen runs here. n starts one.", id="grid-empty")
            )
        self._mark()
        self.post_message(self.Arranged(wanted))

    def view_of(self, agent: str) -> TerminalView | None:
        """The screen of an agent's pane, None when it has none."""
        return next((c.screen_view for c in self.query(GridCell) if c.agent == agent), None)

    def describe(self, rows: Sequence[Row]) -> None:
        """Whose pane is whose, and what each does."""
        known = {row.name: row for row in rows}
        for cell in self.query(GridCell):
            if (row := known.get(cell.agent)) is not None:
                cell.describe(f"{plain(row.name)}  {row.look.mark} {row.look.word}")

    async def action_turn(self, by: int) -> None:
        """Another page."""
        pages = max(1, -(-len(self._all) // _STEPS[self._step]))
        self._page = (self._page + by) % pages
        await self.put(self._all)

    async def action_crowd(self, by: int) -> None:
        """More or fewer panes on a page."""
        self._step = min(max(self._step + by, 0), len(_STEPS) - 1)
        await self.put(self._all)

    def action_move(self, by: int) -> None:
        """Choose the pane ``by`` places further."""
        if self._agents:
            self._chosen = (self._chosen + by) % len(self._agents)
            self._mark()

    def action_move_rows(self, by: int) -> None:
        """Choose a pane above or below."""
        at = self._chosen + by * (self.styles.grid_size_columns or 1)
        if 0 <= at < len(self._agents):
            self._chosen = at
            self._mark()

    def action_enter(self) -> None:
        """Let the keys go to the chosen pane's agent, in a pane of its own."""
        if self._agents:
            self.post_message(self.Entered(self._agents[self._chosen]))

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one enters."""
        for number, cell in enumerate(self.query(GridCell)):
            if cell.region.contains(event.screen_x, event.screen_y):
                self._chosen = number
                self._mark()
                if event.chain > 1:
                    self.action_enter()

    def _mark(self) -> None:
        for number, cell in enumerate(self.query(GridCell)):
            cell.set_class(number == self._chosen, "-chosen")
