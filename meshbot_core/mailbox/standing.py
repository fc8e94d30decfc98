"""What waits in a mailbox, as somebody sees it who looks on: open questions, a full outbox."""

import sqlite3
from collections.abc import Sequence
from typing import Final, NamedTuple

QUESTION_CHARS: Final = 100_000
"""As much of a question as a person is shown beside it; the whole one is in the journal."""
MAX_QUESTIONS: Final = 200

_OPEN: Final = (
    "SELECT id, peer, substr(payload, 1, :chars), at_ms FROM messages AS asked"
    " INDEXED BY asks_received"
    " WHERE direction = 'in' AND kind = 'ask' AND at_ms >= :since"
    " AND NOT EXISTS (SELECT 1 FROM messages AS reply INDEXED BY replies"
    "  WHERE reply.direction = 'out' AND reply.reply_to = asked.id AND reply.peer = asked.peer)"
    " ORDER BY at_ms DESC LIMIT :limit"
)


class OpenQuestion(NamedTuple):
    """An ask that came in and has no answer of ours."""

    id: str
    sender: str
    text: str
    at_ms: int


def open_questions(connection: sqlite3.Connection, since_ms: int) -> tuple[OpenQuestion, ...]:
    """The newest ``MAX_QUESTIONS`` that came since then, oldest first."""
    values = {"since": since_ms, "chars": QUESTION_CHARS, "limit": MAX_QUESTIONS}
    found = [OpenQuestion(*row) for row in connection.execute(_OPEN, values)]
    return tuple(found[::-1])


def ended_asks(
    connection: sqlite3.Connection, to: str, ids: Sequence[str], now_ms: int
) -> frozenset[str]:
    """Which of these asks of ours to ``to`` nobody waits for any more."""
    marks = ",".join("?" * len(ids))
    rows = connection.execute(
        f"SELECT id FROM messages WHERE id IN ({marks}) AND direction = 'out' AND peer = ?"  # noqa: S608 - question marks alone
        " AND kind = 'ask' AND (ask_state <> 'open' OR expires_at_ms <= ?)",
        (*ids, to, now_ms),
    )
    return frozenset(str(found) for (found,) in rows)


def queued_by_peer(connection: sqlite3.Connection) -> dict[str, int]:
    """How many messages are tried again and again, for each peer that does not take them."""
    rows = connection.execute(
        "SELECT peer, count(*) FROM messages INDEXED BY outbox_queued"
        " WHERE state = 'queued' GROUP BY peer"
    )
    return {str(peer): int(count) for peer, count in rows}
