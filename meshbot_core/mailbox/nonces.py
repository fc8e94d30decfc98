"""The nonces of the replay window: a log on disk, one row a run, and an index of it in memory.

An index on disk over random values costs a page a message, and twice that when they go again;
the log costs a few bytes, and is read back when the file is opened. Both change in the same
transaction, so an undone message takes its nonce with it.
"""

import json
import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Final

from meshbot_core.mailbox.ledger import Ledger

_RUNS_AT_ONCE: Final = 500
_NONCES_AT_ONCE: Final = 2000
_INSERT: Final = "INSERT INTO recent.nonces VALUES "


@cache
def _insert_sql(rows: int) -> str:
    values = ",".join(["(?)"] * rows)
    return _INSERT + values + " ON CONFLICT DO NOTHING"


def attach_index(connection: sqlite3.Connection) -> None:
    """Make the index in memory from the log of this file."""
    connection.execute("ATTACH ':memory:' AS recent")
    connection.execute("CREATE TABLE recent.nonces (nonce TEXT PRIMARY KEY) WITHOUT ROWID")
    cursor = connection.execute("SELECT nonces FROM nonce_log")
    connection.execute("BEGIN")
    for (nonces,) in cursor:
        rows = [(nonce,) for nonce in json.loads(nonces)]
        connection.executemany(_insert_sql(1), rows)
    connection.execute("COMMIT")


def are_fresh(ledger: Ledger, nonces: Sequence[str]) -> bool:
    """Whether none of these was seen, nor stands here twice; they are in the index then."""
    return ledger.execute(_insert_sql(len(nonces)), nonces).rowcount == len(nonces)


def log(ledger: Ledger, nonces: Sequence[str], until_ms: int) -> None:
    """Keep nonces that are in the index; ``until_ms`` is when the last of them may go."""
    ledger.execute(
        "INSERT INTO nonce_log (until_ms, nonces) VALUES (?, ?)", (until_ms, json.dumps(nonces))
    )


def forget(ledger: Ledger, now_ms: int) -> int:
    """Remove the oldest runs that are past their time, a bounded number; how many nonces."""
    cursor = ledger.execute(
        "SELECT seq, until_ms, nonces FROM nonce_log ORDER BY seq LIMIT ?", (_RUNS_AT_ONCE,)
    )
    removed = 0
    for seq, until_ms, nonces in cursor.fetchall():
        if until_ms >= now_ms or removed >= _NONCES_AT_ONCE:
            break
        rows = [(nonce,) for nonce in json.loads(nonces)]
        ledger.connection.executemany("DELETE FROM recent.nonces WHERE nonce = ?", rows)
        ledger.execute("DELETE FROM nonce_log WHERE seq = ?", (seq,))
        removed += len(rows)
    return removed
