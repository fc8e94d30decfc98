"""Handing messages to readers and taking them back; a lease is columns of the message's row."""

from collections.abc import Sequence
from dataclasses import replace

from meshbot_core.mailbox.ledger import Ledger
from meshbot_core.mailbox.records import InboxMessage, LeaseBatch, LeaseRequest
from meshbot_core.mailbox.rows import INBOX_COLUMNS, inbox_messages
from meshbot_core.types import new_id

_MARK = (
    "UPDATE messages SET state = 'leased', lease_id = ?, session = ?, turn = ?, channel = ?,"
    " shown_at_ms = ?, shown_count = shown_count + 1"
)
_FREE = "state = 'new', lease_id = NULL, session = NULL, turn = NULL, channel = NULL"


def lease(ledger: Ledger, request: LeaseRequest) -> LeaseBatch:
    """Hand over the oldest new messages that fit."""
    if (held := _held_under(ledger, request.lease_id)) is not None:
        return held
    last_seq = _last_that_fits(ledger, request)
    if last_seq is None:
        return LeaseBatch("", (), ledger.tally.unread)
    messages = inbox_messages(
        ledger.execute(
            f"SELECT {INBOX_COLUMNS} FROM messages INDEXED BY inbox_new"  # noqa: S608 -- constant columns
            " WHERE state = 'new' AND seq <= ? ORDER BY seq",
            (last_seq,),
        )
    )
    return _leased(ledger, request, messages)


def lease_ask_from(ledger: Ledger, peer: str, request: LeaseRequest) -> LeaseBatch:
    """Hand over the oldest new ask of one peer, whatever else waits."""
    if (held := _held_under(ledger, request.lease_id)) is not None:
        return held
    messages = inbox_messages(
        ledger.execute(
            f"SELECT {INBOX_COLUMNS} FROM messages INDEXED BY inbox_asks"  # noqa: S608 -- constant columns
            " WHERE state = 'new' AND kind = 'ask' AND peer = ? ORDER BY seq LIMIT 1",
            (peer,),
        )
    )
    if not messages:
        return LeaseBatch("", (), ledger.tally.unread)
    return _leased(ledger, request, messages)


def _held_under(ledger: Ledger, lease_id: str | None) -> LeaseBatch | None:
    """What was handed over under this id before: the reader may never have got it."""
    if lease_id is None:
        return None
    messages = inbox_messages(
        ledger.execute(
            f"SELECT {INBOX_COLUMNS} FROM messages"  # noqa: S608 -- constant columns
            " WHERE state = 'leased' AND lease_id = ? ORDER BY seq",
            (lease_id,),
        )
    )
    if not messages:
        return None
    # The same showing as before, so it does not count as one more.
    same = tuple(replace(message, shown_count=message.shown_count - 1) for message in messages)
    return LeaseBatch(lease_id, same, ledger.tally.unread)


def _last_that_fits(ledger: Ledger, request: LeaseRequest) -> int | None:
    cursor = ledger.execute(
        "SELECT seq, size FROM messages INDEXED BY inbox_new WHERE state = 'new'"
        " ORDER BY seq LIMIT ?",
        (max(0, request.max_messages),),
    )
    last_seq: int | None = None
    total = 0
    for seq, size in cursor:
        total += size if request.cut_bytes is None else min(size, request.cut_bytes)
        if last_seq is not None and total > request.max_bytes:
            break
        last_seq = seq
    cursor.close()
    return last_seq


def _leased(
    ledger: Ledger, request: LeaseRequest, messages: tuple[InboxMessage, ...]
) -> LeaseBatch:
    lease_id, now_ms = request.lease_id or new_id(), ledger.clock.now_ms()
    size = 0
    for message in messages:
        ledger.execute(
            f"{_MARK} WHERE seq = ?",
            (lease_id, request.session, request.turn, request.channel, now_ms, message.seq),
        )
        size += len(message.payload.encode())
    ledger.tally.unread -= len(messages)
    ledger.tally.unread_bytes -= size
    ledger.tally.leased += len(messages)
    ledger.tally.leased_bytes += size
    handed = tuple(replace(message, state="leased") for message in messages)
    return LeaseBatch(lease_id, handed, ledger.tally.unread)


def acknowledge(ledger: Ledger, lease_ids: Sequence[str]) -> int:
    """Mark what these leases hold as read for good; how many messages that were."""
    now_ms = ledger.clock.now_ms()
    done = size = 0
    for lease_id in dict.fromkeys(lease_ids):
        rows = ledger.execute(
            "UPDATE messages SET state = 'done', finished_at_ms = ?"
            " WHERE state = 'leased' AND lease_id = ? RETURNING size",
            (now_ms, lease_id),
        ).fetchall()
        done += len(rows)
        size += sum(row[0] for row in rows)
    ledger.tally.leased -= done
    ledger.tally.leased_bytes -= size
    ledger.tally.finished += done
    return done


def give_back(ledger: Ledger, session: str | None, lease_ids: Sequence[str]) -> int:
    """Make what a session or these leases hold new again, in the old order; how many."""
    sizes: list[int] = []
    if session is not None:
        sizes += _freed(ledger, "session = ?", session)
    for lease_id in dict.fromkeys(lease_ids):
        sizes += _freed(ledger, "lease_id = ?", lease_id)
    ledger.tally.leased -= len(sizes)
    ledger.tally.leased_bytes -= sum(sizes)
    ledger.tally.unread += len(sizes)
    ledger.tally.unread_bytes += sum(sizes)
    return len(sizes)


def _freed(ledger: Ledger, where: str, value: str) -> list[int]:
    cursor = ledger.execute(
        f"UPDATE messages SET {_FREE} WHERE state = 'leased' AND {where} RETURNING size",  # noqa: S608 -- constants of this file
        (value,),
    )
    return [row[0] for row in cursor.fetchall()]
