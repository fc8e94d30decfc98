"""What waits for the person, as the list and the card say it; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from meshbot_core.clients.approval_text import gist
from meshbot_core.clients.durations import span
from meshbot_core.clients.text import clock_time, plain
from meshbot_core.session.records import Approval
from meshbot_tui.model.picture import Question

_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1000
_GIST_CHARS: Final = 300
_LATE: Final = "given up; an answer still arrives, as a message"

Key = tuple[str, str, str]
"""``approval`` or ``question``, the agent, the id."""


@dataclass(frozen=True)
class Entry:
    """An approval or a question; its texts are safe to show and made once."""

    source: Approval | Question

    @cached_property
    def key(self) -> Key:
        """Tells it from all others."""
        if isinstance(self.source, Question):
            return "question", self.source.sender, self.source.id
        return "approval", self.source.agent, self.source.id

    @property
    def is_question(self) -> bool:
        """Whether words are wanted, not leave."""
        return isinstance(self.source, Question)

    @property
    def is_late(self) -> bool:
        """Whether nobody waits for it any more."""
        return isinstance(self.source, Question) and self.source.is_late

    @property
    def mark(self) -> str:
        """As in the list of agents."""
        return "?" if self.is_question else "!"

    @cached_property
    def agent(self) -> str:
        """Who waits."""
        return plain(self.key[1])

    @cached_property
    def gist(self) -> str:
        """What it waits for, on one line."""
        if isinstance(self.source, Question):
            return plain(self.source.text[:_GIST_CHARS].strip().replace("\n", " "))
        return gist(self.source.tool, self.source.tool_input)

    @cached_property
    def title(self) -> str:
        """What is asked, without its text."""
        if isinstance(self.source, Question):
            return "asks you"
        return f"wants to use {plain(self.source.tool)}"

    def facts(self, now_ms: int) -> str:
        """Since when it waits, and how long yet."""
        asked = f"since {clock_time(self.source.asked_at_ms)}"
        if isinstance(self.source, Question):
            return f"{asked} · {_LATE}" if self.source.is_late else asked
        left = self.left(now_ms)
        where = {"interactive": "or answer in its pane", "headless": "denied after that"}
        until = left or "no time limit"
        return f"{asked} · {until} · {where[self.source.kind]}"

    def left(self, now_ms: int) -> str:
        """How long it waits yet: whole minutes, then seconds; empty without a limit."""
        until_ms = 0 if isinstance(self.source, Question) else self.source.expires_at_ms
        if not until_ms:
            return ""
        left_ms = until_ms - now_ms
        if left_ms <= 0:
            return "time is up"
        return f"{span(left_ms // _step(left_ms) * _step(left_ms))} left"

    def brief(self, now_ms: int) -> str:
        """The right end of its line in the list."""
        if self.is_late:
            return "given up"
        return self.left(now_ms) or ago(now_ms - self.source.asked_at_ms)


def ago(duration_ms: int) -> str:
    """How long something is ago, to the minute: calm."""
    if duration_ms < _MINUTE_MS:
        return "just now"
    return f"{span(duration_ms // _MINUTE_MS * _MINUTE_MS)} ago"


def _step(left_ms: int) -> int:
    return _MINUTE_MS if left_ms >= _MINUTE_MS else _SECOND_MS


def merged(
    approvals: Iterable[Approval], questions: Iterable[Question], known: Mapping[Key, Entry]
) -> tuple[Entry, ...]:
    """All that waits, oldest first, then what was given up; what is ``known`` keeps its texts."""
    entries = [*map(Entry, approvals), *map(Entry, questions)]
    kept = [known[entry.key] if known.get(entry.key) == entry else entry for entry in entries]
    return tuple(
        sorted(kept, key=lambda entry: (entry.is_late, entry.source.asked_at_ms, entry.key))
    )
