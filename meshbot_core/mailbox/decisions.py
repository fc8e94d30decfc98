"""What was decided about tool calls: kept until there are too many."""

import sqlite3
from dataclasses import astuple
from typing import Final

from meshbot_core.mailbox.ledger import Ledger
from meshbot_core.mailbox.lookups import MAX_PAGE
from meshbot_core.mailbox.records import DecisionRow

_COLUMNS: Final = (
    "approval_id, tool, tool_input, behavior, scope, reason, decided_by, pid, uid, asked_at_ms,"
    " decided_at_ms"
)


def keep(ledger: Ledger, decision: DecisionRow) -> None:
    """Add a decision."""
    ledger.execute(
        f"INSERT INTO decisions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 -- columns named above
        astuple(decision),
    )


def newest(connection: sqlite3.Connection, limit: int) -> tuple[DecisionRow, ...]:
    """The newest decisions, newest first."""
    cursor = connection.execute(
        f"SELECT {_COLUMNS} FROM decisions ORDER BY seq DESC LIMIT ?",  # noqa: S608 -- columns named above
        (max(0, min(limit, MAX_PAGE)),),
    )
    return tuple(DecisionRow(*row) for row in cursor)


def remove_old(ledger: Ledger, now_ms: int) -> int:
    """Remove the oldest decisions that are too many; how many."""
    return ledger.execute(
        "DELETE FROM decisions WHERE seq <= (SELECT max(seq) FROM decisions) - ?",
        (ledger.limits.keep_decisions,),
    ).rowcount
