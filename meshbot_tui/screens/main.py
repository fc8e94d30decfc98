"""The one screen that is always there: agents, the centre, the compose line, the keys."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import DescendantFocus
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher, Input, Static

from meshbot_core.session.records import Approval
from meshbot_tui.model.attention import Row, rows
from meshbot_tui.model.picture import Picture, Question
from meshbot_tui.widgets.agents import AgentList
from meshbot_tui.widgets.approvals import ApprovalsPane
from meshbot_tui.widgets.compose import Compose
from meshbot_tui.widgets.grid import GridPane
from meshbot_tui.widgets.header import Headline, MeshHeader
from meshbot_tui.widgets.health import HealthPane
from meshbot_tui.widgets.keyline import KeyLine
from meshbot_tui.widgets.messages import MessagesPane
from meshbot_tui.widgets.pane import AgentPane
from meshbot_tui.widgets.terminal import TerminalView

VIEWS: Final = ("terminal", "grid", "messages", "approvals", "health")
_PLACES: Final = {
    "terminal": "In a terminal",
    "grid": "Grid",
    "messages": "Messages",
    "approvals": "Approvals",
    "health": "Health",
}
_NARROW: Final = 100
_SLIM: Final = 60
_LEAST: Final = (40, 12)
_VIEWS: Final = Binding.Group("Views")


class MainScreen(Screen[None]):
    """Layout and keys; what is shown comes by ``show``, what is wanted goes out as messages."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "app.attend", "Who waits"),
        Binding("c", "compose('@')", "Write"),
        Binding("at", "compose('@')", "Write", show=False),
        Binding("n", "app.start_agent", "New"),
        Binding("t", "view('terminal')", "Terminal", group=_VIEWS),
        Binding("g", "view('grid')", "Grid", group=_VIEWS),
        Binding("m", "view('messages')", "Messages", group=_VIEWS),
        Binding("p", "view('approvals')", "Approvals", group=_VIEWS),
        Binding("h", "view('health')", "Health", group=_VIEWS),
        Binding("s", "app.stop_agent", "Stop", show=False),
        Binding("r", "app.restart_agent", "Restart", show=False),
        Binding("x", "app.forget_agent", "Forget", show=False),
        Binding("o", "app.resume_agent", "Let go on", show=False),
        Binding("f", "app.fleet", "Fleet", show=False),
        Binding("l", "app.notices", "Notices", show=False),
        Binding("z", "zoom", "Zoom", show=False),
        Binding("q", "app.quit", "Quit"),
        Binding("question_mark", "app.help", "Help", key_display="?"),
    ]
    DEFAULT_CSS = """
    MainScreen {
        #body { height: 1fr; }
        #centre { width: 1fr; height: 1fr; }
        &.-narrow AgentList { width: 26; }
        &.-slim #body { layout: vertical; }
        &.-slim AgentList { width: 100%; height: 40%; }
        &.-slim.-in-centre AgentList, &.-zoomed AgentList { display: none; }
        #too-small { display: none; width: 100%; height: 100%; content-align: center middle; }
        &.-small > * { display: none; }
        &.-small #too-small { display: block; }
    }
    """

    _waiting: tuple[tuple[Approval, ...], tuple[Question, ...]] = ((), ())

    @dataclass
    class ViewChanged(Message):
        """The centre shows something else."""

        view: str

    def compose(self) -> ComposeResult:
        """Header, list and centre, compose line, keys."""
        yield MeshHeader()
        with Horizontal(id="body"):
            yield AgentList(id="agents")
            with ContentSwitcher(id="centre", initial="terminal"):
                yield AgentPane(id="terminal")
                yield GridPane(id="grid")
                yield MessagesPane(id="messages")
                yield ApprovalsPane(id="approvals")
                yield HealthPane(id="health")
        yield Compose(id="compose")
        yield KeyLine(last=("app.quit", "app.help"))
        yield Static(f"meshbot-tui needs {_LEAST[0]}x{_LEAST[1]}", id="too-small")

    def on_mount(self) -> None:
        """The list has the keys at first."""
        self.agents.focus()

    def on_resize(self) -> None:
        """Less room for the list on a narrow terminal; none beside it on a slim one."""
        self.set_class(self.size.width < _NARROW, "-narrow")
        self.set_class(self.size.width < _SLIM, "-slim")
        is_small = self.size.width < _LEAST[0] or self.size.height < _LEAST[1]
        self.set_class(is_small, "-small")

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """A slim terminal shows the list while one chooses in it, and above a terminal."""
        centre = self.query_one("#centre")
        if event.widget is self.agents or centre in event.widget.ancestors:
            self.set_class(event.widget is not self.agents, "-in-centre")

    # -- parts

    @property
    def agents(self) -> AgentList:
        """The list of agents."""
        return self.query_one("#agents", AgentList)

    @property
    def pane(self) -> AgentPane:
        """The chosen agent."""
        return self.query_one("#terminal", AgentPane)

    @property
    def grid(self) -> GridPane:
        """Several agents at once."""
        return self.query_one("#grid", GridPane)

    @property
    def messages(self) -> MessagesPane:
        """What they tell each other."""
        return self.query_one("#messages", MessagesPane)

    @property
    def approvals(self) -> ApprovalsPane:
        """What waits for the person."""
        return self.query_one("#approvals", ApprovalsPane)

    @property
    def health(self) -> HealthPane:
        """How the peers are."""
        return self.query_one("#health", HealthPane)

    @property
    def compose_line(self) -> Compose:
        """Where the person writes."""
        return self.query_one("#compose", Compose)

    @property
    def is_taken(self) -> bool:
        """Whether something is being typed, or the approvals are looked at anyway."""
        focused = self.focused
        has_keys = isinstance(focused, TerminalView) and focused.has_keys
        return has_keys or isinstance(focused, Input) or self.view == "approvals"

    @property
    def view(self) -> str:
        """What the centre shows."""
        return self.query_one("#centre", ContentSwitcher).current or "terminal"

    @property
    def place(self) -> str:
        """Where the person is, in the words of the help."""
        focused = self.focused
        if isinstance(focused, AgentList):
            return "Agents"
        return "Writing" if focused is self.compose_line else _PLACES[self.view]

    # -- values

    def show(self, picture: Picture, now_ms: int) -> tuple[Row, ...]:
        """Show the picture; returns the rows of the list."""
        found = rows(picture)
        self.query_one(MeshHeader).show(Headline.of(picture, now_ms))
        self.agents.show(found, now_ms)
        waiting = (picture.approvals, tuple(picture.questions.values()))
        if waiting != self._waiting or self.view == "approvals":
            self._waiting = waiting
            self.approvals.show(*waiting)
        if self.view == "health":
            # Looks are stamped by a clock that is never set back.
            self.health.show(picture, max(now_ms, picture.peers_stamp))
        names = [row.name for row in found if row.group != "operator"]
        self.compose_line.know(names, list(picture.questions))
        return found

    def look_at(self, view: str) -> None:
        """Turn the centre to one of ``VIEWS``, and give it the keys where it takes some."""
        if view == "approvals" and self.view != view:
            self.approvals.hold()
        self.query_one("#centre", ContentSwitcher).current = view
        panes: dict[str, Widget] = {
            "grid": self.grid,
            "messages": self.messages.list,
            "approvals": self.approvals,
            "health": self.health,
        }
        target = panes.get(view, self.agents)
        (target if target.focusable else _first_focusable(target)).focus()
        self.post_message(self.ViewChanged(view))

    # -- actions

    def action_view(self, view: str) -> None:
        """Turn the centre to ``view``."""
        self.look_at(view)

    def action_compose(self, text: str) -> None:
        """Write to the chosen agent."""
        name = self.agents.chosen
        self.compose_line.begin(f"{text}{name} " if name else text)

    def action_write(self, text: str) -> None:
        """Write what begins so."""
        self.compose_line.begin(text)

    async def action_within(self, part: str, action: str) -> None:
        """Do what a key of one part of the screen does, once that part is in view."""
        view, widget = {
            "agents": ("", self.agents),
            "screen": ("terminal", self.pane.screen_view),
            "approvals": ("approvals", self.approvals),
            "messages": ("messages", self.messages),
            "rows": ("messages", self.messages.list),
            "grid": ("grid", self.grid),
        }[part]
        if view not in ("", self.view):
            self.look_at(view)
        await self.app.run_action(action, widget)

    def action_zoom(self) -> None:
        """The centre alone, or with the list again."""
        self.toggle_class("-zoomed")

    def on_compose_left(self) -> None:
        """Back to where one was."""
        self.look_at(self.view)

    def on_session_log_left(self) -> None:
        """Back to the list."""
        self.agents.focus()


def _first_focusable(widget: Widget) -> Widget:
    return next((child for child in widget.query(Widget) if child.can_focus), widget)
