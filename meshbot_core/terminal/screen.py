"""The kept screen of a program: what a viewer who comes late is shown.

avt keeps cells and scrollback; modes and title are kept beside it. No I/O.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Final

from avt._avt import Color, Pen, Vt
from avt._avt import Line as Line
from pydantic import BaseModel, ConfigDict

from meshbot_core.terminal.clusters import Clusters
from meshbot_core.terminal.modes import Modes

MIN_COLUMNS: Final = 2
"""At one column avt panics."""
MAX_SIZE: Final = 1000
SCROLLBACK_LINES: Final = 5000
_CSI: Final = "\x9b"
_REPEATED: Final = re.compile(r"([^\x1b])\x1b\[(\d+)b")
"""avt says "the same again" where it can; tmux does that for ASCII alone."""


class Style(BaseModel):
    """How characters look; a colour is ``"3"`` (of the palette) or ``"#a0b0c0"``."""

    model_config = ConfigDict(frozen=True)

    foreground: str = ""
    background: str = ""
    is_bold: bool = False
    is_faint: bool = False
    is_italic: bool = False
    is_underlined: bool = False
    is_blinking: bool = False
    is_inverse: bool = False
    is_struck: bool = False


class Run(BaseModel):
    """Characters side by side that look the same."""

    model_config = ConfigDict(frozen=True)

    text: str
    style: Style = Style()


class ScrollbackPage(BaseModel):
    """Lines that have scrolled out, oldest first.

    ``first`` is the number of the first line, counted from the oldest that is kept; ``total``
    how many are kept.
    """

    model_config = ConfigDict(frozen=True)

    lines: tuple[tuple[Run, ...], ...] = ()
    first: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Fed:
    """What came of some bytes: ``answers`` are owed to the program when nobody else answers."""

    answers: bytes = b""
    has_title_changed: bool = False
    bells: int = 0
    is_lost: bool = False
    """The screen could not be kept: it is empty, and the program must repaint it."""
    changed: tuple[int, ...] = ()
    """The rows that may look different now, from 0; the cursor's moves are not among them."""
    gone: tuple[Line, ...] = ()
    """The lines that left what is kept above the screen, oldest first, for ``Screen.runs``."""


class Screen:
    """Columns and rows as ``resize`` bounds them."""

    def __init__(self, columns: int, rows: int, *, scrollback: int = SCROLLBACK_LINES) -> None:
        self.columns, self.rows = bounded(columns, rows)
        self._scrollback = scrollback
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._modes = Modes()
        self._clusters = Clusters()
        self._vt = Vt(self.columns, self.rows, scrollback)

    @property
    def title(self) -> str:
        """The window's title."""
        return self._modes.title

    @property
    def modes(self) -> frozenset[int]:
        """The private modes that are on."""
        return frozenset(self._modes.on)

    @property
    def has_application_cursor_keys(self) -> bool:
        """Whether arrows are to be sent as SS3 sequences."""
        return self._vt.cursor_key_app_mode

    def feed(self, data: bytes) -> Fed:
        """Let the program write ``data``."""
        title, bells = self._modes.title, self._modes.bells
        text = self._clusters.fold(self._decoder.decode(data), self._vt.cursor.col)
        fed = self._kept(lambda: self._vt.feed_str(text))
        changed, gone = (range(self.rows), ()) if fed is None else fed
        cursor = self._vt.cursor
        answers = self._modes.feed(data, (cursor.col, cursor.row))
        return Fed(
            answers=answers,
            has_title_changed=self._modes.title != title,
            bells=self._modes.bells - bells,
            is_lost=fed is None,
            changed=tuple(changed),
            gone=tuple(gone),
        )

    def resize(self, columns: int, rows: int) -> bool:
        """Change the size; False when the screen was lost by it."""
        self.columns, self.rows = bounded(columns, rows)
        return self._kept(lambda: self._vt.resize(self.columns, self.rows)) is not None

    def _kept(
        self, change: Callable[[], tuple[list[int], list[Line]]]
    ) -> tuple[list[int], list[Line]] | None:
        """What ``change`` says; None when the screen was lost by it."""
        try:
            return change()
        except Exception:
            raise
        except BaseException as error:
            if type(error).__name__ != "PanicException":
                raise
            # avt is written in Rust; after a panic its state is not to be used any more.
            self._vt = Vt(self.columns, self.rows, self._scrollback)
            return None

    def repaint(self) -> bytes:
        """What brings a fresh terminal of the same size to this screen, in 7-bit sequences."""
        before, after = self._modes.repaint()
        cells = _REPEATED.sub(_written_out, self._vt.dump().replace(_CSI, "\x1b["))
        written = self._clusters.unfold(cells).encode()
        return before + b"\x1b[0m\x1b[2J\x1b[3J\x1b[H" + written + after

    def text(self) -> tuple[str, ...]:
        """The rows as plain text, without what is blank at their ends."""
        return tuple(self._clusters.unfold(line.text).rstrip() for line in self._vt.view())

    def view(self) -> tuple[tuple[Run, ...], ...]:
        """The rows as they look."""
        return tuple(map(self.runs, self._vt.view()))

    def row(self, row: int) -> tuple[Run, ...]:
        """One row as it looks, from 0."""
        return self.runs(self._vt[row])

    def runs(self, line: Line) -> tuple[Run, ...]:
        """A line of this screen as it looks."""
        return tuple(
            Run(text=self._clusters.unfold(text), style=style) for text, style in _runs(line)
        )

    @property
    def cursor(self) -> tuple[int, int] | None:
        """Column and row of the cursor, from 0; None when it is hidden."""
        cursor = self._vt.cursor
        return (cursor.col, cursor.row) if 25 in self._modes.on else None  # noqa: PLR2004 - xterm's own

    def scrollback(self, *, before: int | None = None, limit: int = 500) -> ScrollbackPage:
        """The ``limit`` lines before line number ``before``; None: the newest."""
        lines = self._vt.lines()
        total = max(0, len(lines) - self.rows)
        end = total if before is None else min(max(before, 0), total)
        first = max(0, end - limit)
        chosen = tuple(map(self.runs, lines[first:end]))
        return ScrollbackPage(lines=chosen, first=first, total=total)


def _written_out(found: "re.Match[str]") -> str:
    return found[1] * (int(found[2]) + 1)


def bounded(columns: int, rows: int) -> tuple[int, int]:
    """The size that a screen can have which comes nearest to this one."""
    return min(max(columns, MIN_COLUMNS), MAX_SIZE), min(max(rows, 1), MAX_SIZE)


_pen: Final = attrgetter("pen")


def _runs(line: Line) -> Iterator[tuple[str, Style]]:
    cells = [cell for cell in line.cells if cell.width]
    # avt compares pens itself, which is far cheaper than to read them.
    for pen, run in groupby(cells, key=_pen):
        yield "".join([cell.char for cell in run]), _style(_look(pen))


_Look = tuple[str, str, bool, bool, bool, bool, bool, bool, bool]
_PLAIN: Final[_Look] = ("", "", False, False, False, False, False, False, False)


def _look(pen: Pen) -> _Look:
    if pen.is_default():
        return _PLAIN
    return (
        _color(pen.foreground),
        _color(pen.background),
        pen.bold,
        pen.faint,
        pen.italic,
        pen.underline,
        pen.blink,
        pen.inverse,
        pen.strikethrough,
    )


@lru_cache(maxsize=4096)
def _style(look: _Look) -> Style:
    foreground, background, bold, faint, italic, underline, blink, inverse, struck = look
    return Style(
        foreground=foreground,
        background=background,
        is_bold=bold,
        is_faint=faint,
        is_italic=italic,
        is_underlined=underline,
        is_blinking=blink,
        is_inverse=inverse,
        is_struck=struck,
    )


def _color(color: Color | None) -> str:
    if color is None:
        return ""
    if isinstance(color, Color.RGB):
        # avt's types say too little: a colour of three parts counts as one of one.
        red, green, blue = (getattr(color, name) for name in ("_0", "_1", "_2"))
        return f"#{red:02x}{green:02x}{blue:02x}"
    return str(getattr(color, "_0"))  # noqa: B009 - avt has it, its types do not
