"""The runaway guard: what keeps two agents from chatting each other into ruin. No I/O.

Past a limit nothing is pushed any more, and ``pause_reason`` says why, until a human says
``resume``. A human's own word in the session lifts a pause that came from turns alone; a new
day one that came from cost.
"""

from collections import deque
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from meshbot_core.errors import GuardPausedError
from meshbot_core.session.records import Limits, Record
from meshbot_core.types import Clock

MINUTE_MS: Final = 60 * 1000
HOUR_MS: Final = 60 * MINUTE_MS
_MAX_CONVERSATIONS: Final = 32

Cause = Literal["none", "messages", "turns", "cost", "hops"]


class GuardState(Record):
    """What outlives the host: cost and pause; stored as JSON.

    ``totals_usd`` is the last cumulative cost seen of each conversation; ``excused_usd`` is the
    part of today's cost that a human has waved through.
    """

    day: str = ""
    cost_today_usd: float = Field(default=0.0, ge=0)
    excused_usd: float = Field(default=0.0, ge=0)
    totals_usd: dict[str, float] = Field(default_factory=dict)
    cause: Cause = "none"
    pause_reason: str = ""
    hops_excused: int = 0
    hops_excused_until_ms: int = 0


class Guard:
    """The limits of one agent, and whether it is past one."""

    def __init__(self, limits: Limits, clock: Clock, state: GuardState | None = None) -> None:
        self.limits = limits
        self._clock = clock
        self._sent_ms: deque[int] = deque(maxlen=limits.messages_per_minute)
        self._turns_ms: deque[int] = deque(maxlen=limits.turns_per_hour)
        state = state or GuardState()
        self._day = state.day
        self._cost_usd = state.cost_today_usd
        self._excused_usd = state.excused_usd
        self._totals_usd = dict(state.totals_usd)
        self._cause: Cause = state.cause
        self._reason = state.pause_reason
        self._hops_met = 0
        self._hops_excused = state.hops_excused
        self._hops_excused_until_ms = state.hops_excused_until_ms

    @classmethod
    def restored(cls, limits: Limits, clock: Clock, text: str) -> "Guard":
        """A guard that goes on where ``snapshot`` was taken; from nothing when it has no sense."""
        try:
            state = GuardState.model_validate_json(text) if text else None
        except ValueError:
            state = None
        return cls(limits, clock, state)

    def snapshot(self) -> str:
        """What has to outlive the host, as JSON."""
        self._look_at_day()
        return GuardState(
            day=self._day,
            cost_today_usd=self._cost_usd,
            excused_usd=self._excused_usd,
            totals_usd=self._totals_usd,
            cause=self._cause,
            pause_reason=self._reason,
            hops_excused=self._hops_excused,
            hops_excused_until_ms=self._hops_excused_until_ms,
        ).model_dump_json()

    # -- what it says

    @property
    def pause_reason(self) -> str:
        """Why nothing is pushed; empty while it may go on."""
        self._look_at_day()
        return self._reason

    @property
    def cost_today_usd(self) -> float:
        """What today cost up to now, by the local calendar."""
        self._look_at_day()
        return self._cost_usd

    def may_push(self) -> bool:
        """Whether messages may make the session act."""
        return not self.pause_reason

    def may_show(self, hops: int) -> bool:
        """Whether a message that so many others led to may make the session act; else pauses."""
        limit = self.limits.hops
        if limit is None or hops <= limit + self._excused_hops():
            return True
        self._hops_met = max(self._hops_met, hops)
        self._pause("hops", f"{hops} messages caused each other, one after the other", limit)
        return False

    def may_send(self) -> None:
        """Check that the agent may send one more message now.

        What ended its pushes ends its sends only if it was sends: the turn that runs may end
        with an answer.

        Raises:
            GuardPausedError: It may not; the reason is for the model to read.
        """
        limit = self.limits.messages_per_minute
        if limit is not None and self._within(self._sent_ms, MINUTE_MS) >= limit:
            self._pause("messages", f"{limit} messages in a minute", limit)
        if self._cause == "messages":
            raise GuardPausedError(
                f"this agent is paused: {self._reason}",
                hint="nothing was sent; stop, and wait for a human, who ends the pause with:"
                " meshbot resume",
            )

    # -- what happens

    def message_sent(self) -> None:
        """The agent sent a message or an ask."""
        if self.limits.messages_per_minute is not None:
            self._sent_ms.append(self._clock.now_ms())

    def turn_began(self, *, by_human: bool) -> None:
        """A turn began; a human's word starts the count of turns anew."""
        if by_human:
            self._turns_ms.clear()
            if self._cause == "turns":
                self._lift()
            return
        limit = self.limits.turns_per_hour
        if limit is None:
            return
        self._turns_ms.append(self._clock.now_ms())
        if self._within(self._turns_ms, HOUR_MS) >= limit:
            self._pause("turns", f"{limit} turns in an hour without a human's word", limit)

    def cost(self, total_usd: float, conversation: str) -> None:
        """What a conversation's process cost up to now; a total that went down is a new one's."""
        self._look_at_day()
        before = self._totals_usd.pop(conversation, 0.0)
        self._totals_usd[conversation] = total_usd
        while len(self._totals_usd) > _MAX_CONVERSATIONS:
            del self._totals_usd[next(iter(self._totals_usd))]
        self._cost_usd += total_usd - before if total_usd >= before else total_usd
        limit = self.limits.cost_per_day_usd
        if limit is not None and self._cost_usd - self._excused_usd >= limit:
            self._pause("cost", f"${self._cost_usd:.2f} spent today", f"${limit:g}")

    def resume(self) -> str:
        """A human has looked: count anew; the reason of the pause, empty if there was none."""
        reason = self.pause_reason
        self._sent_ms.clear()
        self._turns_ms.clear()
        self._excused_usd = self._cost_usd
        if self._cause == "hops":
            # Else the message that stands first would end every push again.
            self._hops_excused = self._hops_met
            self._hops_excused_until_ms = self._clock.now_ms() + HOUR_MS
        self._lift()
        return reason

    # -- inside

    def _pause(self, cause: Cause, what: str, limit: int | str) -> None:
        if self._cause == "none":
            self._cause, self._reason = cause, f"{what} (limit {limit})"

    def _lift(self) -> None:
        self._cause, self._reason = "none", ""

    def _within(self, times_ms: deque[int], window_ms: int) -> int:
        """How many lie in the window; what is older, or after a clock set back, is dropped."""
        now_ms = self._clock.now_ms()
        kept = [at_ms for at_ms in times_ms if now_ms - window_ms < at_ms <= now_ms]
        times_ms.clear()
        times_ms.extend(kept)
        return len(kept)

    def _excused_hops(self) -> int:
        return self._hops_excused if self._clock.now_ms() < self._hops_excused_until_ms else 0

    def _look_at_day(self) -> None:
        today = datetime.fromtimestamp(self._clock.now_ms() / 1000).astimezone().date().isoformat()
        if today == self._day:
            return
        self._day, self._cost_usd, self._excused_usd = today, 0.0, 0.0
        if self._cause == "cost":
            self._lift()
