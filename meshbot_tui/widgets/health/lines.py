"""A peer on one line, and what came and went; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size

from meshbot_core.clients.durations import span
from meshbot_core.clients.text import clock_time, plain
from meshbot_tui.model.picture import Change, Peer, Sample

SPAN_MS: Final = 600_000
_STEPS_MS: Final = (2, 5, 10, 25, 50, 100, 250)
"""The latencies at which a bar grows: the same for all peers, so that they compare."""
_BARS: Final = "▁▂▃▄▅▆▇█"
_NO_ANSWER: Final = "x"
_SKEW_MS: Final = 1000
_SLOW_MS: Final = 1000
_STATE_WIDTH: Final = 10
_LATENCY_WIDTH: Final = 8
_VERSION_FROM: Final = 76
_MAX_NAME: Final = 24

Tone = Literal["good", "bad", "warn", "name", "quiet", "spark"]
Part = tuple[Tone, str]


@dataclass(frozen=True, slots=True)
class Columns:
    """How a width is shared out."""

    name: int
    spark: int
    version: int
    rest: int

    @classmethod
    def of(cls, width: int, longest_name: int) -> "Columns":
        """Names as wide as they are, the line of the last minutes wider where there is room."""
        name = min(max(longest_name, 4), _MAX_NAME, max(8, width // 4)) + 1
        version = 9 if width >= _VERSION_FROM else 0
        spark = 30 if width >= 110 else 20 if width >= _VERSION_FROM else 10  # noqa: PLR2004
        rest = width - _STATE_WIDTH - name - _LATENCY_WIDTH - spark - 1 - version
        return cls(name, spark, version, max(0, rest))


def heading(columns: Columns) -> str:
    """The names of the columns."""
    return "".join(
        (
            _fit(" state", _STATE_WIDTH),
            _fit("peer", columns.name),
            _fit("latency", _LATENCY_WIDTH),
            _fit("10 min", columns.spark),
            " ",
            _fit("version", columns.version),
            _fit("what is wrong", columns.rest),
        )
    )


def parts_of(peer: Peer, columns: Columns, end_ms: int) -> tuple[Part, ...]:
    """A peer's line; ``end_ms`` is the end of its last bar."""
    state: Part = ("good", " ● up") if peer.is_online else ("bad", " x down")
    is_slow = peer.latency_ms is not None and peer.latency_ms >= _SLOW_MS
    return (
        (state[0], _fit(state[1], _STATE_WIDTH)),
        ("name", _fit(plain(peer.name), columns.name)),
        ("warn" if is_slow else "name", _fit(latency_of(peer), _LATENCY_WIDTH)),
        ("spark", sparkline(peer.samples, columns.spark, end_ms) + " "),
        ("quiet", _fit(plain(peer.version), columns.version)),
        ("bad" if not peer.is_online else "warn", _fit(trouble_of(peer), columns.rest)),
    )


def latency_of(peer: Peer) -> str:
    """How long its answer took."""
    if not peer.is_online or peer.latency_ms is None:
        return "-"
    if peer.latency_ms >= _SLOW_MS:
        return f"{peer.latency_ms / 1000:.1f} s"
    return f"{peer.latency_ms:.0f} ms" if peer.latency_ms >= 1 else "<1 ms"


def trouble_of(peer: Peer) -> str:
    """What is wrong with it, the short things first."""
    troubles = []
    if peer.skew_ms is not None and abs(peer.skew_ms) > _SKEW_MS:
        troubles.append(f"clock {peer.skew_ms / 1000:+.1f} s")
    if peer.backlog:
        troubles.append(f"{peer.backlog} queued for it")
    if peer.error:
        troubles.append(plain(peer.error))
    return ", ".join(troubles)


def bar_ms(columns: int) -> int:
    """How long one bar of a sparkline is."""
    return SPAN_MS // max(1, columns)


def end_of(now_ms: int, columns: int) -> int:
    """The end of the bar that ``now_ms`` is in: bars stand still until the next one begins."""
    return (now_ms // bar_ms(columns) + 1) * bar_ms(columns)


def sparkline(samples: Iterable[Sample], columns: int, end_ms: int) -> str:
    """The worst of each stretch of time: a bar, ``x`` for no answer, a space for no look."""
    step = bar_ms(columns)
    begin_ms = end_ms - step * columns
    levels: list[int | None] = [None] * columns
    for sample in samples:
        at = (sample.at_ms - begin_ms) // step
        if 0 <= at < columns:
            level = _level(sample.latency_ms)
            before = levels[at]
            levels[at] = level if before is None else max(before, level)
    marks = _BARS + _NO_ANSWER
    return "".join(" " if level is None else marks[level] for level in levels)


def _level(latency_ms: float | None) -> int:
    if latency_ms is None:
        return len(_BARS)
    return sum(latency_ms >= step for step in _STEPS_MS)


def detail_of(peer: Peer, now_ms: int) -> str:
    """All that is known of a peer."""
    facts = [plain(peer.url), f"version {plain(peer.version)}" if peer.version else ""]
    if peer.protocols:
        facts.append(f"protocol {', '.join(map(str, peer.protocols))}")
    if not peer.is_online:
        seen = span(now_ms - peer.last_seen_ms) if peer.last_seen_ms else ""
        facts.append(f"last seen {seen} ago" if seen else "not seen since the console runs")
    elif peer.state:
        facts.append(plain(peer.state.replace("_", " ")))
    facts += [plain(peer.description), trouble_of(peer)]
    return " · ".join(fact for fact in facts if fact)


# -- who came, who went


def line_of(change: Change) -> str:
    """A change on one line."""
    mark, word = ("●", "came back") if change.has_come else ("x", "went")
    return f"{clock_time(change.at_ms)}  {mark} {plain(change.name)} {word}"


def _fit(text: str, width: int) -> str:
    """``text`` in ``width`` columns, the last of them free."""
    if width <= 0:
        return ""
    if cell_len(text) < width:
        return set_cell_size(text, width)
    cut = set_cell_size(text, max(0, width - 2)).rstrip() + "…"
    return set_cell_size(cut, width)
