"""The outbox and our own asks: what is queued, how its delivery went, how an ask ended."""

from typing import Final, Literal

from meshbot_core.errors import MailboxFullError, NoSuchMessageError
from meshbot_core.mailbox.leasing import give_back
from meshbot_core.mailbox.ledger import Ledger
from meshbot_core.mailbox.lookups import ask_status, outbox_by_id, outbox_by_seq
from meshbot_core.mailbox.records import AskStatus, Draft, OutboxMessage
from meshbot_core.types import new_id

FinalState = Literal["delivered", "failed", "expired"]

_EXPIRED: Final = (
    "state = 'queued' AND expires_at_ms <= :now",
    "ask_state = 'open' AND expires_at_ms <= :now",
)
_EXPIRE_AT_ONCE: Final = 1000


def enqueue(ledger: Ledger, draft: Draft, size: int) -> OutboxMessage:
    """Put a message of ours into the outbox; one of that id already there is returned.

    Raises:
        MailboxFullError: Too much is queued for this peer.
    """
    known = outbox_by_id(ledger.connection, draft.id)
    if known is not None:
        return known
    limit = ledger.limits.max_queued_per_peer
    (queued,) = ledger.execute(
        "SELECT count(*) FROM (SELECT 1 FROM messages INDEXED BY outbox_queued"
        " WHERE state = 'queued' AND peer = ? LIMIT ?)",
        (draft.to, limit),
    ).fetchone()
    if queued >= limit:
        raise MailboxFullError(
            f"{queued} messages wait for {draft.to!r} already",
            hint="wait until that peer is up again",
        )
    now_ms = ledger.clock.now_ms()
    is_ask = draft.kind == "ask"
    cursor = ledger.execute(
        "INSERT INTO messages (direction, id, peer, kind, state, reply_to, at_ms, stamped_at_ms,"
        " size, session, nonce, expires_at_ms, ask_state, hops, payload)"
        " VALUES ('out', ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(draft.id, draft.to, draft.kind, draft.reply_to, now_ms, now_ms, size),
            *(draft.session, new_id(), draft.expires_at_ms),
            *("open" if is_ask else None, draft.hops, draft.payload),
        ),
    )
    ledger.tally.queued += 1
    ledger.tally.open_asks += is_ask
    return _at(ledger, cursor.lastrowid or 0)


def _at(ledger: Ledger, seq: int) -> OutboxMessage:
    found = outbox_by_seq(ledger.connection, seq)
    if found is None:
        raise NoSuchMessageError(f"no message of ours is at {seq}")
    return found


def restamp(ledger: Ledger, seq: int, stamped_at_ms: int, nonce: str) -> OutboxMessage:
    """Give a message that is still queued a fresh time and nonce."""
    ledger.execute(
        "UPDATE messages SET stamped_at_ms = ?, nonce = ? WHERE seq = ? AND state = 'queued'",
        (stamped_at_ms, nonce, seq),
    )
    return _at(ledger, seq)


def note_attempt(ledger: Ledger, seq: int, error: str) -> None:
    """Count an attempt that did not get through."""
    ledger.execute(
        "UPDATE messages SET attempts = attempts + 1, last_error = ?"
        " WHERE seq = ? AND direction = 'out' AND state <> 'delivered'",
        (error, seq),
    )


def finish(ledger: Ledger, seq: int, state: FinalState, error: str | None) -> OutboxMessage:
    """End a message's delivery; an ask that did not arrive ends with it.

    What ended already stays as it is, except that ``delivered`` is the truth whenever it comes.
    """
    message = _at(ledger, seq)
    if message.state == "delivered" or (message.state != "queued" and state != "delivered"):
        return message
    ledger.execute(
        "UPDATE messages SET state = ?, last_error = coalesce(?, last_error), finished_at_ms = ?,"
        " attempts = attempts + ? WHERE seq = ?",
        (state, error, ledger.clock.now_ms(), int(state != "expired"), seq),
    )
    if message.state == "queued":
        ledger.tally.queued -= 1
        ledger.tally.finished += 1
    if state != "delivered" and message.ask_state == "open":
        _time_out(ledger, seq)
    return _at(ledger, seq)


def expire(ledger: Ledger, now_ms: int) -> tuple[OutboxMessage, ...]:
    """Withdraw what is past its time and end asks that are; what changed, in order."""
    changed: set[int] = set()
    for where in _EXPIRED:
        cursor = ledger.connection.execute(
            f"SELECT seq FROM messages WHERE {where} LIMIT {_EXPIRE_AT_ONCE}",  # noqa: S608 -- constants of this file
            {"now": now_ms},
        )
        changed.update(row[0] for row in cursor.fetchall())
    return tuple(_expired(ledger, seq) for seq in sorted(changed))


def _expired(ledger: Ledger, seq: int) -> OutboxMessage:
    message = finish(ledger, seq, "expired", None)
    if message.ask_state != "open":
        return message
    _time_out(ledger, seq)
    return _at(ledger, seq)


def end_ask(ledger: Ledger, ask_id: str) -> AskStatus:
    """Stop waiting for an answer; an ask that was not delivered yet is withdrawn.

    An answer that has come, and that nobody has read yet, is a message of the inbox.

    Raises:
        NoSuchMessageError: No ask of ours has this id.
    """
    ask = outbox_by_id(ledger.connection, ask_id)
    if ask is not None and ask.ask_state == "open":
        _expired(ledger, ask.seq)
    _free_answer(ledger, ask_id)
    return _status(ledger, ask_id)


def detach_ask(ledger: Ledger, ask_id: str) -> AskStatus:
    """Let the ask go on without a session: its answer will be a new message of the inbox.

    Raises:
        NoSuchMessageError: No ask of ours has this id.
    """
    ledger.execute(
        "UPDATE messages SET session = NULL WHERE id = ? AND direction = 'out' AND kind = 'ask'",
        (ask_id,),
    )
    return _status(ledger, ask_id)


def _free_answer(ledger: Ledger, ask_id: str) -> None:
    """An answer that is held for who waited for it goes to the inbox."""
    held = ledger.execute(
        "SELECT answer.lease_id FROM messages AS ask"
        " JOIN messages AS answer ON answer.seq = ask.answer_seq"
        " WHERE ask.id = ? AND ask.direction = 'out' AND answer.state = 'leased'"
        " AND answer.channel = 'ask'",
        (ask_id,),
    ).fetchall()
    give_back(ledger, None, [lease_id for (lease_id,) in held])


def _status(ledger: Ledger, ask_id: str) -> AskStatus:
    status = ask_status(ledger.connection, ask_id)
    if status is None:
        raise NoSuchMessageError(f"no ask of id {ask_id[:80]!r} was made here")
    return status


def _time_out(ledger: Ledger, seq: int) -> None:
    ledger.execute("UPDATE messages SET ask_state = 'timed_out' WHERE seq = ?", (seq,))
    ledger.tally.open_asks -= 1
