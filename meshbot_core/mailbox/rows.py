"""Rows of the messages table as the values that callers get; the only place that maps them."""

import sqlite3
from typing import Final

from meshbot_core.mailbox.records import InboxMessage, JournalEntry, OutboxMessage

INBOX_COLUMNS: Final = (
    "seq, id, peer, kind, payload, reply_to, stamped_at_ms, at_ms, state, shown_count, hops"
)
OUTBOX_COLUMNS: Final = (
    "seq, id, peer, kind, payload, reply_to, at_ms, expires_at_ms, stamped_at_ms, nonce, state,"
    " attempts, last_error, finished_at_ms, ask_state, hops"
)
JOURNAL_COLUMNS: Final = (
    "seq, direction, id, peer, kind, payload, reply_to, at_ms, state, ask_state, attempts,"
    " last_error, finished_at_ms"
)


def inbox_messages(cursor: sqlite3.Cursor) -> tuple[InboxMessage, ...]:
    """Every row of a select of ``INBOX_COLUMNS``."""
    return tuple(InboxMessage(*row) for row in cursor)


def inbox_message(cursor: sqlite3.Cursor) -> InboxMessage | None:
    """The first row of a select of ``INBOX_COLUMNS``, if any."""
    row = cursor.fetchone()
    return None if row is None else InboxMessage(*row)


def outbox_messages(cursor: sqlite3.Cursor) -> tuple[OutboxMessage, ...]:
    """Every row of a select of ``OUTBOX_COLUMNS``."""
    return tuple(OutboxMessage(*row) for row in cursor)


def outbox_message(cursor: sqlite3.Cursor) -> OutboxMessage | None:
    """The first row of a select of ``OUTBOX_COLUMNS``, if any."""
    row = cursor.fetchone()
    return None if row is None else OutboxMessage(*row)


def journal_entries(cursor: sqlite3.Cursor) -> tuple[JournalEntry, ...]:
    """Every row of a select of ``JOURNAL_COLUMNS``."""
    return tuple(JournalEntry(*row) for row in cursor)
