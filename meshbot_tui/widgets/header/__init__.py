"""The first line: the mesh, who is there, what waits."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from meshbot_core.clients.durations import dollars
from meshbot_core.clients.text import plain
from meshbot_tui.model.picture import Picture


@dataclass(frozen=True, slots=True)
class Headline:
    """What the header says."""

    mesh: str = ""
    online: int = 0
    known: int = 0
    waiting: int = 0
    unread: int = 0
    cost_usd: float = 0.0
    clock: str = ""
    is_off_mesh: bool = False
    """Whether the person is not on the mesh: nobody can be told anything."""

    @classmethod
    def of(cls, picture: Picture, now_ms: int) -> "Headline":
        """The picture in one line, at that time in the reader's own zone."""
        clock = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone().strftime("%H:%M")
        return cls(
            plain(picture.mesh),
            picture.online,
            picture.known,
            picture.waiting,
            picture.unread,
            picture.cost_today_usd,
            clock,
            bool(picture.off_mesh),
        )


class MeshHeader(Widget):
    """One line; what does not fit is left out from the middle."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "header--mesh",
        "header--fact",
        "header--needs",
        "header--clock",
    }
    DEFAULT_CSS = """
    MeshHeader {
        height: 1; dock: top; background: $panel;
        & > .header--mesh { color: $text; text-style: bold; }
        & > .header--fact { color: $text-muted; }
        & > .header--needs { color: $warning; text-style: bold reverse; }
        & > .header--clock { color: $text-muted; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._said = Headline()

    def show(self, headline: Headline) -> None:
        """Show this; nothing is drawn when it says the same."""
        if headline != self._said:
            self._said = headline
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The line."""
        said = self._said
        waits = f" {said.waiting} wait{'s' * (said.waiting == 1)} for you "
        facts = [
            ("mesh", f" {said.mesh or 'meshbot'} "),
            ("needs", " off the mesh ")
            if said.is_off_mesh
            else ("fact", f" {said.online}/{said.known} online "),
            ("needs", waits) if said.waiting else ("fact", " nobody waits for you "),
            ("fact", f" {said.unread} unread "),
            ("fact", f" {dollars(said.cost_usd)} today "),
        ]
        room = self.size.width - cell_len(said.clock) - 1
        while len(facts) > 1 and sum(cell_len(text) for _, text in facts) > room:
            # From the end: cost first; what waits for a person stays longest.
            facts.pop(-1 if len(facts) > 3 else 1)  # noqa: PLR2004 - mesh, online, waits
        used = sum(cell_len(text) for _, text in facts)
        facts.append(("clock", " " * max(0, room - used) + said.clock + " "))
        segments = [
            Segment(text, self.get_component_rich_style(f"header--{part}")) for part, text in facts
        ]
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
