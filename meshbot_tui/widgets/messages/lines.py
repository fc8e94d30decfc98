"""One message as one line; pure."""

from datetime import UTC, datetime
from typing import Final

from rich.cells import cell_len, set_cell_size

from meshbot_core.clients.text import plain
from meshbot_tui.model.journal import MessageRow

_KINDS: Final = {"message": "msg", "ask": "ask", "response": "ans"}
_MARKS: Final = {"ask": "?", "response": "!"}
_WIDE: Final = 100
_NARROW: Final = 70
_SLIM: Final = 50
_MINUTES: Final = len(" 10:42")
_STATE_COLUMNS: Final = 10

Part = tuple[str, str]
"""A class of the list's styles and text."""


def state_of(row: MessageRow) -> tuple[str, str]:
    """The one word that tells how far a message got, and how it is coloured."""
    word = row.state
    tone = "quiet"
    if row.ask_state in ("answered", "late", "timed_out"):
        word = row.ask_state.replace("_", " ")
        tone = "bad" if row.ask_state == "timed_out" else "good"
    elif row.state in ("failed", "expired"):
        tone = "bad"
    elif row.state in ("queued", "sending"):
        tone = "warn"
    elif row.read_state == "read":
        word, tone = "read", "good"
    elif row.read_state == "shown":
        word = "shown"
    return word, tone


def clock_of(at_ms: int, now_ms: int) -> str:
    """``10:42:07`` today, ``11-23 10:42`` before; in the reader's own zone."""
    try:
        at, now = (datetime.fromtimestamp(ms / 1000, UTC).astimezone() for ms in (at_ms, now_ms))
    except (OverflowError, OSError, ValueError):
        return "?"
    return at.strftime("%H:%M:%S" if at.date() == now.date() else "%m-%d %H:%M")


def parts_of(row: MessageRow, width: int, now_ms: int) -> tuple[Part, ...]:
    """The line's parts, together exactly ``width`` columns."""
    word, tone = state_of(row)
    clock = f" {clock_of(row.at_ms, now_ms)}"
    route = f"{plain(row.sender)} → {plain(row.to)}"
    head: tuple[Part, ...]
    if width < _SLIM:
        # What was said matters more than when.
        head = (
            ("route", _fitting(f" {route}", 15)),
            ("kind", f"{_MARKS.get(row.kind, ' ')} "),
            (tone, _fitting(word, 9)),
        )
    elif width < _NARROW:
        head = (
            ("quiet", set_cell_size(clock[:_MINUTES], 7)),
            ("route", _fitting(route, 18)),
            ("kind", f" {_MARKS.get(row.kind, ' ')} "),
            (tone, set_cell_size(word, _STATE_COLUMNS)),
        )
    else:
        head = (
            ("quiet", set_cell_size(clock, 13)),
            ("route", _fitting(route, 26 if width >= _WIDE else 20)),
            ("kind", set_cell_size(f" {_KINDS.get(row.kind, row.kind)}", 5)),
            (tone, set_cell_size(word, _STATE_COLUMNS)),
        )
    room = max(0, width - sum(cell_len(text) for _, text in head) - 1)
    said = row.error if tone == "bad" and row.error else row.text
    return (*head, ("text", " " + _fitting(plain(said[: 4 * room + 1]), room)))


def _fitting(text: str, columns: int) -> str:
    if cell_len(text) > columns:
        text = set_cell_size(text, max(0, columns - 1)).rstrip() + "…" * (columns > 0)
    return set_cell_size(text, columns)
