"""Who is there: a list by line API, for hundreds of peers and changes every second."""

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from meshbot_tui.model.attention import Row
from meshbot_tui.widgets.agents.lines import Line, Part, lines_of, parts_of


class AgentList(ScrollView, can_focus=True):
    """The agents, one of them chosen; values come by ``show``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "choose(-1)", "Choose", show=False),
        Binding("down,j", "choose(1)", "Choose", show=False),
        Binding("pageup", "page(-1)", "Page", show=False),
        Binding("pagedown", "page(1)", "Page", show=False),
        Binding("home", "choose(-100000)", "First", show=False),
        Binding("end", "choose(100000)", "Last", show=False),
        Binding("enter", "enter", "Into pane"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"agents--{part}"
        for part in (
            "needs", "bad", "warn", "busy", "good", "quiet", "name", "heading", "chosen", "mark",
        )
    }  # fmt: skip
    DEFAULT_CSS = """
    AgentList {
        overflow-x: hidden;
        width: 36;
        background: $surface;
        scrollbar-size-vertical: 1;
        & > .agents--needs { color: $warning; text-style: bold reverse; }
        & > .agents--bad { color: $error; text-style: bold; }
        & > .agents--warn { color: $warning; text-style: bold; }
        & > .agents--busy { color: $accent; }
        & > .agents--good { color: $success; }
        & > .agents--quiet { color: $text-muted; }
        & > .agents--name { color: $text; }
        & > .agents--heading { color: $text-muted; text-style: underline; }
        & > .agents--chosen { color: $text; background: $primary 15%; }
        & > .agents--mark { color: $accent; }
        &:focus > .agents--chosen { color: $text; background: $primary 35%; text-style: bold; }
        /* Sixteen colours do not mix. */
        &:ansi > .agents--chosen { background: transparent; text-style: bold; }
        &:ansi:focus > .agents--chosen { text-style: bold reverse; }
    }
    """

    @dataclass
    class Chosen(Message):
        """Another agent is looked at."""

        name: str
        is_by_itself: bool = False
        """The person chose nobody, or who they chose is gone."""

    @dataclass
    class Entered(Message):
        """The keys are to go to this agent's pane."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(id=id)
        self._rows: tuple[Row, ...] = ()
        self._lines: tuple[Line, ...] = ()
        self._now_ms = 0
        self._drawn: dict[int, tuple[tuple[Part, ...], bool]] = {}
        self.chosen: str | None = None
        self.preferred: str = ""
        """Who is chosen first, once known, unless the person chooses another before that."""
        self._sought = ""
        self._is_provisional = False
        """Nobody chose yet, and another may turn out to be the first."""

    def show(self, rows: tuple[Row, ...], now_ms: int) -> None:
        """Show these rows; who has scrolled down keeps the same ones in view."""
        if rows == self._rows and now_ms // 1000 == self._now_ms // 1000:
            return
        lines = lines_of(rows) if rows != self._rows else self._lines
        is_other = len(lines) != len(self._lines)
        first = self._line_at(0)
        self._lines, self._rows, self._now_ms = lines, rows, now_ms
        if is_other:
            self.virtual_size = Size(self.size.width, len(lines))
            self.refresh()
        if self.scroll_offset.y and (place := self._place_of(first)) is not None:
            self.scroll_to(y=place, animate=False, immediate=True)
        if not is_other:
            self._refresh_changed()
        self._choose_first()

    def _line_at(self, y: int) -> Line | None:
        number = y + int(self.scroll_offset.y)
        return self._lines[number] if number < len(self._lines) else None

    def _place_of(self, line: Line | None) -> int | None:
        """Where a line of before stands now; a heading stands where it stands."""
        if line is None or line.row is None:
            return None
        name, part = line.row.name, line.part
        return next(
            (n for n, each in enumerate(self._lines) if _is_of(each, name) and each.part == part),
            None,
        )

    def _refresh_changed(self) -> None:
        """Draw only what is in view and says something else than it did."""
        top, width = int(self.scroll_offset.y), self.size.width
        for y in range(min(self.size.height, len(self._lines) - top)):
            line = self._lines[top + y]
            parts = parts_of(line, width, self._now_ms)
            if self._drawn.get(top + y) != (parts, _is_of(line, self.chosen)):
                self.refresh(Region(0, y, width, 1))

    def _choose_first(self) -> None:
        """Somebody is always chosen: who was last, else the first that a person would look at."""
        names = [row.name for row in self._rows]
        if self._sought in names:
            self.choose(self._sought)
        elif self.preferred in names:
            name, self.preferred = self.preferred, ""
            self._turn_to(name, is_by_itself=True)
        elif self.chosen not in names or self._is_provisional:
            here = [row for row in self._rows if row.group == "agent"]
            if not here:
                self.chosen = None
                return
            self._turn_to(here[0].name, is_by_itself=True)
            # Who stands first is known once all hosts were found, or found to be gone.
            self._is_provisional = any(row.look.word == "looking" for row in here)

    def seek(self, name: str) -> None:
        """Choose this agent as soon as it is there, unless the person chooses another first.

        Empty: none any more.
        """
        self._sought, self.preferred = name, ""
        self._is_provisional = False
        self._choose_first()

    def choose(self, name: str) -> None:
        """Make this agent the chosen one, and tell."""
        self._sought = self.preferred = ""
        self._is_provisional = False
        self._turn_to(name)

    def _turn_to(self, name: str, *, is_by_itself: bool = False) -> None:
        if name == self.chosen:
            return
        self.chosen = name
        self._show_chosen()
        self.refresh()
        self.post_message(self.Chosen(name, is_by_itself))

    def action_choose(self, by: int) -> None:
        """Choose the agent ``by`` places further down."""
        names = [row.name for row in self._rows]
        if not names:
            return
        at = names.index(self.chosen) if self.chosen in names else 0
        self.choose(names[min(max(at + by, 0), len(names) - 1)])

    def action_page(self, by: int) -> None:
        """Choose the agent that stands a page further down, or as near to that as there is."""
        here = next((n for n, line in enumerate(self._lines) if _is_of(line, self.chosen)), 0)
        wanted = here + by * max(1, self.size.height - 1)
        wanted = min(max(wanted, 0), len(self._lines) - 1)
        for number in range(wanted, here, -1 if by > 0 else 1):
            row = self._lines[number].row
            if row is not None and row.name != self.chosen:
                self.choose(row.name)
                return
        self.action_choose(by)

    def action_enter(self) -> None:
        """Let the keys go to the chosen agent's pane."""
        if self.chosen is not None:
            self.choose(self.chosen)
            self.post_message(self.Entered(self.chosen))

    def _show_chosen(self) -> None:
        numbers = [n for n, line in enumerate(self._lines) if _is_of(line, self.chosen)]
        if numbers:
            # The first of its kind comes with its heading.
            above = numbers[0] > 0 and self._lines[numbers[0] - 1].row is None
            region = Region(0, numbers[0] - above, 1, len(numbers) + above)
            self.scroll_to_region(region, animate=False)

    def on_click(self, event: events.Click) -> None:
        """A click chooses, a second one enters."""
        line = self._line_at(event.y)
        if line is not None and line.row is not None:
            self.choose(line.row.name)
            if event.chain > 1:
                self.action_enter()

    def on_resize(self, event: events.Resize) -> None:
        """Lines are as wide as the list."""
        self.virtual_size = Size(event.size.width, len(self._lines))

    def render_line(self, y: int) -> Strip:
        """One line, by its place in the viewport."""
        number = y + self.scroll_offset.y
        width = self.size.width
        if number >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[number]
        parts, is_chosen = parts_of(line, width, self._now_ms), _is_of(line, self.chosen)
        self._drawn[number] = parts, is_chosen
        over = Style()
        if is_chosen:
            chosen = self.get_component_rich_style("agents--chosen")
            over = Style(bgcolor=chosen.bgcolor, bold=chosen.bold, reverse=chosen.reverse)
            (part, text), *others = parts
            parts = (("mark", "▌"), (part, text[1:]), *others)
        segments = [Segment(text, self._style_of(part, over)) for part, text in parts]
        return Strip(segments, width)

    def _style_of(self, part: str, over: Style) -> Style:
        """How a part looks; what waits for a person stays as it is when it is chosen."""
        style = self.get_component_rich_style(f"agents--{part}")
        return style if part == "needs" else style + over


def _is_of(line: Line, name: str | None) -> bool:
    return line.row is not None and line.row.name == name
