"""The terminal widget: a program's screen that takes keys, mouse and pastes."""

from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive

from meshbot_tui.widgets.terminal import keys, pasting
from meshbot_tui.widgets.terminal.pointer import PointedFace

_FOCUS_REPORTS: Final = 1004
_FOCUS_IN: Final = b"\x1b[I"
_FOCUS_OUT: Final = b"\x1b[O"
_ALL_LINES: Final = 1_000_000


class TerminalView(PointedFace, can_focus=True):
    """A program's screen; takes bytes, posts what a person typed. Knows no connection.

    While it has the keys no binding of screen or app sees any, not even one with priority.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "enter", "Type here"),
        Binding("v", "copy_mode", "Select"),
        # Told while the program has the keys; on_key has them.
        Binding(keys.LEAVE, "leave", "Leave"),
        Binding("shift+pageup", "back", "Scroll back"),
        Binding("ctrl+shift+space", "select", "Select"),
    ]

    has_keys: reactive[bool] = reactive(default=False, repaint=False)
    """Whether keys go to the program."""

    @dataclass
    class Typed(Message):
        """Bytes for the program."""

        view: "TerminalView"
        data: bytes

    @dataclass
    class Sized(Message):
        """The widget is as large as this, and who types here wants the program to be so."""

        view: "TerminalView"
        columns: int
        rows: int

    @dataclass
    class Entered(Message):
        """Keys go to the program from now on."""

        view: "TerminalView"

    @dataclass
    class Released(Message):
        """Keys go to the program no more."""

        view: "TerminalView"

    @dataclass
    class LeaveWanted(Message):
        """Keys go to the console again; the focus is the app's to move."""

        view: "TerminalView"

    @dataclass
    class PasteQuestion(Message):
        """Ask about this text, then ``paste`` it."""

        view: "TerminalView"
        text: str

    @dataclass
    class ScrollbackWanted(Message):
        """Give these lines to ``add_scrollback``."""

        view: "TerminalView"
        before: int | None
        limit: int

    @dataclass
    class Copied(Message):
        """A person selected this."""

        view: "TerminalView"
        text: str

    @dataclass
    class Rang(Message):
        """The program rang the bell."""

        view: "TerminalView"

    def __init__(
        self,
        *,
        name_of: str = "",
        is_live: bool = True,
        id: str | None = None,  # noqa: A002 - Textual's own word
        classes: str | None = None,
    ) -> None:
        super().__init__(is_live=is_live, id=id, classes=classes)
        self.name_of = name_of
        self.can_focus = is_live
        self._sized: tuple[int, int] | None = None

    def on_mount(self) -> None:
        """Older terminals have a key for a new line too."""
        keys.teach_alt_enter()

    def holds_keys(self) -> bool:
        """Whether keys go to the program."""
        return self.has_keys

    def enter(self) -> None:
        """Let the keys go to the program."""
        if self.is_live:
            self.focus()
            self.has_keys = True

    def release(self) -> None:
        """Let the keys go to the console again."""
        self.has_keys = False
        self.post_message(self.LeaveWanted(self))

    def action_enter(self) -> None:
        """Let the keys go to the program."""
        self.enter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Its own keys are there only while the program has none."""
        if action in {"enter", "copy_mode"}:
            return self.is_live and not self.has_keys
        if action in {"leave", "back", "select"}:
            return self.has_keys
        return super().check_action(action, parameters)

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether a key is kept from every binding above."""
        del character
        return self._copy_mode is not None or (self.has_keys and key != keys.LEAVE)

    def is_for_program(self, key: str) -> bool:
        """Whether a key goes to the program, and does nothing here."""
        is_typing = self.has_keys and self._copy_mode is None
        return is_typing and key != keys.LEAVE and key not in keys.COPY_MODE

    def watch_has_keys(self, has_keys: bool) -> None:
        """The cursor changes, and the program is told."""
        self._picture.is_cursor_full = has_keys
        self.refresh()
        if not self.is_mounted:
            return
        if has_keys:
            self._post_size()
            self.post_message(self.Entered(self))
        else:
            self.post_message(self.Released(self))
        self._report_focus(_FOCUS_IN if has_keys else _FOCUS_OUT)
        self.refresh_bindings()

    def on_focus(self) -> None:
        """The console's own window may have been away."""
        if self.has_keys:
            self._report_focus(_FOCUS_IN)

    def on_blur(self) -> None:
        """Somebody else gets the keys; not for good when only the window lost them."""
        if self.app.app_focus:
            self.has_keys = False
        elif self.has_keys:
            self._report_focus(_FOCUS_OUT)

    def _report_focus(self, report: bytes) -> None:
        if _FOCUS_REPORTS in self._picture.screen.modes:
            self.post_message(self.Typed(self, report))

    def on_resize(self) -> None:
        """Who types here sets the size."""
        super().on_resize()
        if self.has_keys:
            self._post_size()

    def _post_size(self) -> None:
        if self.is_live and self.size:
            self._sized = (self.size.width, self.size.height)
            self.post_message(self.Sized(self, *self._sized))

    def on_key(self, event: events.Key) -> None:
        """Every key is the program's, but those of the scrollback, of copying and of leaving."""
        if not self.is_live or not (self._is_ours(event.key) or self.has_keys):
            return
        event.stop()
        event.prevent_default()
        if self._copy_mode is not None:
            self.copy_mode_key(event.key)
        elif event.key in keys.COPY_MODE:
            self.action_copy_mode()
        elif (lines := self._scroll_of(event.key)) is not None:
            self.scroll_back(lines)
        elif event.key == keys.LEAVE:
            self.release()
        else:
            self.follow()
            self.send(self._key_bytes(event.key, event.character))

    def _is_ours(self, key: str) -> bool:
        is_scroll = self._scroll_of(key) is not None
        return self._copy_mode is not None or key in keys.COPY_MODE or is_scroll

    def _scroll_of(self, key: str) -> int | None:
        """How far a key of the scrollback goes."""
        page = max(1, self.size.height - 1)
        distances = {
            "shift+pageup": page,
            "shift+pagedown": -page,
            "shift+home": _ALL_LINES,
            "shift+end": -_ALL_LINES,
        }
        return distances.get(key)

    def on_paste(self, event: events.Paste) -> None:
        """Text is typed as it is; much of it, or more than text, is asked about."""
        event.stop()
        if not self.has_keys:
            return
        if pasting.is_questionable(event.text):
            self.post_message(self.PasteQuestion(self, event.text))
        else:
            self.paste(event.text)

    def paste(self, text: str) -> None:
        """Type text, in brackets when the program wants them."""
        self.follow()
        self.send(pasting.sent_by(text, self._picture.screen.modes))

    def send(self, data: bytes) -> None:
        """A person typed this; whose size is not told yet tells it first."""
        if not data:
            return
        if self._sized != (self.size.width, self.size.height):
            self._post_size()
        self._pace.typed()
        self.post_message(self.Typed(self, data))

    def rang(self) -> None:
        """The program rang the bell."""
        self.post_message(self.Rang(self))

    def scrollback_wanted(self, before: int | None, limit: int) -> None:
        """Older lines are wanted."""
        if self.is_live:
            self.post_message(self.ScrollbackWanted(self, before, limit))

    def copied(self, text: str) -> None:
        """A person selected this."""
        self.post_message(self.Copied(self, text))
