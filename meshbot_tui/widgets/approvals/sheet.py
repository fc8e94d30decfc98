"""The whole text of what waits, laid out in rows of a width; pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len

from meshbot_core.clients.approval_text import whole
from meshbot_core.clients.text import prose
from meshbot_tui.model.picture import Question
from meshbot_tui.widgets.approvals.entries import Entry
from meshbot_tui.widgets.folding import folded

Kind = Literal["said", "command", "path", "added", "removed", "place", "note"]

MAX_CHARS: Final = 60_000
MAX_LINES: Final = 2000
_GUTTER: Final = 2
_CONTINUED: Final = "╰ "
_TAB: Final = 4
_EDITS: Final = ("Edit", "MultiEdit", "Write")
_DIFF_KINDS: Final[dict[str, Kind]] = {"+": "added", "-": "removed", "@": "place"}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the text, however long; ``gutter`` says by a mark what the colour says."""

    kind: Kind
    text: str
    gutter: str = "  "


@dataclass(frozen=True, slots=True)
class Row:
    """What fits into the width."""

    kind: Kind
    gutter: str
    text: str


def lines_of(entry: Entry) -> tuple[Line, ...]:
    """Everything that the person has to see before an answer; what is left out is said."""
    source = entry.source
    if isinstance(source, Question):
        return tuple(_question(source.text))
    text = whole(source.tool, source.tool_input, max_chars=MAX_CHARS, max_lines=MAX_LINES)
    texts = text.split("\n")
    if source.tool == "Bash":
        return tuple(_command(texts))
    return tuple(_edit(texts)) if source.tool in _EDITS else tuple(_said(texts))


def _question(text: str) -> Iterator[Line]:
    shown = "\n".join(text.split("\n")[:MAX_LINES])[:MAX_CHARS]
    yield from (Line("said", line) for line in prose(shown).split("\n"))
    if left := len(text) - len(shown):
        yield Line("note", f"… {left} more characters: see all under messages")


def _said(texts: Iterable[str]) -> Iterator[Line]:
    yield from (Line(_cut_or(text, "said"), text) for text in texts)


def _command(texts: Iterable[str]) -> Iterator[Line]:
    for number, text in enumerate(texts):
        yield Line(_cut_or(text, "command"), text, "  " if number else "$ ")


def _edit(texts: Iterable[str]) -> Iterator[Line]:
    for number, text in enumerate(texts):
        kind = _DIFF_KINDS.get(text[:1])
        if number == 0:
            yield Line("path", text)
        elif kind in ("added", "removed"):
            yield Line(kind, text[1:], f"{text[0]} ")
        elif kind == "place":
            yield Line(kind, text)
        else:
            yield Line(_cut_or(text, "said"), text[1:] if text[:1] == " " else text)


def _cut_or(text: str, kind: Kind) -> Kind:
    return "note" if text.startswith("… ") and "more characters" in text else kind


def laid_out(lines: Iterable[Line], width: int) -> tuple[Row, ...]:
    """The lines in rows of ``width`` columns; what goes on in a next row is marked so."""
    return tuple(row for line in lines for row in _rows(line, max(1, width - _GUTTER)))


def _rows(line: Line, width: int) -> Iterator[Row]:
    text = line.text.expandtabs(_TAB)
    if cell_len(text) <= width:
        yield Row(line.kind, line.gutter, text)
        return
    gutter = line.gutter
    for part in folded(text, width):
        yield Row(line.kind, gutter, part)
        gutter = _CONTINUED
