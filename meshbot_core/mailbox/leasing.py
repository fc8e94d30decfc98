"""Handing messages to readers and taking them back; a lease is columns of the message's row."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from meshbot_core.mailbox.ledger import Ledger
from meshbot_core.mailbox.records import InboxMessage, LeaseBatch, LeaseRequest
from meshbot_core.mailbox.rows import INBOX_COLUMNS, inbox_messages
from meshbot_core.mailbox.texts import size_of
from meshbot_core.types import new_id

_LEASE: Final = (
    "UPDATE messages SET state = 'leased', lease_id = ?, session = ?, turn = ?, channel = ?,"
    " shown_at_ms = ?, shown_count = shown_count + 1"
)
_FREE: Final = "state = 'new', session = NULL, turn = NULL, channel = NULL, lease_id = ?"
_NO_CUT: Final = 2**40
_LAST_THAT_FITS: Final = """
    WITH oldest AS (
      SELECT seq, size FROM messages INDEXED BY inbox_new
      WHERE state = 'new' ORDER BY seq LIMIT ?2
    ), summed AS (
      SELECT seq, sum(min(size, ?1)) OVER (ORDER BY seq) AS total FROM oldest
    )
    SELECT coalesce(
      (SELECT max(seq) FROM summed WHERE total <= ?3), (SELECT min(seq) FROM oldest)
    )"""


def lease(ledger: Ledger, request: LeaseRequest) -> LeaseBatch:
    """Hand over the oldest new messages that fit."""
    if (held := _held_under(ledger, request.lease_id)) is not None:
        return held
    last_seq = _last_that_fits(ledger, request)
    if last_seq is None:
        return LeaseBatch("", (), ledger.tally.unread)
    messages = inbox_messages(
        ledger.execute(
            f"SELECT {INBOX_COLUMNS} FROM messages INDEXED BY inbox_new"  # noqa: S608 -- columns named in rows
            " WHERE state = 'new' AND seq <= ? ORDER BY seq",
            (last_seq,),
        )
    )
    return _mark(ledger, request, messages, ("state = 'new' AND seq <= ?", last_seq))


def lease_ask_from(ledger: Ledger, peer: str, request: LeaseRequest) -> LeaseBatch:
    """Hand over the oldest new ask of one peer, whatever else waits."""
    if (held := _held_under(ledger, request.lease_id)) is not None:
        return held
    messages = inbox_messages(
        ledger.execute(
            f"SELECT {INBOX_COLUMNS} FROM messages INDEXED BY inbox_asks"  # noqa: S608 -- columns named in rows
            " WHERE state = 'new' AND kind = 'ask' AND peer = ? ORDER BY seq LIMIT 1",
            (peer,),
        )
    )
    if not messages:
        return LeaseBatch("", (), ledger.tally.unread)
    return _mark(ledger, request, messages, ("seq = ?", messages[0].seq))


def _held_under(ledger: Ledger, lease_id: str | None) -> LeaseBatch | None:
    """What was handed over under this id before: the reader may never have got it."""
    if lease_id is None:
        return None
    messages = inbox_messages(
        ledger.execute(
            f"SELECT {INBOX_COLUMNS} FROM messages"  # noqa: S608 -- columns named in rows
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
    """Where the oldest new messages that fit end; the first one fits whatever it weighs."""
    cut = _NO_CUT if request.cut_bytes is None else request.cut_bytes
    (last_seq,) = ledger.execute(
        _LAST_THAT_FITS, (cut, max(0, request.max_messages), request.max_bytes)
    ).fetchone()
    return None if last_seq is None else int(last_seq)


def _mark(
    ledger: Ledger,
    request: LeaseRequest,
    messages: tuple[InboxMessage, ...],
    where: tuple[str, int],
) -> LeaseBatch:
    lease_id, condition, value = request.lease_id or new_id(), *where
    ledger.execute(
        f"{_LEASE} WHERE {condition}",
        (
            *(lease_id, request.session, request.turn, request.channel),
            *(ledger.clock.now_ms(), value),
        ),
    )
    size = sum(size_of(message.payload) for message in messages)
    ledger.tally.unread -= len(messages)
    ledger.tally.unread_bytes -= size
    ledger.tally.leased += len(messages)
    ledger.tally.leased_bytes += size
    handed = tuple(replace(message, state="leased") for message in messages)
    return LeaseBatch(lease_id, handed, ledger.tally.unread)


def acknowledge(ledger: Ledger, lease_ids: Sequence[str]) -> int:
    """Mark what these leases hold as read for good; how many messages that were."""
    change = "state = 'done', finished_at_ms = ?"
    now_ms = ledger.clock.now_ms()
    done = sum(
        _released(ledger, (change, now_ms), ("lease_id = ?", lease_id))[0]
        for lease_id in dict.fromkeys(lease_ids)
    )
    ledger.tally.finished += done
    return done


def acknowledge_asks(ledger: Ledger, lease_ids: Sequence[str]) -> tuple[str, ...]:
    """``acknowledge``; the ids of the asks among what these leases hold."""
    asks: list[str] = []
    for lease_id in dict.fromkeys(lease_ids):
        found = ledger.execute(
            "SELECT id FROM messages WHERE state = 'leased' AND kind = 'ask' AND lease_id = ?",
            (lease_id,),
        )
        asks += [identity for (identity,) in found]
    acknowledge(ledger, lease_ids)
    return tuple(asks)


def give_back(ledger: Ledger, session: str | None, lease_ids: Sequence[str]) -> int:
    """Make what a session or these leases hold new again, in the old order; how many.

    The open asks of a session that gives back wait for nobody any more: an answer that comes
    will be a new message of the inbox.
    """
    holders = [("lease_id = ?", each) for each in dict.fromkeys(lease_ids)]
    if session is not None:
        holders.append(("session = ?", session))
        ledger.execute(
            "UPDATE messages SET session = NULL WHERE ask_state = 'open' AND session = ?",
            (session,),
        )
    given = 0
    for holder in holders:
        count, size = _released(ledger, (_FREE, None), holder)
        ledger.tally.unread += count
        ledger.tally.unread_bytes += size
        given += count
    return given


def _released(
    ledger: Ledger, change: tuple[str, int | None], holder: tuple[str, str]
) -> tuple[int, int]:
    """Change the state of what a holder has; how many messages and bytes that were."""
    (assignments, stamp), (condition, value) = change, holder
    held = f"FROM messages WHERE state = 'leased' AND {condition}"
    count, size = ledger.execute(
        f"SELECT count(*), coalesce(sum(size), 0) {held}",
        (value,),
    ).fetchone()
    if count:
        ledger.execute(
            f"UPDATE messages SET {assignments} WHERE state = 'leased' AND {condition}",  # noqa: S608 -- constants of this file
            (stamp, value),
        )
    ledger.tally.leased -= count
    ledger.tally.leased_bytes -= size
    return int(count), int(size)
