"""What somebody marks on a screen, by mouse or by keys."""

from dataclasses import dataclass, replace
from typing import Final

_WORD_MARKS: Final = frozenset("_-./~:@+%#?&=")
"""What paths, addresses and options are made of, beside letters and digits."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A cell: the number of its line, which stays while lines scroll, and its column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Selection:
    """From one cell to another, both included, line after line."""

    anchor: Place
    head: Place

    @property
    def first(self) -> Place:
        """The cell nearest to the beginning."""
        return min(self.anchor, self.head)

    @property
    def last(self) -> Place:
        """The cell nearest to the end."""
        return max(self.anchor, self.head)

    @property
    def lines(self) -> range:
        """The numbers of its lines."""
        return range(self.first.line, self.last.line + 1)

    def span(self, line: int, width: int) -> tuple[int, int]:
        """The columns of a line that are in it: the first, and the one behind the last."""
        if line not in self.lines:
            return (0, 0)
        begin = self.first.column if line == self.first.line else 0
        end = self.last.column + 1 if line == self.last.line else width
        return (min(begin, width), min(end, width))


def word_at(place: Place, columns: list[str]) -> Selection:
    """The word, path or address around a place on its line."""
    begin = end = min(place.column, max(0, len(columns) - 1))
    while begin > 0 and _is_of_word(columns[begin - 1]):
        begin -= 1
    while end + 1 < len(columns) and _is_of_word(columns[end + 1]):
        end += 1
    return Selection(replace(place, column=begin), replace(place, column=end))


def _is_of_word(glyph: str) -> bool:
    return not glyph or glyph[0].isalnum() or glyph in _WORD_MARKS


@dataclass(frozen=True, slots=True)
class CopyMode:
    """Selecting by keys: where the cursor is, and where the selection began."""

    cursor: Place
    anchor: Place | None = None

    @property
    def selection(self) -> Selection:
        """What is marked: at least the cell of the cursor."""
        return Selection(self.anchor or self.cursor, self.cursor)

    def marking(self) -> "CopyMode":
        """Begin the selection here, or drop it."""
        return replace(self, anchor=self.cursor if self.anchor is None else None)

    def moved(self, key: str, *, lines: range, width: int, page: int) -> "CopyMode":
        """After a key that moves the cursor, within these lines."""
        line, column = self.cursor.line, self.cursor.column
        places = {
            "left": (line, column - 1),
            "right": (line, column + 1),
            "up": (line - 1, column),
            "down": (line + 1, column),
            "pageup": (line - page, column),
            "pagedown": (line + page, column),
            "home": (line, 0),
            "end": (line, width - 1),
        }
        line, column = places.get(key, (line, column))
        line = min(max(line, lines.start), lines.stop - 1)
        return replace(self, cursor=Place(line, min(max(column, 0), width - 1)))
