"""Why a session rests that could work: a limit of the API, or its guard; and how it goes on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from meshbot_core.claude.framing import own_words
from meshbot_core.session.pusher import Pusher
from meshbot_core.session.records import SessionOptions
from meshbot_core.session.surroundings import Surroundings
from meshbot_core.session.tracker import Tracker

_LIMIT_PAUSE_MS: Final = 60_000
_GO_ON: Final = own_words(
    "The limit of the API that ended your last turn is over: go on where you were."
)


@dataclass(slots=True)
class Pauses:
    """Begins and ends the rests of one session; a person is told once of each of the guard's."""

    options: SessionOptions
    around: Surroundings
    tracker: Tracker
    pusher: Pusher
    _is_told: bool = False

    # -- a limit of the API

    def limit_met(self, until_ms: int, error: str) -> int:
        """A turn ended with ``error``, a limit over at ``until_ms`` if known; when to go on."""
        until_ms = until_ms or self.around.clock.now_ms() + _LIMIT_PAUSE_MS
        self.tracker.limited_until_ms = until_ms
        self._say_until_when(until_ms, error)
        return until_ms

    def _say_until_when(self, until_ms: int, error: str) -> None:
        if self.tracker.does != "limited":
            return
        at = datetime.fromtimestamp(until_ms / 1000).astimezone()
        how = (
            "goes on"
            if self.options.goes_on_after_limit is not False
            else (f"goes on when you say meshbot resume {self.around.agent}, best not before")
        )
        self.tracker.to("limited", f"{error}; {how} {at:%H:%M}" if error else f"{how} {at:%H:%M}")

    def end_limit_if_over(self) -> None:
        """Go on when the time has come, unless a person wants to say so."""
        is_over = self.around.clock.now_ms() >= max(
            self.tracker.limited_until_ms, self.pusher.goes_on_at_ms
        )
        if is_over and self.options.goes_on_after_limit is not False:
            self._end_limit()

    def _end_limit(self) -> None:
        if self.tracker.does != "limited":
            return
        self.tracker.limited_until_ms = 0
        self.tracker.to("idle")
        if not self.around.mailbox.counts.unread:
            self.pusher.say(_GO_ON)
        self.pusher.go_on()

    # -- the guard

    def pause_if_due(self) -> None:
        """Rest between two turns while the guard says so; go on when it does no more."""
        reason = self.around.guard.pause_reason
        if reason and not self.tracker.is_in_turn and self.tracker.state in ("idle", "deaf"):
            self.tracker.to("paused", reason)
        if reason and not self._is_told:
            self._is_told = True
            self.around.log.write("paused", reason)
            self.around.ask_operator(reason)
        if not reason and self._is_told:
            self._is_told = False
            if self.tracker.does == "paused":
                self.tracker.to("idle")
            self.pusher.poke()

    def resume(self) -> None:
        """A human has looked: go on at once, and tell them when a limit is met again."""
        self.around.guard.resume()
        self._end_limit()
        self.pause_if_due()
