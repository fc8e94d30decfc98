"""The lines above a screen, fetched while somebody looks at them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.terminal.screen import Line, Run, ScrollbackPage

PAGE_LINES: Final = 500
_MAX_LINES: Final = 10_000
_MAX_UNSEEN_LINES: Final = 5000

Runs = tuple[Run, ...]


@dataclass(slots=True)
class History:
    """Oldest first; the last one stands directly above the screen's first row."""

    read: Callable[[Line], Runs]
    _lines: list[Runs | Line] = field(default_factory=list)
    _first: int | None = None
    _meanwhile: list[Runs | Line] = field(default_factory=list)
    """Left the screen after the first page was asked for."""
    is_asked: bool = False

    def __len__(self) -> int:
        return len(self._lines)

    def __getitem__(self, index: int) -> Runs:
        line = self._lines[index]
        if isinstance(line, Line):
            line = self._lines[index] = self.read(line)
        return line

    @property
    def is_begun(self) -> bool:
        """Whether there is a first page."""
        return self._first is not None

    @property
    def before(self) -> int | None:
        """What the next page has to end before; None for the newest."""
        return self._first

    @property
    def is_whole(self) -> bool:
        """Whether nothing older is to be had."""
        return self._first == 0

    def add_gone(self, lines: Iterable[Line]) -> None:
        """Lines left the screen at its top."""
        if self._first is not None:
            self._lines.extend(lines)
            excess = max(0, len(self._lines) - _MAX_LINES)
            del self._lines[:excess]
            self._first += excess
        elif self.is_asked:
            self._meanwhile.extend(lines)
            del self._meanwhile[:-_MAX_UNSEEN_LINES]

    def add_page(self, page: ScrollbackPage) -> int:
        """Older lines came; how many there are more than before."""
        before = len(self._lines)
        if not self.is_begun:
            self._lines = [*page.lines, *self._not_in(page)]
            self._first = page.first
        elif self._first == page.first + len(page.lines):
            self._lines[:0] = page.lines
            self._first = page.first
        self._meanwhile.clear()
        self.is_asked = False
        return len(self._lines) - before

    def _not_in(self, page: ScrollbackPage) -> list[Runs]:
        """What left the screen meanwhile, and is not in the page already."""
        gone = [self.read(line) if isinstance(line, Line) else line for line in self._meanwhile]
        for known in range(min(len(gone), len(page.lines)), 0, -1):
            if tuple(gone[:known]) == page.lines[-known:]:
                return gone[known:]
        return gone
