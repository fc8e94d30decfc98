"""The way to one peer: its messages in order, one at a time, for as long as there are any."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from meshbot_core.errors import (
    InvalidArgumentError,
    MailboxError,
    PeerUnreachableError,
    UnknownPeerError,
)
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import OutboxMessage
from meshbot_core.mesh.config import MeshConfig, Peer
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.peers import peer as peer_named
from meshbot_core.node.client import PeerClient
from meshbot_core.node.skew import both_clocks
from meshbot_core.node.verdict import PATHS, Fate, Verdict, verdict
from meshbot_core.types import Clock, new_id
from meshbot_core.wire.admission import compose
from meshbot_core.wire.message import encode

_PAGE: Final = 32
_MAX_UNFINISHED: Final = 256
_GATHER_S: Final = 0.01
"""How long deliveries of a run are gathered for one commit; the last of a run is not held."""

_FIRST_BACKOFF_S: Final = 1.0
_MAX_BACKOFF_S: Final = 60.0
_MIN_PAUSE_S: Final = 0.2
"""Between a failure and the next attempt, however often the lane is woken."""

_MAX_PAGE_AGE_S: Final = 1.0
"""What was read may have been withdrawn since."""

_MAX_MARGIN_MS: Final = 5_000
_FRESH_MS: Final = 2_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Attempted:
    """What a lane tells the courier: a message's new state, durable by now."""

    message: OutboxMessage


@dataclass(frozen=True, slots=True)
class Held:
    """What a lane tells the courier: nothing moves for now, and why."""

    error: str


@dataclass(frozen=True, slots=True)
class Office:
    """What all lanes share."""

    agent: str
    key: MeshKey
    mailbox: Mailbox
    client: PeerClient
    clock: Clock
    config: Callable[[], MeshConfig]
    refresh_config: Callable[[], MeshConfig]


class Lane:
    """Delivers to one peer until its queue is empty.

    A message counts as delivered once that is on disk; the next is sent meanwhile. A crash in
    between sends the identical bytes again, which the peer's nonces recognise.
    """

    def __init__(
        self,
        peer: str,
        office: Office,
        group: asyncio.TaskGroup,
        tell: Callable[[str, Attempted | Held], None],
    ) -> None:
        self.peer = peer
        self._office = office
        self._group = group
        self._tell = tell
        self._wake = asyncio.Event()
        self._is_hurried = False
        self._failures = 0
        # Rows up to this one are dealt with, though the disk may not know it yet.
        self._handled_seq = 0
        self._delivered: list[OutboxMessage] = []
        self._unfinished: set[asyncio.Task[None]] = set()
        self._page_size = 1

    def wake(self) -> None:
        """There is something new: look at the queue, and end a pause."""
        self._wake.set()

    def hurry(self) -> None:
        """The peer is there: try again at once, even if an attempt is failing right now."""
        self._is_hurried = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until there is nothing to deliver."""
        while True:
            self._wake.clear()
            self._is_hurried = False
            try:
                is_empty = await self._deliver_page()
            except MailboxError as error:
                await self._pause(f"the mailbox cannot be used: {error}")
            except PeerUnreachableError as error:
                await self._pause(str(error))
            else:
                if is_empty and not self._wake.is_set():
                    self._office.client.release(self.peer)
                    return

    async def _deliver_page(self) -> bool:
        """Deliver what is read at once; True when nothing was there and nothing is under way."""
        page = await self._office.mailbox.outbox_of(self.peer, limit=self._page_size)
        page = tuple(message for message in page if message.seq > self._handled_seq)
        if not page:
            if not self._unfinished:
                return True
            await asyncio.wait(self._unfinished)
            return False
        now = asyncio.get_running_loop().time
        read_at = now()
        try:
            for message in page:
                await self._deliver(message)
                self._failures = 0
                if now() - read_at > _MAX_PAGE_AGE_S:
                    break
        finally:
            self._finish_delivered()
        # A peer that takes messages gets whole pages; one that hangs holds one in memory.
        self._page_size = _PAGE
        return False

    async def _deliver(self, message: OutboxMessage) -> None:
        if message.expires_at_ms <= self._office.clock.now_ms():
            await self._expire()
            return
        try:
            found = await self._tried(message, self._peer())
        except UnknownPeerError as error:
            found = Verdict(Fate.FAILED, str(error))
        except InvalidArgumentError as error:
            found = Verdict(Fate.FAILED, str(error))
        except PeerUnreachableError as error:
            found = Verdict(Fate.RETRY, str(error))
        if found.fate is Fate.DELIVERED:
            await self._finish_soon(message)
        elif found.fate is Fate.RETRY:
            await self._note(message, found.reason)
            raise PeerUnreachableError(found.reason)
        else:
            await self._fail(message, found.reason)

    def _peer(self) -> Peer:
        known = self._office.config().peers.get(self.peer)
        # Who entered the mesh a moment ago is in the file before its change is noticed.
        return known or peer_named(self._office.refresh_config(), self.peer)

    async def _tried(self, message: OutboxMessage, peer: Peer) -> Verdict:
        stamped = await self._stamped(message)
        found = await self._posted(stamped, peer)
        if found.fate is not Fate.STALE:
            return found
        age_ms = abs(self._office.clock.now_ms() - stamped.stamped_at_ms)
        if age_ms > _FRESH_MS:
            stamped = await self._restamped(stamped)
            found = await self._posted(stamped, peer)
        if found.fate is Fate.STALE:
            return await self._named_clocks(found, peer)
        return found

    async def _posted(self, message: OutboxMessage, peer: Peer) -> Verdict:
        office = self._office
        wire = compose(
            office.key,
            id=message.id,
            sender=office.agent,
            to=message.to,
            kind=message.kind,
            payload=message.payload,
            reply_to=message.reply_to,
            timestamp=message.stamped_at_ms,
            nonce=message.nonce,
            hops=message.hops or None,
        )
        body = encode(wire)
        return verdict(*await office.client.post(self.peer, peer, PATHS[message.kind], body))

    async def _stamped(self, message: OutboxMessage) -> OutboxMessage:
        """Inside the clock window the identical bytes, else a fresh stamp and nonce."""
        window_ms = self._office.config().security.replay_window_seconds * 1000
        margin_ms = min(_MAX_MARGIN_MS, window_ms // 5)
        age_ms = abs(self._office.clock.now_ms() - message.stamped_at_ms)
        return message if age_ms < window_ms - margin_ms else await self._restamped(message)

    async def _restamped(self, message: OutboxMessage) -> OutboxMessage:
        return await self._office.mailbox.restamp(
            message.seq, stamped_at_ms=self._office.clock.now_ms(), nonce=new_id()
        )

    async def _named_clocks(self, found: Verdict, peer: Peer) -> Verdict:
        """A refusal for skew names both clocks (decision 8)."""
        theirs_ms = found.peer_now_ms
        if theirs_ms is None:
            theirs_ms = (await self._office.client.health(self.peer, peer)).timestamp_ms
        if theirs_ms is None:
            return found
        told = both_clocks(theirs_ms, self._office.clock.now_ms())
        return replace(found, reason=f"{found.reason} ({told})")

    # -- what became of a message

    async def _note(self, message: OutboxMessage, reason: str) -> None:
        await self._office.mailbox.note_attempt(message.seq, reason)
        noted = replace(message, attempts=message.attempts + 1, last_error=reason)
        self._tell(self.peer, Attempted(noted))

    async def _fail(self, message: OutboxMessage, reason: str) -> None:
        failed = await self._office.mailbox.finish(message.seq, "failed", reason)
        self._handled_seq = message.seq
        self._tell(self.peer, Attempted(failed))

    async def _expire(self) -> None:
        for expired in await self._office.mailbox.expire_outbox(self._office.clock.now_ms()):
            self._tell(expired.to, Attempted(expired))

    async def _finish_soon(self, message: OutboxMessage) -> None:
        while len(self._unfinished) >= _MAX_UNFINISHED:
            await asyncio.wait(self._unfinished, return_when=asyncio.FIRST_COMPLETED)
        self._handled_seq = message.seq
        if not self._delivered:
            asyncio.get_running_loop().call_later(_GATHER_S, self._finish_delivered)
        self._delivered.append(message)

    def _finish_delivered(self) -> None:
        """Note what was delivered, all of it in one commit."""
        delivered, self._delivered = self._delivered, []
        for message in delivered:
            task = self._group.create_task(self._finish(message))
            self._unfinished.add(task)
            task.add_done_callback(self._unfinished.discard)

    async def _finish(self, message: OutboxMessage) -> None:
        try:
            done = await self._office.mailbox.finish(message.seq, "delivered")
        except MailboxError as error:
            # It stays queued and is sent again with the same bytes: nothing is lost or doubled.
            log.warning("a delivery could not be noted: %s", error)
            self._handled_seq = min(self._handled_seq, message.seq - 1)
            self._wake.set()
            return
        self._tell(self.peer, Attempted(done))

    async def settled(self) -> None:
        """Return when every delivery is on disk."""
        self._finish_delivered()
        if self._unfinished:
            await asyncio.wait(self._unfinished)

    async def _pause(self, reason: str) -> None:
        self._tell(self.peer, Held(reason))
        self._page_size = 1
        # Who enqueued during the attempt was just told; only a sign of the peer saves the pause.
        if not self._is_hurried:
            self._wake.clear()
        pause_s = min(_MAX_BACKOFF_S, _FIRST_BACKOFF_S * 2**self._failures)
        await asyncio.sleep(_MIN_PAUSE_S)
        try:
            async with asyncio.timeout(pause_s * random.uniform(0.75, 1.25)):  # noqa: S311 -- jitter, no secret
                await self._wake.wait()
        except TimeoutError:
            # Only a pause that ran its length makes the next one longer: five messages written
            # to a peer that is just restarting are no reason to stay away for half a minute.
            self._failures = min(self._failures + 1, 10)
