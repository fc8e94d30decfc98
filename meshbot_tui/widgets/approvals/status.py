"""The line that says how it stands with what a card shows."""

from dataclasses import dataclass

from textual.content import Content
from textual.widgets import Static

from meshbot_tui.widgets.approvals.entries import Entry


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry, what was said to it, and what keeps more from being said now."""

    entry: Entry | None
    sent: str = ""
    is_gone: bool = False
    is_held: bool = False
    is_writing: bool = False
    is_cut_off: bool = False

    @property
    def text(self) -> str:
        """What is to be said of that; empty for nothing."""
        text = self.sent
        if self.is_gone:
            text = "Waits no more: it was answered elsewhere, or given up."
        elif self.is_held:
            text = "Just came: keys are taken in a moment …"
        elif self.is_writing:
            text = "enter sends, esc cancels"
        elif self.entry is not None and not self.entry.is_question and self.is_cut_off:
            text = "No room to see what it is: z, or a larger window."
        return text

    @property
    def is_loud(self) -> bool:
        """Whether it is more than a hint."""
        return self.is_gone or self.is_held or not self.is_writing


class StandingLine(Static):
    """The line that says it of a card; has the class ``-empty`` when there is nothing to say."""

    DEFAULT_CSS = """
    StandingLine {
        height: 1; color: $text-muted;
        &.-loud { color: $text-warning; text-style: bold; }
    }
    """

    def show(self, standing: Standing, more: str, *, is_low: bool) -> None:
        """Show how it stands; else, where nothing else has room for it, what is out of sight."""
        text = standing.text
        self.update(Content(text or (more if is_low else "")))
        self.set_class(standing.is_loud, "-loud")
        self.set_class(not text and not more, "-empty")
