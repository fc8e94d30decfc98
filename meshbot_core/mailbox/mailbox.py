"""One agent's mailbox: the durable inbox, outbox, asks and journal."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, cast

from meshbot_core.mailbox import (
    decisions,
    leasing,
    legacy,
    lookups,
    nonces,
    outgoing,
    retention,
    schema,
)
from meshbot_core.mailbox.access import Access
from meshbot_core.mailbox.receiving import arrival_of
from meshbot_core.mailbox.records import (
    AskStatus,
    DecisionRow,
    Draft,
    InboxMessage,
    JournalEntry,
    LeaseBatch,
    LeaseRequest,
    OutboxMessage,
    Receipt,
)
from meshbot_core.mailbox.texts import check_texts, size_of
from meshbot_core.wire.message import WireMessage

_NOTE: Final = "note:"


class Mailbox(Access):
    """The one owner of an agent's mailbox file, for one event loop.

    A call that returns is on disk. A call whose caller is cancelled is done all the same. Every
    call raises ``MailboxUnavailableError`` while the file cannot be used (disk full, locked by
    another program), and works again once it can.
    """

    # -- in

    async def receive(self, message: WireMessage, *, nonce_until_ms: int) -> Receipt:
        """Take in a message that passed every check but the nonce.

        Raises:
            ReplayedMessageError: Its nonce was seen before.
            MailboxFullError: The inbox is at its limit.
            RefusedMessageError: Its text is no Unicode (half a surrogate pair).
        """
        arrival = arrival_of(message, nonce_until_ms)
        return cast(Receipt, await self._writer.submit(arrival, weight=arrival.size))

    async def lease(self, request: LeaseRequest) -> LeaseBatch:
        """Hand the oldest new messages to a reader; they stay leased until it says more."""
        return await self._write(lambda ledger: leasing.lease(ledger, request))

    async def lease_ask_from(self, peer: str, request: LeaseRequest) -> LeaseBatch:
        """Hand over the oldest new ask of one peer, whatever else waits."""
        return await self._write(lambda ledger: leasing.lease_ask_from(ledger, peer, request))

    async def acknowledge(self, lease_ids: Sequence[str]) -> int:
        """These leases were read; how many messages are done now."""
        return await self._write(lambda ledger: leasing.acknowledge(ledger, lease_ids))

    async def acknowledge_asks(self, lease_ids: Sequence[str]) -> tuple[str, ...]:
        """These leases were read; the ids of the asks among it."""
        return await self._write(lambda ledger: leasing.acknowledge_asks(ledger, lease_ids))

    async def give_back(self, *, session: str | None = None, lease_ids: Sequence[str] = ()) -> int:
        """Nobody read these: they are new again, in the old order; how many messages."""
        return await self._write(lambda ledger: leasing.give_back(ledger, session, lease_ids))

    async def leased_sessions(self) -> tuple[str, ...]:
        """The sessions that hold messages."""
        return await self._read(lookups.leased_sessions)

    async def message(self, message_id: str) -> InboxMessage | None:
        """The newest message of this id that came in, in whatever state."""
        check_texts(message_id)
        return await self._read(lambda connection: lookups.inbox_by_id(connection, message_id))

    # -- out

    async def enqueue(self, draft: Draft) -> OutboxMessage:
        """Put a message of ours into the outbox; one of that id already there is returned.

        Raises:
            MailboxFullError: Too much is queued for this peer.
            InvalidArgumentError: Its text is no Unicode (half a surrogate pair).
        """
        check_texts(draft.id, draft.to, draft.reply_to, draft.session, draft.payload)
        size = size_of(draft.payload)
        return await self._write(lambda ledger: outgoing.enqueue(ledger, draft, size), weight=size)

    async def outbox_of(self, peer: str, *, limit: int = 100) -> tuple[OutboxMessage, ...]:
        """What is queued for a peer, oldest first."""
        return await self._read(lambda connection: lookups.outbox_of(connection, peer, limit))

    async def peers_with_outbox(self) -> tuple[str, ...]:
        """The peers that something is queued for."""
        return await self._read(lookups.peers_with_outbox)

    async def restamp(self, seq: int, *, stamped_at_ms: int, nonce: str) -> OutboxMessage:
        """Give a queued message a fresh time and nonce."""
        return await self._write(lambda ledger: outgoing.restamp(ledger, seq, stamped_at_ms, nonce))

    async def note_attempt(self, seq: int, error: str) -> None:
        """Count an attempt that did not get through; the message stays queued."""
        await self._write(lambda ledger: outgoing.note_attempt(ledger, seq, error))

    async def finish(
        self, seq: int, state: outgoing.FinalState, error: str | None = None
    ) -> OutboxMessage:
        """End a message's delivery; an ask that did not arrive ends with it."""
        return await self._write(lambda ledger: outgoing.finish(ledger, seq, state, error))

    async def expire_outbox(self, now_ms: int) -> tuple[OutboxMessage, ...]:
        """Withdraw what is past its time, and end asks that are; what changed."""
        return await self._write(lambda ledger: outgoing.expire(ledger, now_ms))

    async def outbox_message(self, message_id: str) -> OutboxMessage | None:
        """The message of ours of this id."""
        check_texts(message_id)
        return await self._read(lambda connection: lookups.outbox_by_id(connection, message_id))

    # -- asks

    async def ask_status(self, ask_id: str) -> AskStatus | None:
        """Where an ask of ours stands, with its answer."""
        check_texts(ask_id)
        return await self._read(lambda connection: lookups.ask_status(connection, ask_id))

    async def end_ask(self, ask_id: str) -> AskStatus:
        """Stop waiting; a late answer goes to the inbox.

        Raises:
            NoSuchMessageError: No ask of ours has this id.
        """
        check_texts(ask_id)
        return await self._write(lambda ledger: outgoing.end_ask(ledger, ask_id))

    async def detach_ask(self, ask_id: str) -> AskStatus:
        """Let the ask go on without a session: its answer will be a new message.

        Raises:
            NoSuchMessageError: No ask of ours has this id.
        """
        check_texts(ask_id)
        return await self._write(lambda ledger: outgoing.detach_ask(ledger, ask_id))

    async def open_ask_to(self, peer: str) -> str | None:
        """The id of the oldest open ask to this peer."""
        return await self._read(lambda connection: lookups.open_ask_to(connection, peer))

    async def unanswered_asks(self, session: str | None = None) -> tuple[InboxMessage, ...]:
        """Asks of the last day that were shown, to ``session`` or at all, and not answered yet."""
        since_ms = self.clock.now_ms() - lookups.UNANSWERED_FOR_MS
        return await self._read(
            lambda connection: lookups.unanswered_asks(connection, session, since_ms)
        )

    # -- beside messages

    async def keep_decision(self, decision: DecisionRow) -> None:
        """Keep what a person, a rule or the clock decided."""
        await self._write(lambda ledger: decisions.keep(ledger, decision))

    async def decisions(self, limit: int = 100) -> tuple[DecisionRow, ...]:
        """The newest decisions, newest first."""
        return await self._read(lambda connection: decisions.newest(connection, limit))

    async def set_note(self, key: str, text: str) -> None:
        """Keep a small text under a name, over what was there."""
        check_texts(key, text)
        await self._write(lambda ledger: schema.set_meta(ledger.connection, **{_NOTE + key: text}))

    async def note(self, key: str) -> str:
        """The text kept under a name; empty when there is none."""
        check_texts(key)
        return await self._read(lambda connection: schema.meta_value(connection, _NOTE + key))

    # -- all of it

    async def journal(
        self, *, after: int | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[JournalEntry, ...]:
        """A page of everything, in order: behind ``after``, else the last before ``before``."""
        return await self._read(
            lambda connection: lookups.journal(connection, after=after, before=before, limit=limit)
        )

    async def import_queue(self, path: Path) -> int:
        """Take over the reference's ``queue.json`` and rename it; how many messages were new.

        A file that is no queue stays as it is, and a notice says so.

        Raises:
            MailboxUnavailableError: The file cannot be read or renamed.
        """
        queue = await asyncio.to_thread(legacy.read_queue, path)
        if queue.problem:
            self.notice(queue.problem)
        arrivals = queue.arrivals
        if arrivals is None:
            return 0
        taken = await self._write(lambda ledger: legacy.take_over(ledger, arrivals))
        target = await asyncio.to_thread(legacy.put_away, path)
        self.notice(f"{taken} messages were taken over from {path} (now {target.name})")
        return taken

    async def tidy(self, now_ms: int) -> int:
        """Forget what is past its time: nonces, finished messages, decisions; how many rows."""
        removed = 0
        for remove in (nonces.forget, retention.remove_finished, decisions.remove_old):
            step = partial(remove, now_ms=now_ms)
            in_step = 1
            while in_step:
                in_step = await self._write(step)
                removed += in_step
        if removed:
            self._indexer.sweep()
        return removed
