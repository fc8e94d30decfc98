"""Delivers the outbox: a lane for each peer that has something to get."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import MailboxError, NoSuchMessageError
from meshbot_core.node.events import DeliveryOutcome, NodeEvent, OutboxChanged
from meshbot_core.node.lane import Attempted, Held, Lane, Office

_LOOK_S: Final = 1.0
_SETTLE_S: Final = 0.5
_FINISHED: Final = frozenset({"delivered", "failed", "expired"})

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Waiter:
    outcome: asyncio.Future[DeliveryOutcome]
    peer: str = ""


class Courier:
    """Owns the lanes; made by ``delivering``.

    A peer that hangs holds up its own lane and nobody else's.
    """

    def __init__(
        self, office: Office, group: asyncio.TaskGroup, notify: Callable[[NodeEvent], None]
    ) -> None:
        self._office = office
        self._group = group
        self._notify = notify
        self._lanes: dict[str, Lane] = {}
        self._runs: set[asyncio.Task[None]] = set()
        self._waiters: dict[str, set[_Waiter]] = {}
        self._sweep = asyncio.Event()
        self._is_stopping = False

    def wake(self, peer: str | None = None) -> None:
        """Look at a peer's queue, or at all, at once."""
        if peer is None:
            for lane in self._lanes.values():
                lane.hurry()
            self._sweep.set()
        elif peer in self._lanes:
            self._lanes[peer].wake()
        elif not self._is_stopping:
            lane = self._lanes[peer] = Lane(peer, self._office, self._group, self._tell)
            run = self._group.create_task(self._run(lane))
            self._runs.add(run)
            run.add_done_callback(self._runs.discard)

    def hurry(self, peer: str) -> None:
        """A peer is there: what waits for it need not wait longer."""
        lane = self._lanes.get(peer)
        if lane is not None:
            lane.hurry()

    async def _run(self, lane: Lane) -> None:
        await lane.run()
        # Nothing is awaited between the lane's last look and this.
        del self._lanes[lane.peer]

    async def first_outcome(self, message_id: str, *, limit_s: float) -> DeliveryOutcome:
        """Wait until a message is dealt with, or its first attempt failed, or time is up."""
        waiter = _Waiter(asyncio.get_running_loop().create_future())
        self._waiters.setdefault(message_id, set()).add(waiter)
        try:
            message = await self._office.mailbox.outbox_message(message_id)
            if message is None:
                raise NoSuchMessageError(f"no message {message_id} in the outbox")
            if message.state in _FINISHED:
                return DeliveryOutcome(message.state, message.last_error)
            waiter.peer = message.to
            self.wake(message.to)
            async with asyncio.timeout(limit_s):
                return await waiter.outcome
        except TimeoutError:
            return DeliveryOutcome("queued", "no answer in time")
        finally:
            self._forget(message_id, waiter)

    def _forget(self, message_id: str, waiter: _Waiter) -> None:
        waiters = self._waiters[message_id]
        waiters.discard(waiter)
        if not waiters:
            del self._waiters[message_id]

    def _tell(self, peer: str, news: Attempted | Held) -> None:
        if isinstance(news, Attempted):
            message = news.message
            self._resolve(message.id, DeliveryOutcome(message.state, message.last_error))
            self._notify(OutboxChanged(message))
            return
        # Those behind a message that could not be delivered wait as long as it does.
        for message_id, waiters in tuple(self._waiters.items()):
            if any(waiter.peer == peer for waiter in waiters):
                self._resolve(message_id, DeliveryOutcome("queued", news.error))

    def _resolve(self, message_id: str, outcome: DeliveryOutcome) -> None:
        for waiter in self._waiters.get(message_id, ()):
            if not waiter.outcome.done():
                waiter.outcome.set_result(outcome)

    async def look_after(self) -> None:
        """Start lanes for what was left over, and withdraw what is out of time, for ever."""
        mailbox = self._office.mailbox
        is_swept = False
        while True:
            try:
                if not is_swept:
                    for peer in await mailbox.peers_with_outbox():
                        self.wake(peer)
                    is_swept = True
                if mailbox.counts.queued or mailbox.counts.open_asks:
                    for message in await mailbox.expire_outbox(self._office.clock.now_ms()):
                        self._tell(message.to, Attempted(message))
            except MailboxError as error:
                log.warning("the outbox cannot be looked after: %s", error)
                await asyncio.sleep(_LOOK_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._sweep.wait()
                    self._sweep.clear()
                    is_swept = False

    async def stop(self) -> None:
        """Stop sending; wait a moment until what was delivered is noted as such."""
        self._is_stopping = True
        for run in self._runs:
            run.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_S):
                for lane in self._lanes.values():
                    await lane.settled()


@contextlib.asynccontextmanager
async def delivering(office: Office, notify: Callable[[NodeEvent], None]) -> AsyncIterator[Courier]:
    """Deliver until the block ends; what is under way then stays queued."""
    async with asyncio.TaskGroup() as group:
        courier = Courier(office, group, notify)
        keeper = group.create_task(courier.look_after())
        try:
            yield courier
        finally:
            keeper.cancel()
            await courier.stop()
