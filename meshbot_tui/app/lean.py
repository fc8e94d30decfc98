"""What is written to the terminal: the cells that are not there yet, and no colour twice.

Textual writes a changed line from its widget's edge on, and each piece of it with all its
colours. Over a slow line that is most of what a session costs that writes much.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import cell_len, split_graphemes
from rich.color import Color, ColorSystem
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import SGR_STYLES, Strip

_GAP: Final = 8
"""So many cells that stay are written again rather than jumped over."""
_FRESH_S: Final = 0.5
"""So long what was written is taken to be there."""


class Look(NamedTuple):
    """How text looks: SGR's words for attributes and colours, and where it leads."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""
    link: str = ""


PLAIN: Final = Look()
_OFF: Final = {
    **dict.fromkeys(("1", "2"), "22"),
    "3": "23",
    **dict.fromkeys(("4", "21"), "24"),
    **dict.fromkeys(("5", "6"), "25"),
    "7": "27",
    "8": "28",
    "9": "29",
    **dict.fromkeys(("51", "52"), "54"),
    "53": "55",
}
"""SGR's words that end what its others begin."""
_MARKING: Final = frozenset({"4", "5", "6", "7", "9", "21", "51", "52", "53"})
"""Those that blanks show too, and what is erased does not."""
Piece = tuple[str, Look]
Pieces = tuple[Piece, ...]


class Change(NamedTuple):
    """Pieces to be written from this cell on."""

    x: int
    y: int
    pieces: Pieces


class LeanUpdate(CompositorUpdate):
    """Changes as one string for the terminal, which has no colours set before and after it."""

    def __init__(self, changes: Sequence[Change], *, may_erase: bool) -> None:
        self._changes = changes
        self._may_erase = may_erase

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """As Rich would print it."""
        yield Segment(self.render_segments(console))

    def render_segments(self, console: Console) -> str:
        """What to write."""
        del console
        written: list[str] = []
        before = PLAIN
        for change in self._changes:
            written.append(f"\x1b[{change.y + 1};{change.x + 1}H")
            for text, look in change.pieces:
                written += (_turned(before, look), text)
                before = look
            if self._may_erase and not _MARKING.intersection(before.attributes.split(";")):
                written[-1] = _erased(written[-1])
        written.append(_turned(before, PLAIN))
        return "".join(written)


def _erased(text: str) -> str:
    """Blanks at the end of a run are erased rather than written."""
    blanks = len(text) - len(text.rstrip(" "))
    return f"{text[:-blanks]}\x1b[{blanks}X" if blanks > _GAP else text


class _Part(NamedTuple):
    end: int
    pieces: Pieces
    written_s: float


def _change(x: int, y: int, pieces: Pieces) -> Iterator[Change]:
    if pieces:
        yield Change(x, y, _joined(pieces))


class Shown:
    """What stands in each row of the terminal, in the parts that Textual writes it in."""

    def __init__(
        self, *, may_erase: bool = False, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        """``may_erase``: what the terminal erases gets the background that it writes with."""
        self._may_erase = may_erase
        self._now_s = now_s
        self._rows: dict[int, dict[int, _Part]] = {}

    def forget(self) -> None:
        """Nothing is known of the terminal any more."""
        self._rows.clear()

    def lean(self, update: RenderableType | None, system: ColorSystem) -> RenderableType | None:
        """The same update, or a smaller one that comes to the same."""
        if isinstance(update, ChopsUpdate):
            changes = tuple(self._changes(update, system))
            return LeanUpdate(changes, may_erase=self._may_erase)
        if isinstance(update, LayoutUpdate):
            changes = tuple(self._whole(update, system))
            return LeanUpdate(changes, may_erase=self._may_erase)
        return update

    def _whole(self, update: LayoutUpdate, system: ColorSystem) -> Iterator[Change]:
        """All of it, for it may repair what somebody else wrote there.

        But what was written just now is whole: a change of view comes as parts first, and at
        once as all of it.
        """
        now_s = self._now_s()
        for y, line in enumerate(update.strips, update.region.y):
            before = self._rows.get(y, {})
            row = self._rows[y] = {}
            x = begin = update.region.x
            pieces: Pieces = ()
            for strip in line:
                end = x + strip.cell_length
                part = _Part(end, pieces_of(strip, system), now_s)
                old = before.get(x)
                if old is not None and old[:2] == part[:2] and now_s - old.written_s < _FRESH_S:
                    part = old
                    yield from _change(begin, y, pieces)
                    begin, pieces = end, ()
                else:
                    pieces += part.pieces
                row[x] = part
                x = end
            yield from _change(begin, y, pieces)

    def _changes(self, update: ChopsUpdate, system: ColorSystem) -> Iterator[Change]:
        spans: dict[int, list[tuple[int, int]]] = {}
        for y, x1, x2 in update.spans:
            spans.setdefault(y, []).append((x1, x2))
        for y, wanted in spans.items():
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and any(x < x2 and x1 < end for x1, x2 in wanted):
                    yield from self._written(x, y, pieces_of(strip, system), strip.cell_length)

    def _written(self, x: int, y: int, pieces: Pieces, width: int) -> Iterator[Change]:
        """Note a part of a row; what of it has to be written."""
        row = self._rows.setdefault(y, {})
        old, new = row.get(x), _Part(x + width, pieces, self._now_s())
        if old is not None and old.end == new.end:
            row[x] = new if old.pieces != pieces else old
            for offset, changed in differences(old.pieces, pieces):
                yield Change(x + offset, y, changed)
            return
        for begin in [at for at, part in row.items() if at < new.end and x < part.end]:
            del row[begin]
        row[x] = new
        yield Change(x, y, pieces)


def differences(old: Pieces, new: Pieces) -> Iterator[tuple[int, Pieces]]:
    """Where ``new`` is not ``old``, which is as wide: cells from the left, and what goes there."""
    shortest, begin, end = min(len(old), len(new)), 0, 0
    while begin < shortest and old[begin] == new[begin]:
        begin += 1
    while end < shortest - begin and old[-1 - end] == new[-1 - end]:
        end += 1
    before, after = _cells(old[begin : len(old) - end]), _cells(new[begin : len(new) - end])
    if not after:
        return
    offset = sum(cell_len(text) for text, _ in new[:begin])
    for first, last in _runs(before, after):
        yield offset + first, _joined(after[first:last])


def _runs(before: list[Piece], after: list[Piece]) -> Iterator[tuple[int, int]]:
    """Where cells differ, from and to; what lies close together is one run."""
    # Who measures characters in another way than we do writes all of it.
    is_same_width = len(before) == len(after)
    differ = [at for at in range(len(after)) if not is_same_width or before[at] != after[at]]
    begin = 0
    for place, at in enumerate(differ):
        is_last = place == len(differ) - 1
        if is_last or differ[place + 1] - at > _GAP:
            first = differ[begin]
            while first and not after[first][0]:
                first -= 1  # a wide character is written whole
            yield first, at + 1
            begin = place + 1


def _cells(pieces: Pieces) -> list[Piece]:
    """What begins in each cell; empty where a wide character goes on."""
    return [(glyph, look) for text, look in pieces for glyph in _glyphs(text)]


def _glyphs(text: str) -> Sequence[str]:
    if text.isascii():
        return text
    found: list[str] = []
    for start, end, width in split_graphemes(text)[0]:
        found += [text[start:end], *[""] * (width - 1)]
    return found


def _joined(pieces: Sequence[Piece]) -> Pieces:
    joined: list[Piece] = []
    for text, look in pieces:
        if joined and joined[-1][1] == look:
            joined[-1] = joined[-1][0] + text, look
        else:
            joined.append((text, look))
    return tuple(joined)


def pieces_of(strip: Strip, system: ColorSystem) -> Pieces:
    """What a strip shows; what else its styles say is no concern of the terminal."""
    return _joined([(text, _look_of(style, system)) for text, style, _ in strip if text])


def _look_of(style: Style | None, system: ColorSystem) -> Look:
    if style is None:
        return PLAIN
    attributes = style._attributes & style._set_attributes  # noqa: SLF001 - as Textual reads them
    look = _look(style.color, style.bgcolor, attributes, system)
    return look._replace(link=style.link) if style.link else look


@lru_cache(maxsize=4096)
def _look(
    color: Color | None, background: Color | None, attributes: int, system: ColorSystem
) -> Look:
    names = [name for bit, name in enumerate(SGR_STYLES) if attributes & 1 << bit]
    return Look(
        ";".join(names),
        ";".join(color.downgrade(system).get_ansi_codes()) if color else "",
        ";".join(background.downgrade(system).get_ansi_codes(foreground=False))
        if background
        else "",
    )


@lru_cache(maxsize=8192)
def _turned(before: Look, after: Look) -> str:
    """What makes a terminal that writes like ``before`` write like ``after``."""
    link = "" if before.link == after.link else f"\x1b]8;;{after.link}\x1b\\"
    if before[:3] == after[:3]:
        return link
    if after[:3] == PLAIN[:3]:
        return f"{link}\x1b[m"
    words = [*_attributes(before.attributes, after.attributes)]
    for was, now, default in ((before[1], after[1], "39"), (before[2], after[2], "49")):
        words += [now or default] if was != now else []
    return f"{link}\x1b[{';'.join(words)}m"


def _attributes(before: str, after: str) -> Iterator[str]:
    old, new = (set(words.split(";")) - {""} for words in (before, after))
    for off in dict.fromkeys(_OFF.values()):
        # Bold and faint are ended by one word, and on some terminals exclude each other.
        was, now = ({word for word in words if _OFF[word] == off} for words in (old, new))
        if was != now:
            yield from [off] if was else []
            yield from sorted(now)
