"""The reader: short selects on a read-only connection of its own."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox import disk
from meshbot_core.mailbox.store import Store

Question = Callable[[sqlite3.Connection], object]


class Reading:
    """A ``Performer`` beside a ``Store``; follows it when a new file takes the old one's place."""

    def __init__(self, path: Path, store: Store, report_damage: Callable[[str, int], None]) -> None:
        self._path = path
        self._store = store
        self._report_damage = report_damage
        self._connection: sqlite3.Connection | None = None
        self._epoch = -1

    def open(self) -> None:
        """Nothing yet: the first question opens the connection."""

    def perform(self, batch: Sequence[Question]) -> Sequence[object]:
        """Answer each question by itself; no read transaction outlives its answer."""
        return [self._answer(question) for question in batch]

    def _answer(self, question: Question) -> object:
        epoch = self._store.epoch
        try:
            if self._connection is None or epoch != self._epoch:
                self.close()
                self._connection = disk.connect(self._path, is_reader=True)
                self._epoch = epoch
            return question(self._connection)
        except sqlite3.Error as error:
            self.close()
            if disk.is_damage(error):
                self._report_damage(str(error), epoch)
            told = disk.translated(error)
            return MailboxUnavailableError(str(told), hint=told.hint)

    def idle_after_s(self) -> float | None:
        """There is nothing to do."""
        return None

    def idle(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Close the connection; the next question opens one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
