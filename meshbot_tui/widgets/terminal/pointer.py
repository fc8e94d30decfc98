"""The pointing half of the terminal widget: mouse, selection, and copying by keys."""

from typing import Final, Literal

from textual import events

from meshbot_tui.widgets.terminal import keys, mouse
from meshbot_tui.widgets.terminal.face import ScreenFace
from meshbot_tui.widgets.terminal.mouse import Deed, Mouse
from meshbot_tui.widgets.terminal.selection import CopyMode, Place, Selection, word_at

_ALTERNATE: Final = 1049
_WHEEL_LINES: Final = 3
_WHEEL_KEYS: Final = ("up", "down", "left", "right")
_WORD_CLICKS: Final = 2
_LINE_CLICKS: Final = 3
_COPY_HINT: Final = "space marks, y copies, esc leaves"


class PointedFace(ScreenFace):
    """A screen on which one can point; ``is_live`` says whether the mouse does anything."""

    def __init__(
        self,
        *,
        is_live: bool,
        id: str | None = None,  # noqa: A002 - Textual's own word
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.is_live = is_live
        self._pressed: Literal["", "program", "ours"] = ""
        self._last_move: Mouse | None = None
        self._copy_mode: CopyMode | None = None
        self._dragged: Selection | None = None

    @property
    def selected_text(self) -> str:
        """What is selected now."""
        return self._picture.selected_text()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """A press is the program's, or begins a selection; the first one only enters."""
        if not self.is_live:
            return
        event.stop()
        self._pressed = ""
        if not self.holds_keys():
            self.enter()
        elif self._is_programs(event):
            self._pressed = "program"
            self.capture_mouse()
            self._send_mouse("press", event.button, event)
            return
        if event.button == 1 and not self._is_programs(event):
            self._pressed = "ours"
            self.capture_mouse()
            place = self._place(event)
            self._select(Selection(place, place), is_shown=False)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """A drag selects, beyond the edge it scrolls."""
        if self._pressed == "ours":
            event.stop()
            row = event.get_content_offset_capture(self).y
            if row < 0 or row >= self.size.height:
                self.scroll_back(1 if row < 0 else -1)
            self._extend(self._place(event))
        elif self.is_live and self.holds_keys() and self._is_programs(event):
            event.stop()
            self._send_mouse("move", event.button, event)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """What was selected is copied."""
        pressed, self._pressed = self._pressed, ""
        if not pressed:
            return
        event.stop()
        self.release_mouse()
        if pressed == "program":
            self._send_mouse("release", event.button, event)
        elif self._picture.selection is not None:
            self._copy()

    def on_click(self, event: events.Click) -> None:
        """Twice: the word; three times: the line."""
        if not self.is_live:
            return
        event.stop()
        if event.chain < _WORD_CLICKS or self._is_programs(event):
            return
        place = self._place(event)
        columns = self._picture.columns_of(place.line)
        if event.chain == _WORD_CLICKS:
            self._select(word_at(place, columns))
        else:
            end = Place(place.line, max(0, len(columns) - 1))
            self._select(Selection(Place(place.line, 0), end))
        self._copy()

    def _on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, 0)

    def _on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def _on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._wheel(event, 2)

    def _on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._wheel(event, 3)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        """The program's wheel, arrows on a screen without scrollback, or our scrollback."""
        event.prevent_default()
        if not self.is_live:
            return
        event.stop()
        key = _WHEEL_KEYS[direction]
        if self._is_programs(event):
            self._send_mouse("wheel", direction, event)
        elif _ALTERNATE in self._picture.screen.modes and not event.shift:
            self.send(self._key_bytes(key) * _WHEEL_LINES)
        elif key in {"up", "down"}:
            self.scroll_back(_WHEEL_LINES if key == "up" else -_WHEEL_LINES)

    def _key_bytes(self, key: str, character: str | None = None) -> bytes:
        is_application = self._picture.screen.has_application_cursor_keys
        return keys.sent_by(key, character, has_application_cursor_keys=is_application)

    def _is_programs(self, event: events.MouseEvent) -> bool:
        is_ours = event.shift or self._copy_mode is not None or self._picture.back > 0
        return not is_ours and mouse.is_taken(self._picture.screen.modes)

    def _send_mouse(self, deed: Deed, button: int, event: events.MouseEvent) -> None:
        column, row = self._picture.screen_cell(*event.get_content_offset_capture(self))
        said = Mouse(deed, button, column, row, has_ctrl=event.ctrl, has_meta=event.meta)
        is_same_cell = deed == "move" and said == self._last_move
        self._last_move = said if deed == "move" else None
        data = mouse.sent_by(said, self._picture.screen.modes)
        if data and not is_same_cell:
            self.send(data)

    def _place(self, event: events.MouseEvent) -> Place:
        return self._picture.place_at(*event.get_content_offset_capture(self))

    def _extend(self, place: Place) -> None:
        if self._dragged is not None:
            self._select(Selection(self._dragged.anchor, place))

    def _select(self, selection: Selection | None, *, is_shown: bool = True) -> None:
        self._dragged = selection
        self._picture.selection = selection if is_shown else None
        self.refresh()

    def _copy(self) -> None:
        text = self._picture.selected_text()
        if text.strip():
            self.copied(text)

    def action_copy_mode(self) -> None:
        """Select by keys, beginning at the program's cursor."""
        self._show_copy_mode(CopyMode(self._picture.cursor_place))
        if not self._picture.history.is_begun:
            self._want_older()

    def leave_copy_mode(self) -> None:
        """Nothing is selected any more."""
        self._copy_mode = None
        self._picture.copy_cursor = None
        self._select(None)
        self.follow()

    def copy_mode_key(self, key: str) -> None:
        """A key while selecting by keys."""
        mode = self._copy_mode
        if mode is None:
            return
        if key in {"escape", "q", keys.LEAVE}:
            self.leave_copy_mode()
        elif key in {"y", "enter"}:
            self._picture.selection = mode.selection
            self._copy()
            self.leave_copy_mode()
        elif key in {"space", "v"}:
            self._show_copy_mode(mode.marking())
        else:
            picture = self._picture
            width = picture.screen.columns
            page = self.size.height
            moved = mode.moved(key, lines=picture.lines, width=width, page=page)
            self._show_copy_mode(moved)

    def _show_copy_mode(self, mode: CopyMode) -> None:
        self._copy_mode = mode
        self._picture.copy_cursor = mode.cursor
        self._select(mode.selection if mode.anchor is not None else None)
        window = self._picture.window
        above = window.line - mode.cursor.line
        below = mode.cursor.line - (window.line + window.rows - 1)
        if above > 0:
            self.scroll_back(above)
        elif below > 0:
            self.scroll_back(-below)

    def mark(self) -> str:
        """How far back, and what selecting by keys needs to know."""
        hint = _COPY_HINT if self._copy_mode is not None else ""
        return "  ".join(word for word in (hint, super().mark()) if word)

    def holds_keys(self) -> bool:
        """Whether keys go to the program."""
        return False

    def enter(self) -> None:
        """Let the keys go to the program."""

    def send(self, data: bytes) -> None:
        """A person did something that the program is to know."""

    def copied(self, text: str) -> None:
        """A person selected this."""
