"""The tables of a mailbox and how an older file becomes one of today.

One table holds every message, both ways, with its state; that table by ``seq`` is the journal.
States of the two directions have different names, so that each partial index names one state:
what an operation costs then depends on how much lies in that state, not on what lies beside it.
"""

import sqlite3
from pathlib import Path
from typing import Final

from meshbot_core.errors import MailboxSchemaError, MailboxUnavailableError

_FIRST: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE messages (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,  -- place in the journal, never used twice
      direction TEXT NOT NULL,                -- in, out
      id TEXT NOT NULL,
      peer TEXT NOT NULL,                     -- sender of what came in, receiver of what goes out
      kind TEXT NOT NULL,                     -- message, ask, response
      state TEXT NOT NULL,                    -- in: new, leased, done; out: queued, delivered, ...
      reply_to TEXT,
      at_ms INTEGER NOT NULL,                 -- received or created, our clock
      stamped_at_ms INTEGER NOT NULL,         -- the timestamp that the wire message carries
      size INTEGER NOT NULL,                  -- bytes of payload as UTF-8
      finished_at_ms INTEGER,                 -- done, delivered, failed or expired since
      session TEXT,                           -- in: who holds the lease; out: who asked
      lease_id TEXT,
      turn INTEGER,
      channel TEXT,
      shown_at_ms INTEGER,
      shown_count INTEGER NOT NULL DEFAULT 0,
      nonce TEXT,                             -- out only
      expires_at_ms INTEGER,                  -- out only
      attempts INTEGER NOT NULL DEFAULT 0,
      last_error TEXT,
      ask_state TEXT,                         -- our asks: open, answered, timed_out, late
      answer_seq INTEGER,                     -- our asks: the row of the answer
      payload TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX messages_by_id ON messages (id, direction, peer)",
    "CREATE INDEX inbox_new ON messages (seq, size) WHERE state = 'new'",
    "CREATE INDEX inbox_asks ON messages (peer, seq) WHERE state = 'new' AND kind = 'ask'",
    "CREATE INDEX leases_by_id ON messages (lease_id, size) WHERE state = 'leased'",
    "CREATE INDEX leases_by_session ON messages (session) WHERE state = 'leased'",
    "CREATE INDEX outbox_queued ON messages (peer, seq) WHERE state = 'queued'",
    "CREATE INDEX outbox_expiry ON messages (expires_at_ms) WHERE state = 'queued'",
    "CREATE INDEX asks_open ON messages (peer, seq) WHERE ask_state = 'open'",
    "CREATE INDEX finished ON messages (finished_at_ms) WHERE finished_at_ms IS NOT NULL",
    """CREATE TABLE nonce_log (
      seq INTEGER PRIMARY KEY,
      until_ms INTEGER NOT NULL,              -- when all of them may be forgotten
      nonces TEXT NOT NULL                    -- JSON list
    )""",
)

_SECOND: Final = (
    "ALTER TABLE messages ADD COLUMN hops INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX asks_received ON messages (at_ms) WHERE direction = 'in' AND kind = 'ask'",
    "CREATE INDEX replies ON messages (reply_to, peer)"
    " WHERE direction = 'out' AND reply_to IS NOT NULL",
    """CREATE TABLE decisions (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      approval_id TEXT NOT NULL,
      tool TEXT NOT NULL,
      tool_input TEXT NOT NULL,               -- JSON
      behavior TEXT NOT NULL,                 -- allow, deny, unknown
      scope TEXT NOT NULL,                    -- once, session
      reason TEXT NOT NULL,
      decided_by TEXT NOT NULL,               -- cli, console, terminal, rule, timeout, ended
      pid INTEGER,                            -- of the deciding process, where it is known
      uid INTEGER,
      asked_at_ms INTEGER NOT NULL,
      decided_at_ms INTEGER NOT NULL
    )""",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_FIRST, _SECOND)
"""Entry ``n`` brings a file of version ``n`` to version ``n + 1``; entries never change."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to the newest version, all in one transaction.

    Raises:
        MailboxSchemaError: The file is of a newer meshbot; nothing was written.
    """
    version = known_version_of(connection)
    if version == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def known_version_of(connection: sqlite3.Connection) -> int:
    """The schema's version; 0 in a file that is new.

    Raises:
        MailboxSchemaError: The file is of a newer meshbot.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise MailboxSchemaError(
            f"the mailbox has schema {version}, this meshbot knows up to {len(MIGRATIONS)};"
            " it was not touched",
            hint="update meshbot on this machine",
        )
    return version


def check_readable(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that this is a mailbox of today's schema, for who only reads.

    Raises:
        MailboxUnavailableError: It is none, or of an older meshbot.
        MailboxSchemaError: It is of a newer meshbot.
    """
    version = known_version_of(connection)
    if not version:
        raise MailboxUnavailableError(f"{path} is no mailbox")
    if version < len(MIGRATIONS):
        raise MailboxUnavailableError(
            f"{path} has the older schema {version}",
            hint="it is brought up to date when its agent starts",
        )


def meta_value(connection: sqlite3.Connection, key: str) -> str:
    """A value of the meta table; empty when there is none."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""


def set_meta(connection: sqlite3.Connection, **values: str) -> None:
    """Put values into the meta table, in one transaction of its own or the one that is open."""
    for key, value in values.items():
        connection.execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
            (key, value),
        )
