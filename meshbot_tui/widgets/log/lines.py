"""Lines of a session's log in rows that fit; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meshbot_core.clients.text import plain
from meshbot_tui.widgets.folding import folded

TIME_COLUMNS: Final = len(" 10:42:07  ")
_STAMP: Final = "2026-11-24T10:00:00.000Z"
_BAD: Final = ("failed", "state crashed", "error")


@dataclass(frozen=True, slots=True)
class LogRow:
    """A line of the log, or what goes on of it: then it has no time."""

    time: str
    text: str
    is_bad: bool


def rows_of(line: str, width: int) -> Iterator[LogRow]:
    """A line as it stands in the file, in rows of ``width`` columns."""
    time, said = _parts(line)
    is_bad = said.startswith(_BAD)
    for piece in folded(plain(said) or " ", max(1, width - TIME_COLUMNS)):
        yield LogRow(time, piece, is_bad)
        time = ""


def _parts(line: str) -> tuple[str, str]:
    """When it was, in the reader's own zone, and what; a line without a time is all text."""
    stamp, said = line[: len(_STAMP)], line[len(_STAMP) + 1 :]
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return "", line
    return at.astimezone().strftime("%H:%M:%S"), said
