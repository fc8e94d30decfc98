"""What a session's frames look like on a person's terminal."""

from dataclasses import dataclass
from typing import Final

from meshbot_core.cli.terminal_view import Terminal
from meshbot_core.host.screen_client import Output, Repainted

_FORGET_SCROLLBACK: Final = b"\x1b[3J"
_NEWLINE: Final = b"\r\n"


@dataclass(slots=True)
class Painter:
    """Paints frames; the terminal is raw and ours alone meanwhile."""

    terminal: Terminal
    _has_painted: bool = False
    _ends_line: bool = True

    def paint(self, frame: Output | Repainted) -> None:
        """Show one frame."""
        match frame:
            case Repainted(_, _, data):
                self._begin()
                # What the terminal kept from before is its owner's.
                self._write(data.replace(_FORGET_SCROLLBACK, b""))
            case Output(data):
                self._write(data)

    def terminal_resized(self, columns: int, rows: int) -> None:
        """The terminal has another size now."""

    def say(self, text: str) -> None:
        """Put a line of ours over whatever is there."""
        self.terminal.write(b"\x1b7\x1b[999;1H\x1b[0;7m " + text.encode() + b" \x1b[0m\x1b[K\x1b8")

    def leave(self, *, is_ended: bool) -> None:
        """Put the cursor where what comes next shall stand."""
        if not is_ended:
            self.terminal.to_bottom()
        elif not self._ends_line:
            self.terminal.write(_NEWLINE)

    def _begin(self) -> None:
        if not self._has_painted:
            self._has_painted = True
            self.terminal.clear()
        else:
            self.terminal.reset()
            self.terminal.write(b"\x1b[H\x1b[2J")

    def _write(self, data: bytes) -> None:
        self._ends_line = data.endswith(b"\n") if data else self._ends_line
        self.terminal.write(data)
