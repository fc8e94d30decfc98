"""What one session holds of its messages, and what proves that they were read.

A message is leased when it is handed over. Shown is proven by an event of the session that
names its id; the end of that turn makes it done, and a turn that ended badly gives it back.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import InboxMessage, LeaseRequest
from meshbot_core.session.records import Hop
from meshbot_core.session.tracker import Tracker
from meshbot_core.types import Clock, new_id

log = logging.getLogger(__name__)

_OVERDUE_MS: Final[dict[Hop, int]] = {
    "native": 35_000,  # the same text again within 30 s is dropped by Claude Code
    "waiter": 8_000,
    "paste": 15_000,
    "stream": 120_000,
}
_FORGOTTEN_MS: Final = 10 * 60 * 1000
_MAX_RESULTS: Final = 10_000


@dataclass(slots=True)
class _Handed:
    """A lease under way; ``turn`` is the one in which it was certainly shown.

    ``is_written``: the session's socket took it. ``is_stranded``: who was to write it is gone.
    ``hops`` is what answers to it carry.
    """

    lease_id: str
    frame_id: str
    ids: frozenset[str]
    hop: Hop
    at_ms: int
    hops: int
    turn: int | None = None
    is_written: bool = False
    is_stranded: bool = False


@dataclass(slots=True)
class Leases:
    """The messages that ``session`` has on lease; ``frame_id`` names those of one push."""

    session: str
    mailbox: Mailbox
    tracker: Tracker
    clock: Clock
    may_show: Callable[[InboxMessage], bool]
    """Whether a message may make the session act; else the guard pauses."""
    _handed: list[_Handed] = field(default_factory=list)
    _results: dict[str, int] = field(default_factory=dict)
    """Leases that stand in complete results of tools, and when these were written."""
    _read: tuple[int, int] = (0, 0)
    """A turn, and what its messages carry on because of what a tool's result showed in it."""
    _owed: list[str] = field(default_factory=list)
    """Leases to be given back as soon as that can be done."""
    _owes_all: bool = False

    # -- what is under way

    @property
    def next_hops(self) -> int:
        """What our messages carry on: one more than the most of what was shown in this turn.

        What was handed over counts before it is proven: the model may be quicker than the proof.
        """
        now, (turn, read) = self.tracker.turn, self._read
        shown = [each.hops for each in self._handed if each.turn is None or each.turn >= now]
        return max([read if turn == now else 0, *shown])

    @property
    def has_unseen(self) -> bool:
        """Whether something was handed over that nothing has proven to be shown yet."""
        return any(each.turn is None for each in self._handed)

    def is_under_way(self, message_id: str) -> bool:
        """Whether this message was handed over and not proven to be shown yet."""
        return any(each.turn is None and message_id in each.ids for each in self._handed)

    async def take(
        self, hop: Hop, frame_id: str, request: LeaseRequest
    ) -> tuple[InboxMessage, ...]:
        """Lease what is to be handed over by ``hop``; empty when nothing is to be, or may be.

        Who is cancelled here leaves a lease behind, which the next ``pay`` gives back.
        """
        lease_id = new_id()
        try:
            batch = await self.mailbox.lease(replace(request, lease_id=lease_id))
        except asyncio.CancelledError:
            # A hook that was given up: the lease is on disk all the same.
            self._owed.append(lease_id)
            raise
        if not batch.messages:
            return ()
        if not all(self.may_show(message) for message in batch.messages):
            await self.mailbox.give_back(lease_ids=[batch.lease_id])
            return ()
        handed = _Handed(
            lease_id=batch.lease_id,
            frame_id=frame_id,
            ids=frozenset(message.id for message in batch.messages),
            hop=hop,
            at_ms=self.clock.now_ms(),
            hops=max(message.hops for message in batch.messages) + 1,
        )
        self._handed.append(handed)
        return batch.messages

    # -- proof

    def shown(self, ids: tuple[str, ...]) -> None:
        """An event of the session named these messages."""
        for handed in self._handed:
            if handed.turn is None and handed.ids.intersection(ids):
                handed.turn = self.tracker.turn

    def woken(self) -> None:
        """The session took in what its waiter brought."""
        ids = [each.ids for each in self._handed if each.hop == "waiter" and each.turn is None]
        self.shown(tuple(sorted(frozenset[str]().union(*ids))))

    def shown_for_certain(self, frame_id: str) -> None:
        """The running turn shows this push for certain."""
        for handed in self._of(frame_id):
            handed.turn = self.tracker.turn

    def saw(self, messages: tuple[InboxMessage, ...]) -> None:
        """Note what the model was shown by a tool's result in the turn that runs."""
        now, (turn, read) = self.tracker.turn, self._read
        before = read if turn == now else 0
        self._read = now, max([before, *(message.hops + 1 for message in messages)])

    def results_written(self, lease_ids: Sequence[str]) -> None:
        """The session's tools handed these leases over completely."""
        self._results.update(dict.fromkeys(lease_ids, self.clock.now_ms()))
        while len(self._results) > _MAX_RESULTS:
            del self._results[next(iter(self._results))]

    def written(self, frame_id: str) -> None:
        """A push was written to the session's own socket."""
        for handed in self._of(frame_id):
            handed.is_written = True

    def native_left(self) -> None:
        """Who writes to the session's own socket is gone, maybe before it wrote."""
        for handed in self._handed:
            handed.is_stranded |= handed.hop == "native" and not handed.is_written

    # -- the end of it

    async def ended_well(self, turn: int, ended_at_ms: int) -> set[str]:
        """What was shown up to that turn is done; the ids of the asks among it.

        What tools' results carried is done too: they were all read.
        """
        over, read = self._shown_until(turn), self._results_until(ended_at_ms)
        leases = [*(handed.lease_id for handed in over), *read]
        # All in one write: what was forgotten after the first of two could not be asked again.
        asks = await self.mailbox.acknowledge_asks(leases) if leases else ()
        self._handed = [handed for handed in self._handed if handed not in over]
        for lease in read:
            self._results.pop(lease, None)
        return set(asks)

    def _results_until(self, ended_at_ms: int) -> list[str]:
        if not self.tracker.hears_hooks:
            return []  # nothing tells whether that turn ended well
        return [lease for lease, at_ms in self._results.items() if at_ms < ended_at_ms]

    async def ended_badly(self, turn: int) -> None:
        """What was shown up to that turn comes again."""
        await self._give_back(self._shown_until(turn))

    def _shown_until(self, turn: int) -> list[_Handed]:
        return [each for each in self._handed if each.turn is not None and each.turn <= turn]

    async def give_back(self, frame_id: str) -> None:
        """This push comes again."""
        await self._give_back(self._of(frame_id))

    async def take_back_overdue(self) -> None:
        """What an idle session should have shown by now comes again."""
        if self.tracker.is_in_turn or self.tracker.state not in ("idle", "deaf"):
            return
        now_ms = self.clock.now_ms()
        silent_ms = self.tracker.silence.lasts_ms
        await self._give_back(
            [each for each in self._handed if _is_overdue(each, now_ms, silent_ms)]
        )

    async def gone(self) -> None:
        """The process is dead: all that it holds comes again."""
        self._handed = []
        self._results.clear()
        self._owes_all = True
        try:
            await self.pay()
        except MailboxError as error:
            log.warning("what the dead session held is given back later: %s", error)

    async def pay(self) -> None:
        """Give back what could not be given back at once."""
        if self._owed:
            owed, self._owed = self._owed, []
            try:
                await self.mailbox.give_back(lease_ids=owed)
            except MailboxError:
                self._owed += owed
                raise
        if self._owes_all:
            await self.mailbox.give_back(session=self.session)
            self._owes_all = False

    def _of(self, frame_id: str) -> list[_Handed]:
        return [each for each in self._handed if each.frame_id == frame_id]

    async def _give_back(self, handed: list[_Handed]) -> None:
        if handed:
            await self.mailbox.give_back(lease_ids=[each.lease_id for each in handed])
        self._handed = [each for each in self._handed if each not in handed]


def _is_overdue(handed: _Handed, now_ms: int, silent_ms: int) -> bool:
    """Whether an idle session would have shown it by now, or told of the end of that turn.

    ``silent_ms`` is how long the session has told nothing at all.
    """
    age_ms = now_ms - handed.at_ms
    if handed.turn is not None:
        return min(age_ms, silent_ms) > _FORGOTTEN_MS
    return handed.is_stranded or age_ms > _OVERDUE_MS.get(handed.hop, 0)
