"""When a session told something last, and what its silence since then means; no I/O."""

from dataclasses import dataclass
from typing import Final

from meshbot_core.claude.sessions import SessionFile
from meshbot_core.types import Clock

STALLED_AFTER_MS: Final = 10 * 60 * 1000
_QUIET_MS: Final = 1500
"""How long an idle title must stand, with no event, before a turn counts as interrupted."""
_ANSWERS_WITHIN_MS: Final = 120_000
_GARBLES_WITHIN_MS: Final = 5_000
"""How soon an event must follow a line, when what comes instead makes no sense."""
_SLEPT_MS: Final = 60_000
"""Looks follow each other by the second: when this lies between two, the machine slept."""


@dataclass(slots=True)
class Silence:
    """Whether a session that tells nothing is at rest, has stalled, or did not hear us.

    What the machine slept, or its clock was changed by, counts for nothing.
    """

    clock: Clock
    _heard_ms: int = 0
    _turn_began_ms: int = 0
    _title_since_ms: int = 0
    """Since when the window's title says what it says: that it works, or that it idles."""
    _said_ms: int = 0
    """When the oldest line was given that no event has followed yet; 0: none."""
    _garbage: str = ""
    _looked_ms: int = 0

    def __post_init__(self) -> None:
        self.heard()

    # -- what is told

    def begins(self) -> None:
        """A process was started, and told nothing yet."""
        self.heard()
        self._said_ms, self._garbage = 0, ""

    def heard(self) -> None:
        """It told something, or what follows has its own time."""
        self._heard_ms = self.clock.now_ms()

    def turn_began(self) -> None:
        """A turn begins."""
        self._heard_ms = self._turn_began_ms = self.clock.now_ms()

    def title_turned(self) -> None:
        """Its title says that it idles, and said that it works, or the other way round."""
        self._title_since_ms = self.clock.now_ms()

    def said(self) -> None:
        """A headless session was given a line: events must follow."""
        self._said_ms = self._said_ms or self.clock.now_ms()

    def garbled(self, line: str) -> None:
        """What a headless session wrote was no event."""
        self._garbage = line

    def answered(self) -> bool:
        """An event of the stream came; whether a line of ours waited for one."""
        self.heard()
        was_said, self._said_ms, self._garbage = bool(self._said_ms), 0, ""
        return was_said

    def nothing_said(self) -> None:
        """No line of ours waits for an event any more."""
        self._said_ms = 0

    # -- what time tells

    def looked(self) -> None:
        """Note that time went by."""
        now_ms = self.clock.now_ms()
        gap_ms = now_ms - (self._looked_ms or now_ms)
        self._looked_ms = now_ms
        if not 0 <= gap_ms < _SLEPT_MS:
            self._heard_ms += gap_ms
            self._title_since_ms += gap_ms
            self._said_ms += gap_ms if self._said_ms else 0

    @property
    def lasts_ms(self) -> int:
        """How long it has told nothing."""
        return self.clock.now_ms() - self._heard_ms

    @property
    def is_long(self) -> bool:
        """Whether no model that works says nothing for so long."""
        return self.lasts_ms > STALLED_AFTER_MS

    @property
    def unread(self) -> str:
        """Why a line of ours was not read, as it seems; empty: it was, or may be yet."""
        patience_ms = _GARBLES_WITHIN_MS if self._garbage else _ANSWERS_WITHIN_MS
        if not self._said_ms or self.clock.now_ms() - self._said_ms <= patience_ms:
            return ""
        return f"what it writes is no event: {self._garbage}" if self._garbage else "it is silent"

    def is_rest(self, said: SessionFile | None, *, has_idle_title: bool) -> bool:
        """Whether the turn is over, of which no hook told: Esc ends one so.

        ``said`` is what the session wrote down of itself, which counts for more than its title.
        """
        now_ms = self.clock.now_ms()
        if said is not None and said.status:
            quiet_ms = now_ms - max(self._heard_ms, said.status_since_ms)
            is_idle = said.status == "idle" and said.status_since_ms >= self._turn_began_ms
        else:
            quiet_ms = now_ms - max(self._heard_ms, self._title_since_ms)
            is_idle = has_idle_title
        return is_idle and quiet_ms > _QUIET_MS
