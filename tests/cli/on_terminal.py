"""A ``meshbot`` command on a terminal of its own."""

import os
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pexpect

from meshbot_core.terminal.screen import Screen

LIMIT_S = 15
DETACH = "\x1d"
_COLUMNS, _ROWS = 80, 24


@dataclass(slots=True)
class _Kept:
    """All that the terminal was sent."""

    data: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> None:
        self.data += data

    def flush(self) -> None:
        pass


@dataclass(slots=True)
class OnTerminal:
    """One command and its terminal."""

    child: "pexpect.spawn[bytes]"
    before: list[object]
    kept: _Kept = field(default_factory=_Kept)

    def shows(self, text: str) -> None:
        """Wait until ``text`` came."""
        self.child.expect_exact(text)

    def displays(self, text: str) -> None:
        """Wait until ``text`` stands on the screen, however it came there."""
        deadline_s = time.monotonic() + LIMIT_S
        while text not in "\n".join(self.screen.text()):
            if time.monotonic() > deadline_s:
                raise AssertionError(
                    f"{text!r} is not on the screen:\n" + "\n".join(self.screen.text())
                )
            self.child.expect([r".", pexpect.TIMEOUT, pexpect.EOF], timeout=0.1)

    @property
    def screen(self) -> Screen:
        """What a person sees."""
        rows, columns = self.child.getwinsize()
        screen = Screen(columns, rows)
        screen.feed(bytes(self.kept.data))
        return screen

    def types(self, text: str) -> None:
        """Type keys."""
        self.child.send(text)

    def ends(self) -> int:
        """Wait for the end of the command; its exit status."""
        self.child.expect(pexpect.EOF)
        self.child.wait()
        assert self.child.exitstatus is not None, self.child.signalstatus
        return self.child.exitstatus

    @property
    def said(self) -> str:
        """All that ever came."""
        return self.kept.data.decode(errors="replace")

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal's settings and modes are those of before."""
        is_plain = self.screen.modes == frozenset({25})
        return is_plain and termios.tcgetattr(self.child.child_fd)[:4] == self.before[:4]


@contextmanager
def on_terminal(*words: str, columns: int = _COLUMNS, rows: int = _ROWS) -> Iterator[OnTerminal]:
    """Run ``meshbot`` under a pty until the block ends; then it is hung up on."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "meshbot_core", *words],
        dimensions=(rows, columns),
        timeout=LIMIT_S,
        env={**os.environ, "TERM": "xterm-256color"},
    )
    # Python alone takes longer to start than this takes: nothing was changed yet.
    running = OnTerminal(child, termios.tcgetattr(child.child_fd))
    child.delaybeforesend = None
    child.logfile_read = running.kept
    try:
        yield running
    finally:
        child.close(force=True)
