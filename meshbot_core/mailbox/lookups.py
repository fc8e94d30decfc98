"""What can be asked of a mailbox; reading only, on whatever connection the caller has."""

import sqlite3
from dataclasses import replace
from typing import Final

from meshbot_core.mailbox.records import AskStatus, InboxMessage, JournalEntry, OutboxMessage
from meshbot_core.mailbox.rows import (
    INBOX_COLUMNS,
    JOURNAL_COLUMNS,
    OUTBOX_COLUMNS,
    inbox_message,
    inbox_messages,
    journal_entries,
    outbox_message,
    outbox_messages,
)

MAX_PAGE: Final = 1000
"""Rows one page of the journal or the outbox has at most."""

UNANSWERED_FOR_MS: Final = 24 * 3600 * 1000
"""For how long an ask can still be told to be unanswered; no ask of ours waits longer."""

_OUTBOX: Final = "SELECT " + OUTBOX_COLUMNS + " FROM messages"  # noqa: S608 -- columns named in rows
_INBOX: Final = "SELECT " + INBOX_COLUMNS + " FROM messages"  # noqa: S608 -- columns named in rows
_JOURNAL: Final = "SELECT " + JOURNAL_COLUMNS + " FROM messages"  # noqa: S608 -- columns named in rows
_UNANSWERED: Final = (
    _INBOX + " AS asked INDEXED BY asks_received"  # noqa: S608 -- columns named in rows
    " WHERE direction = 'in' AND kind = 'ask' AND at_ms >= :since"
    " AND state IN ('leased', 'done') AND (:session IS NULL OR session = :session)"
    " AND NOT EXISTS (SELECT 1 FROM messages AS reply INDEXED BY replies"
    "  WHERE reply.direction = 'out' AND reply.reply_to = asked.id AND reply.peer = asked.peer)"
    " ORDER BY at_ms LIMIT :limit"
)
_MAX_SEQ: Final = 2**63 - 1


def inbox_by_id(connection: sqlite3.Connection, message_id: str) -> InboxMessage | None:
    """The newest message of this id that came in."""
    return inbox_message(
        connection.execute(
            f"{_INBOX} WHERE id = ? AND direction = 'in' ORDER BY seq DESC LIMIT 1", (message_id,)
        )
    )


def outbox_by_id(connection: sqlite3.Connection, message_id: str) -> OutboxMessage | None:
    """The message of ours of this id."""
    return outbox_message(
        connection.execute(f"{_OUTBOX} WHERE id = ? AND direction = 'out'", (message_id,))
    )


def outbox_by_seq(connection: sqlite3.Connection, seq: int) -> OutboxMessage | None:
    """The message of ours at this place of the journal."""
    return outbox_message(
        connection.execute(f"{_OUTBOX} WHERE seq = ? AND direction = 'out'", (seq,))
    )


def outbox_of(connection: sqlite3.Connection, peer: str, limit: int) -> tuple[OutboxMessage, ...]:
    """What is queued for a peer, oldest first."""
    return outbox_messages(
        connection.execute(
            f"{_OUTBOX} INDEXED BY outbox_queued WHERE state = 'queued' AND peer = ?"
            " ORDER BY seq LIMIT ?",
            (peer, _page(limit)),
        )
    )


def peers_with_outbox(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The peers that something is queued for, sorted; one step of the index each."""
    cursor = connection.execute(
        "WITH RECURSIVE waiting(peer) AS ("
        " SELECT min(peer) FROM messages WHERE state = 'queued'"
        " UNION ALL SELECT (SELECT min(peer) FROM messages"
        "  WHERE state = 'queued' AND peer > waiting.peer) FROM waiting"
        "  WHERE waiting.peer IS NOT NULL"
        ") SELECT peer FROM waiting WHERE peer IS NOT NULL"
    )
    return tuple(str(peer) for (peer,) in cursor)


def open_ask_to(connection: sqlite3.Connection, peer: str) -> str | None:
    """The oldest ask to this peer that a session waits for."""
    row = connection.execute(
        "SELECT id FROM messages INDEXED BY asks_open WHERE ask_state = 'open' AND peer = ?"
        " ORDER BY seq LIMIT 1",
        (peer,),
    ).fetchone()
    return None if row is None else str(row[0])


def ask_status(connection: sqlite3.Connection, ask_id: str) -> AskStatus | None:
    """Where an ask of ours stands; None when there is none of this id."""
    row = connection.execute(
        "SELECT peer, ask_state, state, expires_at_ms, at_ms, answer_seq FROM messages"
        " WHERE id = ? AND direction = 'out' AND kind = 'ask'",
        (ask_id,),
    ).fetchone()
    if row is None:
        return None
    to, state, delivery, expires_at_ms, created_at_ms, answer_seq = row
    answer, lease_id = (None, "") if answer_seq is None else _answer(connection, answer_seq)
    return AskStatus(
        id=ask_id,
        to=to,
        state=state,
        delivery=delivery,
        timeout_ms=expires_at_ms - created_at_ms,
        expires_at_ms=expires_at_ms,
        answer=answer,
        lease_id=lease_id,
    )


def _answer(connection: sqlite3.Connection, seq: int) -> tuple[InboxMessage | None, str]:
    answer = inbox_message(connection.execute(f"{_INBOX} WHERE seq = ?", (seq,)))
    if answer is None or answer.state != "leased":
        return answer, ""
    (lease_id,) = connection.execute(
        "SELECT lease_id FROM messages WHERE seq = ?", (seq,)
    ).fetchone()
    # The lease that holds it is the showing this answer is for.
    return replace(answer, shown_count=answer.shown_count - 1), str(lease_id)


def unanswered_asks(
    connection: sqlite3.Connection, session: str | None, since_ms: int
) -> tuple[InboxMessage, ...]:
    """Asks received since then that were shown, to ``session`` or at all, and not replied to."""
    values = {"since": since_ms, "session": session, "limit": MAX_PAGE}
    return inbox_messages(connection.execute(_UNANSWERED, values))


def leased_sessions(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The sessions that hold messages, sorted."""
    cursor = connection.execute(
        "SELECT DISTINCT session FROM messages INDEXED BY leases_by_session"
        " WHERE state = 'leased' ORDER BY session"
    )
    return tuple(str(session) for (session,) in cursor)


def journal(
    connection: sqlite3.Connection, *, after: int | None, before: int | None, limit: int
) -> tuple[JournalEntry, ...]:
    """A page of everything that went in or out, in order of ``seq``.

    With ``after`` it is the first page behind that place, else the last one before ``before``,
    or of all.
    """
    order = "DESC" if after is None else "ASC"
    cursor = connection.execute(
        f"{_JOURNAL} WHERE seq > ? AND seq < ? ORDER BY seq {order} LIMIT ?",
        (-1 if after is None else after, _MAX_SEQ if before is None else before, _page(limit)),
    )
    entries = journal_entries(cursor)
    return entries if after is not None else entries[::-1]


def _page(limit: int) -> int:
    return max(0, min(limit, MAX_PAGE))
