"""The terminal of whoever attached: raw while it lasts, and as it was before afterwards."""

import contextlib
import os
import sys
import termios
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import InvalidArgumentError

_LEAST_COLUMNS: Final = 2
_MOST_CELLS: Final = 1000
_READ_BYTES: Final = 64 * 1024

_TO_NORMAL_SCREEN: Final = b"\x1b7\x1b[?1049l"
"""Saved first, because without the other screen on, the cursor goes where it was saved."""

_RESETS: Final = (
    *(f"\x1b[?{mode}l" for mode in (9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016)),  # mouse
    *(f"\x1b[?{mode}l" for mode in (1004, 2004, 2026, 2031, 2048)),  # focus, paste, sync, reports
    "\x1b[<99u\x1b[=0u",  # the keyboard protocol of kitty
    "\x1b[>4m",  # modifyOtherKeys
    "\x1b[?1l\x1b>\x1b[4l\x1b[20l",  # cursor keys, keypad, insertion, line feeds
    "\x1b7\x1b[?6l\x1b[?69l\x1b[r\x1b8\x1b[?7h",  # origin, margins, wrapping
    "\x1b(B\x0f\x1b[0m\x1b[0 q\x1b[?25h",  # characters, pen, cursor
)


@dataclass(frozen=True, slots=True)
class Terminal:
    """Both ends of a person's terminal."""

    stdin: int
    stdout: int

    def size(self) -> tuple[int, int]:
        """Columns and rows, within what a session takes."""
        try:
            columns, rows = os.get_terminal_size(self.stdout)
        except OSError:
            columns, rows = 80, 24
        # A terminal that does not know its size says 0.
        columns, rows = columns or 80, rows or 24
        return max(_LEAST_COLUMNS, min(_MOST_CELLS, columns)), min(_MOST_CELLS, rows)

    def write(self, data: bytes) -> None:
        """Write all of it; waits for the terminal."""
        left = memoryview(data)
        while left:
            left = left[os.write(self.stdout, left) :]

    def read(self) -> bytes:
        """What was typed; empty when the terminal is gone."""
        try:
            return os.read(self.stdin, _READ_BYTES)
        except OSError:
            return b""

    @contextlib.contextmanager
    def raw(self) -> Iterator[None]:
        """Every key comes as it is typed; modes and settings are as before when the block ends.

        A terminal that went away meanwhile keeps nothing from ending.
        """
        before = termios.tcgetattr(self.stdin)
        try:
            tty.setraw(self.stdin, termios.TCSADRAIN)
            yield
        finally:
            with contextlib.suppress(OSError):
                self.reset()
            with contextlib.suppress(OSError, termios.error):
                # Answers to the session's questions may be on their way: they are no commands.
                termios.tcsetattr(self.stdin, termios.TCSAFLUSH, before)

    def reset(self) -> None:
        """Switch off everything that a full-screen program may have switched on."""
        self.write(_TO_NORMAL_SCREEN + "".join(_RESETS).encode())

    def clear(self) -> None:
        """An empty screen; what it showed goes up into the terminal's own scrollback."""
        _, rows = self.size()
        self.write(b"\x1b[%d;1H" % rows + b"\n" * rows + b"\x1b[H\x1b[2J")

    def to_bottom(self) -> None:
        """Move the cursor beneath everything."""
        self.write(b"\x1b[999;1H\r\n")


def own_terminal(*, hint: str = "") -> Terminal:
    """The terminal that this command runs in; ``hint`` tells what to do without one.

    Raises:
        InvalidArgumentError: There is none.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidArgumentError(
            "this needs a terminal, and standard input or output is none", hint=hint
        )
    return Terminal(sys.stdin.fileno(), sys.stdout.fileno())
