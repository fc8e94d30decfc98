"""What a session's frames look like on a person's terminal."""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Final

from meshbot_core.cli import styled
from meshbot_core.cli.letterbox import Letterbox
from meshbot_core.cli.terminal_view import Terminal
from meshbot_core.terminal.frames import Output, Repaint
from meshbot_core.terminal.screen import Screen, ScrollbackPage

_FORGET_SCROLLBACK: Final = b"\x1b[3J"
_FRAME_S: Final = 0.03


@dataclass(slots=True)
class Painter:
    """Paints frames; the terminal is raw and ours alone meanwhile.

    A screen of the terminal's own size is passed on as it comes, any other is letterboxed.
    """

    terminal: Terminal
    _letterbox: Letterbox | None = None
    _is_passed_on: bool = True
    _has_begun: bool = False
    _ends_line: bool = True
    _repaint: asyncio.TimerHandle | None = None

    def begin(self, scrollback: ScrollbackPage) -> None:
        """Put what scrolled out before into the terminal's own scrollback."""
        self._has_begun = True
        self.terminal.clear()
        if scrollback.lines:
            self.terminal.write(styled.lines(scrollback.lines))
            self.terminal.clear()

    def paint(self, frame: Output | Repaint) -> None:
        """Show one frame."""
        match frame:
            case Repaint(columns, rows, data):
                self._begin()
                # Kept also while it is passed on: the terminal may get another size.
                screen = Screen(columns, rows, scrollback=0)
                self._letterbox = Letterbox(self.terminal, screen)
                self._is_passed_on = (columns, rows) == self.terminal.size()
                # What the terminal kept from before is its owner's.
                self._show(data.replace(_FORGET_SCROLLBACK, b""))
            case Output(data):
                self._show(data)

    def terminal_resized(self) -> None:
        """The terminal has another size now; the session may follow, with a repaint."""
        if self._letterbox is None:
            return
        screen = self._letterbox.screen
        if (screen.columns, screen.rows) != self.terminal.size():
            if self._is_passed_on:
                self.terminal.reset()
            self._is_passed_on = False
        if not self._is_passed_on:
            self.terminal.write(b"\x1b[2J")
            self._letterbox.forget()
            self._letterbox.paint()

    def say(self, text: str) -> None:
        """Put a line of ours over whatever is there."""
        self.terminal.write(b"\x1b7\x1b[999;1H\x1b[0;7m " + text.encode() + b" \x1b[0m\x1b[K\x1b8")

    def leave(self, *, is_ended: bool) -> None:
        """Put the cursor where what comes next shall stand."""
        if self._repaint is not None:
            self._repaint.cancel()
        if not (is_ended and self._is_passed_on):
            self.terminal.to_bottom()
        elif not self._ends_line:
            self.terminal.write(b"\r\n")

    def _begin(self) -> None:
        if not self._has_begun:
            self.begin(ScrollbackPage())
        else:
            self.terminal.reset()
            self.terminal.write(b"\x1b[H\x1b[2J")

    def _show(self, data: bytes) -> None:
        if self._letterbox is not None:
            self._letterbox.screen.feed(data)
        if self._is_passed_on:
            self._ends_line = data.endswith(b"\n") if data else self._ends_line
            self.terminal.write(data)
        elif self._repaint is None:
            # Soon, together with what else comes until then.
            self._repaint = asyncio.get_running_loop().call_later(_FRAME_S, self._paint_letterbox)

    def _paint_letterbox(self) -> None:
        self._repaint = None
        if self._letterbox is not None and not self._is_passed_on:
            with contextlib.suppress(OSError):
                self._letterbox.paint()
