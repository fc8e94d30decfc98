"""What was said before: the history of notices."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from meshbot_core.clients.text import clock_time, plain, prose
from meshbot_tui.model.picture import Notice, Severity
from meshbot_tui.screens.clickable import clickable

_MARKS: Final[dict[Severity, tuple[str, str]]] = {
    "note": ("· ", "$foreground-muted"),
    "warning": ("▲ ", "$text-warning"),
    "error": ("x ", "$text-error"),
}


_COPY: Final = ("y copy", "screen.copy")
_CLOSE: Final = ("esc close", "screen.dismiss(None)")


class NoticesScreen(ModalScreen[None]):
    """Shows notices, newest last; one of them is chosen and can be copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,l", "dismiss(None)", "Close"),
        Binding("y", "copy", "Copy"),
        Binding("j", "choose(1)", show=False),
        Binding("k", "choose(-1)", show=False),
    ]
    DEFAULT_CSS = """
    NoticesScreen {
        align: center middle;
        & > OptionList {
            width: 90%; max-width: 120; height: auto; max-height: 90%;
            border: round $accent; background: $surface;
            border-title-color: $text; border-subtitle-color: $text-muted;
            &:focus { border: round $accent; }
            &:focus > .option-list--option-highlighted {
                background: $primary 40%; color: $text; text-style: bold;
            }
        }
    }
    """

    def __init__(self, notices: Sequence[Notice]) -> None:
        super().__init__()
        self._notices = tuple(notices)

    def compose(self) -> ComposeResult:
        """The list."""
        rows = OptionList(markup=False)
        rows.border_title = "Notices"
        rows.border_subtitle = clickable(_COPY, _CLOSE)
        yield rows

    def on_mount(self) -> None:
        """The newest is in view."""
        self._fill()
        self._choose(len(self._notices) - 1)
        self.query_one(OptionList).focus()

    def show(self, notices: Sequence[Notice]) -> None:
        """These now; the chosen one stays chosen, and in view where it is."""
        if not self.is_mounted or tuple(notices) == self._notices:
            return
        rows, chosen = self.query_one(OptionList), self.chosen
        place = rows.scroll_y
        self._notices = tuple(notices)
        self._fill()
        if chosen in self._notices:
            self._choose(self._notices.index(chosen))
            self.call_after_refresh(rows.scroll_to, y=place, animate=False)
        else:
            self._choose(len(self._notices) - 1)

    def _choose(self, place: int) -> None:
        self.query_one(OptionList).highlighted = place if self._notices else None

    def _fill(self) -> None:
        rows = self.query_one(OptionList)
        rows.clear_options()
        rows.add_options([Option(_prompt(notice)) for notice in self._notices])
        if not self._notices:
            rows.add_option(Option(Content("Nothing was said so far."), disabled=True))

    @property
    def chosen(self) -> Notice | None:
        """The notice under the cursor."""
        at = self.query_one(OptionList).highlighted
        return None if at is None or at >= len(self._notices) else self._notices[at]

    def action_choose(self, by: int) -> None:
        """Choose the notice ``by`` places further down."""
        rows = self.query_one(OptionList)
        if self._notices:
            at = len(self._notices) - 1 if rows.highlighted is None else rows.highlighted
            rows.highlighted = min(max(at + by, 0), len(self._notices) - 1)

    def action_copy(self) -> None:
        """Put the chosen notice into the clipboard."""
        if (notice := self.chosen) is None:
            return
        self.app.copy_to_clipboard(_text(notice))
        self.query_one(OptionList).border_subtitle = "copied   " + clickable(_CLOSE)


def _about(notice: Notice) -> str:
    """Whom it is about, unless it begins with that itself."""
    is_said = not notice.agent or notice.text.startswith((f'"{notice.agent}"', f"{notice.agent}:"))
    return "" if is_said else f"{plain(notice.agent)}: "


def _text(notice: Notice) -> str:
    return f"{clock_time(notice.at_ms)} {notice.severity}: {_about(notice)}{prose(notice.text)}"


def _prompt(notice: Notice) -> Content:
    mark, colour = _MARKS[notice.severity]
    word = "" if notice.severity == "note" else f"{notice.severity}: "
    return Content.assemble(
        (mark, colour),
        (f"{clock_time(notice.at_ms)}  ", "$foreground-muted"),
        (word, f"bold {colour}"),
        (_about(notice), "bold"),
        prose(notice.text),
    )
