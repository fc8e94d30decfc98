"""What an operation works on: the writer's open transaction and the counts beside it."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from meshbot_core.errors import MailboxError, MeshError
from meshbot_core.mailbox.records import MailboxCounts, MailboxLimits
from meshbot_core.types import Clock

SqlValue = str | int | None
T = TypeVar("T")


@dataclass(slots=True)
class Tally:
    """How much lies in each state; kept in memory, and true again after each COMMIT."""

    unread: int = 0
    unread_bytes: int = 0
    leased: int = 0
    leased_bytes: int = 0
    queued: int = 0
    open_asks: int = 0
    finished: int = 0

    def counts(self) -> MailboxCounts:
        """The part that callers see."""
        return MailboxCounts(
            unread=self.unread,
            unread_bytes=self.unread_bytes + self.leased_bytes,
            leased=self.leased,
            queued=self.queued,
            open_asks=self.open_asks,
        )


def tally_of(connection: sqlite3.Connection) -> Tally:
    """Count what lies in the file; each figure comes from a partial index alone."""
    unread, unread_bytes = _pair(connection, "inbox_new", "state = 'new'")
    leased, leased_bytes = _pair(connection, "leases_by_id", "state = 'leased'")
    return Tally(
        unread=unread,
        unread_bytes=unread_bytes,
        leased=leased,
        leased_bytes=leased_bytes,
        queued=_count(connection, "outbox_queued", "state = 'queued'"),
        open_asks=_count(connection, "asks_open", "ask_state = 'open'"),
        finished=_count(connection, "finished", "finished_at_ms IS NOT NULL"),
    )


def _pair(connection: sqlite3.Connection, index: str, where: str) -> tuple[int, int]:
    count, size = connection.execute(
        f"SELECT count(*), coalesce(sum(size), 0) FROM messages INDEXED BY {index} WHERE {where}"  # noqa: S608 -- constants of this file
    ).fetchone()
    return int(count), int(size)


def _count(connection: sqlite3.Connection, index: str, where: str) -> int:
    (count,) = connection.execute(
        f"SELECT count(*) FROM messages INDEXED BY {index} WHERE {where}"  # noqa: S608 -- constants of this file
    ).fetchone()
    return int(count)


@dataclass(slots=True)
class Ledger:
    """The open transaction, the counts as they will be after it, and the rules.

    ``is_careful`` says that this is the second try of a batch in which something failed.
    """

    connection: sqlite3.Connection
    tally: Tally
    limits: MailboxLimits
    clock: Clock
    is_careful: bool = False

    def execute(self, statement: str, values: Sequence[SqlValue] = ()) -> sqlite3.Cursor:
        """Run one statement inside the transaction."""
        return self.connection.execute(statement, values)


def isolated(ledger: Ledger, operation: Callable[[Ledger], T]) -> T | MeshError:
    """Do one operation so that its failure undoes it and nothing else.

    Raises:
        sqlite3.Error: The file or the disk failed, not the operation.
    """
    tally = replace(ledger.tally)
    ledger.execute("SAVEPOINT operation")
    try:
        outcome: T | MeshError = operation(ledger)
    except MeshError as error:
        outcome = error
    except (sqlite3.IntegrityError, sqlite3.DataError, ValueError, OverflowError) as error:
        outcome = MailboxError(f"not possible: {error}")
    else:
        ledger.execute("RELEASE operation")
        return outcome
    ledger.execute("ROLLBACK TO operation")
    ledger.execute("RELEASE operation")
    ledger.tally = tally
    return outcome
