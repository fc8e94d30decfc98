"""Looking into the mailbox of an agent that is not running, or beside the one that is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from meshbot_core.mailbox import disk, lookups, schema
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
    def opened(cls, path: Path) -> "Iterator[MailboxReader]":
        """Open the mailbox at ``path``; closes it when the block ends.

        Raises:
            MailboxUnavailableError: There is none, or it cannot be read.
            MailboxSchemaError: It is of a newer meshbot.
        """
        with _translating(), closing(disk.connect(path, is_reader=True)) as connection:
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
