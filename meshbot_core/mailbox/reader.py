"""Looking into the mailbox of an agent that is not running, or beside the one that is."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from meshbot_core.mailbox import disk, lookups, schema, standing
from meshbot_core.mailbox.ledger import tally_of
from meshbot_core.mailbox.records import InboxMessage, JournalEntry, MailboxCounts


class MailboxReader:
    """Reads one mailbox file and changes nothing in it; blocks, so not for an event loop.

    Every method raises ``MailboxUnavailableError`` when the file cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def opened(
        cls, path: Path, *, patience_s: float = disk.BUSY_TIMEOUT_S
    ) -> "Iterator[MailboxReader]":
        """Open the mailbox at ``path``; closes it when the block ends.

        ``patience_s`` is how long a file is waited for that another program holds.

        Raises:
            MailboxUnavailableError: There is none, or it cannot be read.
            MailboxSchemaError: It is of a newer meshbot.
        """
        with _translating(), closing(disk.connect(path, is_reader=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {int(patience_s * 1000)}")
            schema.check_readable(connection, path)
            yield cls(connection)

    def counts(self) -> MailboxCounts:
        """How much lies where, counted now."""
        with _translating():
            return tally_of(self._connection).counts()

    def message(self, message_id: str) -> InboxMessage | None:
        """The newest message of this id that came in."""
        with _translating():
            return lookups.inbox_by_id(self._connection, message_id)

    def open_questions(self, since_ms: int) -> tuple[standing.OpenQuestion, ...]:
        """The newest asks that came since then and have no answer of ours, oldest first."""
        with _translating():
            return standing.open_questions(self._connection, since_ms)

    def ended_asks(self, to: str, ids: Sequence[str], now_ms: int) -> frozenset[str]:
        """Which of these asks of ours to ``to`` nobody waits for any more."""
        with _translating():
            return standing.ended_asks(self._connection, to, ids, now_ms)

    def queued_by_peer(self) -> dict[str, int]:
        """How many messages wait for each peer that does not take them."""
        with _translating():
            return standing.queued_by_peer(self._connection)

    def journal(
        self, *, after: int | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[JournalEntry, ...]:
        """A page of everything, in order: behind ``after``, else the last before ``before``."""
        with _translating():
            return lookups.journal(self._connection, after=after, before=before, limit=limit)


@contextmanager
def _translating() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise disk.translated(error) from error
