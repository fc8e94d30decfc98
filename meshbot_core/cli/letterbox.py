"""A session's screen on a terminal of another size: its corner, and a line that says why."""

from dataclasses import dataclass, field

from meshbot_core.cli import styled
from meshbot_core.cli.terminal_view import Terminal
from meshbot_core.terminal.screen import Screen


@dataclass(slots=True)
class Letterbox:
    """Keeps the screen itself, and paints the rows that changed since."""

    terminal: Terminal
    screen: Screen
    _painted: list[bytes] = field(default_factory=list)

    def paint(self) -> None:
        """Bring the terminal up to date."""
        columns, rows = self.terminal.size()
        shown = self._rows(columns, rows)
        data = bytearray(b"\x1b[?25l")
        for number, line in enumerate(shown):
            if number >= len(self._painted) or line != self._painted[number]:
                data += b"\x1b[%d;1H" % (number + 1) + line
        self._painted = shown
        self.terminal.write(bytes(data) + self._cursor(columns, rows))

    def forget(self) -> None:
        """Paint everything the next time: the terminal has another size."""
        self._painted = []

    def _rows(self, columns: int, rows: int) -> list[bytes]:
        hidden = self._hidden(rows)
        view = self.screen.view()[hidden : hidden + rows]
        shown = [styled.row(runs, columns) for runs in view]
        if self.screen.columns < columns:
            edge = b"\x1b[%dG\x1b[2m\xe2\x94\x82\x1b[0m" % (self.screen.columns + 1)
            shown = [line + edge for line in shown]
        if len(shown) < rows:
            shown.append(self._note(columns))
        return shown

    def _note(self, columns: int) -> bytes:
        size = f"{self.screen.columns}x{self.screen.rows}"
        text = f" {size}, the size of another viewer; type to have yours"
        return b"\x1b[0;2m" + text[:columns].encode() + b"\x1b[0m\x1b[K"

    def _hidden(self, rows: int) -> int:
        """How many rows at the top do not fit; what goes on is at the bottom of what is used."""
        used = [number for number, text in enumerate(self.screen.text()) if text]
        last = max([*used[-1:], self.screen.cursor[1] if self.screen.cursor else 0], default=0)
        return max(0, last + 1 - rows)

    def _cursor(self, columns: int, rows: int) -> bytes:
        if self.screen.cursor is None:
            return b""
        column, row = self.screen.cursor
        row -= self._hidden(rows)
        if row < 0 or column >= columns:
            return b""
        return b"\x1b[%d;%dH\x1b[?25h" % (row + 1, column + 1)
