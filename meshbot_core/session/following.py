"""What follows from what a session did: for its messages, for its guard, for its rests."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from meshbot_core.errors import MailboxError
from meshbot_core.session.effects import (
    ConversationBegan,
    Dropped,
    Effect,
    Shown,
    Spent,
    TurnBegan,
    TurnEnded,
    Woken,
)
from meshbot_core.session.pauses import Pauses
from meshbot_core.session.pusher import Pusher
from meshbot_core.session.surroundings import Surroundings

_TRIES: Final = 4
_TRY_AGAIN_S: Final = 0.5


class _When(NamedTuple):
    turn: int
    at_ms: int


@dataclass(slots=True)
class Following:
    """Acts on effects, one after the other, as of when they came."""

    around: Surroundings
    pusher: Pusher
    pauses: Pauses
    changed: Callable[[], None]
    _effects: asyncio.Queue[tuple[Effect, _When]] = field(default_factory=asyncio.Queue)

    def told(self, effects: Iterable[Effect], *, turn: int) -> None:
        """Effects came, in that turn or at its end."""
        when = _When(turn, self.around.clock.now_ms())
        for effect in effects:
            self._effects.put_nowait((effect, when))

    async def run(self) -> None:
        """Act on them until cancelled."""
        while True:
            await self._followed(*await self._effects.get())
            self._effects.task_done()

    async def settled(self) -> None:
        """Return when everything that was told so far has been acted on."""
        await self._effects.join()

    async def _followed(self, effect: Effect, when: _When) -> None:
        """Act on an effect; what a full disk keeps from being done comes again later, marked."""
        for _ in range(_TRIES):
            try:
                await self._follow(effect, when)
            except MailboxError as error:
                self.around.log.write("failed", f"the mailbox cannot be written: {error}")
                await asyncio.sleep(_TRY_AGAIN_S)
            else:
                return

    async def _follow(self, effect: Effect, when: _When) -> None:
        guard = self.around.guard
        match effect:
            case TurnBegan(is_by_human):
                guard.turn_began(by_human=is_by_human)
            case Shown(ids):
                self.pusher.shown(ids)
            case Woken():
                self.pusher.woken()
            case Dropped(line):
                await self.pusher.failed(line)
            case TurnEnded():
                await self._turn_ended(effect, when)
            case ConversationBegan(conversation):
                self.around.log.write("conversation", conversation)
            case Spent(total_usd, conversation):
                guard.cost(total_usd, conversation)
        self.pauses.pause_if_due()
        self.changed()

    async def _turn_ended(self, how: TurnEnded, when: _When) -> None:
        until_ms = how.limited_until_ms
        if how.is_limit:
            until_ms = self.pauses.limit_met(until_ms, how.error)
        await self.pusher.turn_ended(
            is_well=how.is_well,
            turn=when.turn,
            ended_at_ms=when.at_ms,
            retry_at_ms=until_ms,
        )
        if not how.is_well and not how.error:
            self.pusher.interrupted()
