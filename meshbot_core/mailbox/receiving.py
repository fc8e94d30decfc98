"""Taking in what peers send: nonce and message in one transaction.

The usual case, a run of messages and asks that nobody sent before, goes in by a few statements
for the whole run, without savepoints: SQLite then works outside the interpreter's lock, beside
the listener, and each return from it waits for that lock. When something of the run was here
already, the whole transaction is undone and done again carefully, row by row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final

from meshbot_core.errors import (
    MailboxFullError,
    MeshError,
    RefusedMessageError,
    ReplayedMessageError,
)
from meshbot_core.mailbox import nonces
from meshbot_core.mailbox.ledger import Ledger, SqlValue, isolated
from meshbot_core.mailbox.records import InboxMessage, Receipt
from meshbot_core.mailbox.texts import size_of
from meshbot_core.types import MessageKind, new_id
from meshbot_core.wire.message import WireMessage

_ROWS_A_STATEMENT: Final = 64
"""At most; each number up to it is prepared once, and a run is one statement or a few."""

_MESSAGE: Final = "('in', ?, ?, ?, ?, ?, ?, 'new', ?, ?, ?)"
_INSERT_MESSAGES: Final = (
    "INSERT INTO messages"
    " (direction, id, peer, kind, payload, reply_to, stamped_at_ms, state, at_ms, size, hops)"
    " VALUES "
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message from outside that passed every check but the nonce."""

    id: str
    sender: str
    kind: MessageKind
    payload: str
    reply_to: str | None
    sent_at_ms: int
    nonce: str
    nonce_until_ms: int
    size: int
    hops: int = 0


def arrival_of(message: WireMessage, nonce_until_ms: int) -> Arrival:
    """The part of a wire message that is kept.

    Raises:
        RefusedMessageError: Its text is no Unicode (half a surrogate pair).
    """
    try:
        for text in (message.id, message.sender, message.nonce, message.reply_to or ""):
            size_of(text)
        size = size_of(message.payload)
    except UnicodeEncodeError as error:
        raise RefusedMessageError("Invalid message format") from error
    return Arrival(
        id=message.id,
        sender=message.sender,
        kind=message.kind,
        payload=message.payload,
        reply_to=message.reply_to,
        sent_at_ms=message.timestamp,
        nonce=message.nonce,
        nonce_until_ms=nonce_until_ms,
        size=size,
        hops=message.hops or 0,
    )


@cache
def _messages_sql(rows: int) -> str:
    return _INSERT_MESSAGES + ",".join([_MESSAGE] * rows) + " ON CONFLICT DO NOTHING"


class SeenBeforeError(Exception):
    """A run holds a nonce or a message that is here already; its transaction must be undone."""


def receive_run(ledger: Ledger, run: Sequence[Arrival]) -> list[Receipt | MeshError]:
    """Take in messages that came together; what became of each, in their order.

    Raises:
        SeenBeforeError: One was here before; not raised once ``ledger.is_careful``.
    """
    size = sum(arrival.size for arrival in run)
    is_plain = all(arrival.kind != "response" for arrival in run)
    if ledger.is_careful or not is_plain or not _has_room(ledger, len(run), size):
        return [isolated(ledger, partial(receive_one, arrival=arrival)) for arrival in run]
    receipts = _bulk(ledger, run)
    ledger.tally.unread += len(run)
    ledger.tally.unread_bytes += size
    return receipts


def _bulk(ledger: Ledger, run: Sequence[Arrival]) -> list[Receipt | MeshError]:
    now_ms = ledger.clock.now_ms()
    receipts: list[Receipt | MeshError] = []
    for start in range(0, len(run), _ROWS_A_STATEMENT):
        chunk = run[start : start + _ROWS_A_STATEMENT]
        first_seq = _insert(ledger, chunk, now_ms)
        receipts += [
            Receipt("stored", _message(arrival, seq, now_ms))
            for seq, arrival in enumerate(chunk, first_seq)
        ]
    nonces.log(ledger, [one.nonce for one in run], max(one.nonce_until_ms for one in run))
    return receipts


def _insert(ledger: Ledger, chunk: Sequence[Arrival], now_ms: int) -> int:
    """Insert rows as new; the first one's seq."""
    rows = len(chunk)
    if not nonces.are_fresh(ledger, [one.nonce for one in chunk]):
        raise SeenBeforeError
    messages: list[SqlValue] = []
    for one in chunk:
        messages += _columns(one, now_ms)
    cursor = ledger.execute(_messages_sql(rows), messages)
    if cursor.rowcount != rows or cursor.lastrowid is None:
        raise SeenBeforeError
    return cursor.lastrowid - rows + 1


def receive_one(ledger: Ledger, arrival: Arrival) -> Receipt:
    """Take in one message.

    Raises:
        ReplayedMessageError: Its nonce was seen before.
        MailboxFullError: The inbox is at its limit.
    """
    if not nonces.are_fresh(ledger, [arrival.nonce]):
        raise ReplayedMessageError("Duplicate nonce (replay detected)")
    nonces.log(ledger, [arrival.nonce], arrival.nonce_until_ms)
    if _is_known(ledger, arrival):
        return Receipt("duplicate", None)
    if arrival.kind == "response":
        return _receive_response(ledger, arrival)
    return Receipt("stored", _store(ledger, arrival))


def keep(ledger: Ledger, arrival: Arrival) -> bool:
    """Store a message that was accepted before we had it; False when it is here already."""
    if _is_known(ledger, arrival):
        return False
    _insert_one(ledger, arrival)
    ledger.tally.unread += 1
    ledger.tally.unread_bytes += arrival.size
    return True


def _is_known(ledger: Ledger, arrival: Arrival) -> bool:
    found = ledger.execute(
        "SELECT 1 FROM messages WHERE id = ? AND direction = 'in' AND peer = ?",
        (arrival.id, arrival.sender),
    )
    return found.fetchone() is not None


def _receive_response(ledger: Ledger, arrival: Arrival) -> Receipt:
    asked = ledger.execute(
        "SELECT seq, kind, state, ask_state, expires_at_ms, session FROM messages"
        " WHERE id = ? AND direction = 'out' AND peer = ?",
        (arrival.reply_to, arrival.sender),
    ).fetchone()
    if asked is None:
        return Receipt("unmatched", None)
    seq, kind, state, ask_state, expires_at_ms, session = asked
    if kind != "ask" or ask_state in ("answered", "late"):
        return Receipt("late", _store(ledger, arrival))
    is_open = ask_state == "open"
    in_time = is_open and ledger.clock.now_ms() < expires_at_ms
    message = _store_answer(ledger, arrival, session) if in_time else _store(ledger, arrival)
    ledger.execute(
        "UPDATE messages SET ask_state = ?, answer_seq = ? WHERE seq = ?",
        ("answered" if in_time else "late", message.seq, seq),
    )
    ledger.tally.open_asks -= is_open
    if state == "queued":
        _note_delivered(ledger, seq)
    return Receipt("answered" if in_time else "late", message)


def _note_delivered(ledger: Ledger, seq: int) -> None:
    """An answer proves that the ask arrived, whatever its sending said."""
    ledger.execute(
        "UPDATE messages SET state = 'delivered', finished_at_ms = ? WHERE seq = ?",
        (ledger.clock.now_ms(), seq),
    )
    ledger.tally.queued -= 1
    ledger.tally.finished += 1


def _store(ledger: Ledger, arrival: Arrival) -> InboxMessage:
    if not _has_room(ledger, 1, arrival.size):
        raise MailboxFullError(
            f"the inbox holds {ledger.tally.unread + ledger.tally.leased} unread messages,"
            f" {ledger.tally.unread_bytes + ledger.tally.leased_bytes} bytes",
            hint="the agent has to read its messages first",
        )
    message = _insert_one(ledger, arrival)
    ledger.tally.unread += 1
    ledger.tally.unread_bytes += arrival.size
    return message


def _store_answer(ledger: Ledger, arrival: Arrival, session: str | None) -> InboxMessage:
    """Store the answer that somebody waits for; limits do not refuse it."""
    message = _insert_one(ledger, arrival)
    if session is None:
        ledger.tally.unread += 1
        ledger.tally.unread_bytes += arrival.size
        return message
    ledger.execute(
        "UPDATE messages SET state = 'leased', lease_id = ?, session = ?, channel = 'ask',"
        " shown_at_ms = at_ms, shown_count = 1 WHERE seq = ?",
        (new_id(), session, message.seq),
    )
    ledger.tally.leased += 1
    ledger.tally.leased_bytes += arrival.size
    return replace(message, state="leased")


def _insert_one(ledger: Ledger, arrival: Arrival) -> InboxMessage:
    now_ms = ledger.clock.now_ms()
    cursor = ledger.execute(_messages_sql(1), _columns(arrival, now_ms))
    return _message(arrival, cursor.lastrowid or 0, now_ms)


def _columns(one: Arrival, now_ms: int) -> tuple[SqlValue, ...]:
    whence = (one.id, one.sender, one.kind, one.payload, one.reply_to, one.sent_at_ms)
    return (*whence, now_ms, one.size, one.hops)


def _message(arrival: Arrival, seq: int, now_ms: int) -> InboxMessage:
    return InboxMessage(
        seq=seq,
        id=arrival.id,
        sender=arrival.sender,
        kind=arrival.kind,
        payload=arrival.payload,
        reply_to=arrival.reply_to,
        sent_at_ms=arrival.sent_at_ms,
        received_at_ms=now_ms,
        state="new",
        shown_count=0,
        hops=arrival.hops,
    )


def _has_room(ledger: Ledger, messages: int, size: int) -> bool:
    tally, limits = ledger.tally, ledger.limits
    return (
        tally.unread + tally.leased + messages <= limits.max_unread
        and tally.unread_bytes + tally.leased_bytes + size <= limits.max_unread_bytes
    )
