"""The writer: opens the file, turns each batch into one transaction, and survives what fails."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from meshbot_core.errors import MailboxUnavailableError, MeshError
from meshbot_core.mailbox import disk, nonces, schema
from meshbot_core.mailbox.ledger import Ledger, Tally, isolated, tally_of
from meshbot_core.mailbox.receiving import Arrival, SeenBeforeError, receive_run
from meshbot_core.mailbox.records import MailboxCounts, MailboxLimits
from meshbot_core.types import Clock, new_id

Operation = Callable[[Ledger], object]

_IDLE_S: Final = 0.5
_CHECKPOINT_PAGES: Final = 8000  # 32 MB: random pages of the indexes meet again before they move
_JOURNAL_BYTES: Final = 64 * 1024 * 1024
_CACHE_KIB: Final = 16_000


@dataclass(frozen=True, slots=True)
class Damage:
    """Word that the file is broken; ``epoch`` says which file was meant."""

    reason: str
    epoch: int


Work = Arrival | Operation | Damage


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose mailbox it is; a file of another machine is not opened for delivery."""

    agent: str
    machine_id: str


class Store:
    """The writer's connection and counts; a ``Performer``, used by one thread.

    ``counts``, ``epoch`` and ``was_unclean`` may be read from anywhere. ``epoch`` goes up when
    a new file takes the place of a damaged one.
    """

    def __init__(
        self,
        path: Path,
        owner: Owner,
        clock: Clock,
        limits: MailboxLimits,
        notice: Callable[[str], None],
        *,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts: MailboxCounts = Tally().counts()
        self.epoch = 0
        self.was_unclean = False
        self._path = path
        self._owner = owner
        self._clock = clock
        self._limits = limits
        self._notice = notice
        self._committed = committed
        self._tally = Tally()
        self._connection: sqlite3.Connection | None = None
        self._has_news = False

    # -- opening and closing

    def open(self) -> None:
        """Open the file, or make it; set aside what is foreign or no mailbox.

        Raises:
            MailboxSchemaError: It is of a newer meshbot; it was not touched.
            MailboxUnavailableError: It cannot be opened now.
            UnsupportedPlatformError: It is on a network file system.
        """
        try:
            self._open_file()
        except sqlite3.Error as error:
            if not disk.is_damage(error):
                raise disk.translated(error) from error
            self._replace(f"it is damaged ({error})", "damaged")

    def _open_file(self) -> None:
        disk.drop_orphans(self._path)
        disk.prepare(self._path)
        if self._is_foreign():
            self._put_aside("it is of another machine", "foreign")
            disk.prepare(self._path)
        self._connect()

    def _is_foreign(self) -> bool:
        """Look without writing; refuses a newer schema."""
        if not self._path.stat().st_size:
            return False
        with closing(disk.connect(self._path, is_reader=True)) as connection:
            if not schema.known_version_of(connection):
                return False
            machine_id = schema.meta_value(connection, "machine_id")
        return machine_id not in ("", self._owner.machine_id)

    def _connect(self) -> None:
        connection = disk.connect(self._path, is_reader=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
            connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            schema.migrate(connection)
            self.was_unclean = schema.meta_value(connection, "is_open") == "yes"
            schema.set_meta(
                connection,
                machine_id=self._owner.machine_id,
                agent=self._owner.agent,
                is_open="yes",
                born=schema.meta_value(connection, "born") or new_id(),
            )
            nonces.attach_index(connection)
            self._tally = tally_of(connection)
        except BaseException:
            connection.close()
            raise
        self.counts = self._tally.counts()
        self._connection = connection
        self._has_news = True

    def close(self) -> None:
        """Leave the file clean; what was committed stays whatever goes wrong here."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(sqlite3.Error):
            schema.set_meta(connection, is_open="no")
        with suppress(sqlite3.Error):
            connection.close()

    # -- damage

    def _replace(self, reason: str, why: str) -> None:
        """Put the file aside and go on with a new one."""
        self._disconnect()
        try:
            self._put_aside(reason, why)
            disk.prepare(self._path)
            self._connect()
        except sqlite3.Error as error:
            raise disk.translated(error) from error

    def _put_aside(self, reason: str, why: str) -> None:
        try:
            target = disk.set_aside(self._path, why)
        except OSError as error:
            raise MailboxUnavailableError(
                f"{self._path} was to be set aside ({reason}): {error.strerror}"
            ) from error
        self.epoch += 1
        self._notice(
            f"{self._path} was set aside as {target.name}: {reason}. A new mailbox was started."
        )

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    # -- work

    def perform(self, batch: Sequence[Work]) -> Sequence[object]:
        """Do a batch in one transaction: everything in it is on disk, or nothing is.

        A ``MeshError`` of one operation undoes that operation alone.
        """
        try:
            self._heed(batch)
            outcomes, tally = self._transacted(batch)
        except sqlite3.Error as error:
            return self._failed(error, len(batch))
        except MeshError as error:
            return [MailboxUnavailableError(str(error), hint=error.hint) for _ in batch]
        self._tally = tally
        self.counts = tally.counts()
        self._has_news = True
        self._committed()
        return outcomes

    def _heed(self, batch: Sequence[Work]) -> None:
        for work in batch:
            if isinstance(work, Damage) and work.epoch == self.epoch:
                self._replace(f"it is damaged ({work.reason})", "damaged")

    def _transacted(self, batch: Sequence[Work]) -> tuple[list[object], Tally]:
        try:
            return self._transact(batch, is_careful=False)
        except (SeenBeforeError, ValueError, OverflowError):
            return self._transact(batch, is_careful=True)

    def _transact(self, batch: Sequence[Work], *, is_careful: bool) -> tuple[list[object], Tally]:
        if self._connection is None:
            self._open_file()
        connection = self._connection
        if connection is None:
            raise MailboxUnavailableError("the mailbox is not open")
        tally = replace(self._tally)
        ledger = Ledger(connection, tally, self._limits, self._clock, is_careful)
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = _perform(ledger, batch)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return outcomes, ledger.tally

    def _failed(self, error: sqlite3.Error, rows: int) -> list[object]:
        """What the callers of a failed batch are told; gets ready for the next one."""
        told = disk.translated(error)
        if disk.is_damage(error):
            try:
                self._replace(f"it is damaged ({error})", "damaged")
            except MeshError as replaced:
                told = MailboxUnavailableError(str(replaced), hint=replaced.hint)
        elif not disk.is_passing(error):
            self._disconnect()  # The next batch opens it anew.
        return [MailboxUnavailableError(str(told), hint=told.hint) for _ in range(rows)]

    # -- quiet

    def idle_after_s(self) -> float | None:
        """Some time after the last commit there is a checkpoint to make."""
        return _IDLE_S if self._has_news else None

    def idle(self) -> None:
        """Move the WAL into the file while nobody waits; readers are not waited for."""
        self._has_news = False
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _perform(ledger: Ledger, batch: Sequence[Work]) -> list[object]:
    """Do a batch in order; arrivals that stand together are taken in together."""
    outcomes: list[object] = []
    run: list[Arrival] = []
    for work in batch:
        if isinstance(work, Arrival):
            run.append(work)
            continue
        if run:
            outcomes += receive_run(ledger, run)
            run = []
        outcomes.append(None if isinstance(work, Damage) else isolated(ledger, work))
    if run:
        outcomes += receive_run(ledger, run)
    return outcomes
