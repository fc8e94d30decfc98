"""One agent as one or two lines of the list; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size

from meshbot_core.clients.durations import dollars
from meshbot_core.clients.text import plain
from meshbot_tui.model.attention import Group, Row

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_FULL: Final = 80
"""From so much of its context on, in percent, an agent forgets soon: that is always told."""
_HEADINGS: Final[dict[Group, str]] = {
    "agent": "this machine",
    "peer": "elsewhere",
    "operator": "you",
}

Part = tuple[str, str]
"""A class of the list's styles (``needs``, ``name``, ``quiet``, ...) and text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``row`` None: a heading."""

    row: Row | None
    part: int = 0
    heading: str = ""


def lines_of(rows: tuple[Row, ...]) -> tuple[Line, ...]:
    """All lines: a heading for each group, two lines an agent, one a peer."""
    lines: list[Line] = []
    group: Group | None = None
    for row in rows:
        if row.group != group:
            group = row.group
            count = sum(each.group == group for each in rows)
            many = f" ({count})" if count > 1 else ""
            lines.append(Line(None, heading=_HEADINGS[group] + many))
        lines += [Line(row, part) for part in range(2 if row.group == "agent" else 1)]
    return tuple(lines)


def clock(duration_ms: int) -> str:
    """``0:42``, ``12:07``, ``3h05``, ``4d``: short enough for a narrow column."""
    seconds = max(0, duration_ms) // 1000
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S}:{seconds % _MINUTE_S:02d}"
    if seconds < _DAY_S:
        return f"{seconds // _HOUR_S}h{seconds % _HOUR_S // _MINUTE_S:02d}"
    return f"{seconds // _DAY_S}d"


def parts_of(line: Line, width: int, now_ms: int) -> tuple[Part, ...]:
    """The line's parts, together exactly ``width`` columns."""
    if (row := line.row) is None:
        return (("heading", set_cell_size(f" {line.heading}", width)),)
    if line.part:
        return _second(row, width, now_ms)
    return _first(row, width, now_ms)


def _first(row: Row, width: int, now_ms: int) -> tuple[Part, ...]:
    right = _right(row, now_ms)
    room = width - 3 - cell_len(right)
    name = set_cell_size(_cut(plain(row.name), room), max(0, room))
    return ((row.look.tone, f" {row.look.mark} "), ("name", name), (row.look.tone, right))


def _right(row: Row, now_ms: int) -> str:
    unread = f" {row.unread} new" if row.unread else ""
    if row.group == "peer":
        if row.latency_ms is not None:
            return f"{unread} {row.doing or row.look.word} {row.latency_ms:.0f} ms "
        seen = f" {clock(now_ms - row.last_seen_ms)} ago" if row.last_seen_ms else ""
        return f"{unread} {row.look.word}{seen} "
    return f"{unread} {row.look.word} "


def _second(row: Row, width: int, now_ms: int) -> tuple[Part, ...]:
    doing = plain(row.doing)
    right, room = "", 0
    for facts in _facts(row, now_ms):
        right = "".join(f" {fact}" for fact in facts) + " "
        room = width - 3 - cell_len(right)
        if cell_len(doing) <= room:
            break
    said = set_cell_size(_cut(doing, room), max(0, room))
    return (("quiet", "   "), ("quiet", said), ("quiet", right))


def _facts(row: Row, now_ms: int) -> Iterator[list[str]]:
    """What may stand beside what an agent does: first all of it, then what it is worth more than.

    The time is last, so that it stays where it is when others come and go.
    """
    used = round(row.context_used or 0)
    cost = [dollars(row.cost_usd)] if row.cost_usd else []
    context = [f"{used}%"] if used else []
    since = [clock(now_ms - row.since_ms)] if row.since_ms else []
    yield [*cost, *context, *since]
    yield [*context, *since]
    if used < _FULL:
        yield since


def _cut(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(0, width - 1)).rstrip() + "…" * (width > 0)
