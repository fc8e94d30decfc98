"""The search file is kept up by its host, behind the mailbox and never in its way.

A thread of its own reads what was committed and writes trigrams of it, a few rows at a time: at
full speed while nothing comes in, and a little now and then while much does. What it has not come
to yet is looked at by whoever searches.
"""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from meshbot_core.errors import MeshError
from meshbot_core.mailbox import disk, schema
from meshbot_core.mailbox.searching import FORM, SEARCHED_CHARS, indexed_upto, search_file

_QUIET_S: Final = 0.3
"""So long nothing was committed: the mailbox does not need the processor now."""
_BUSY_S: Final = 3.0
"""So often a few rows are taken while it does."""
_FAILED_S: Final = 5.0
_ROWS: Final = 64
_SWEPT: Final = 2_000
_MOST_BYTES: Final = 4 * SEARCHED_CHARS
_TEXTS: Final = (
    f"SELECT seq, substr(CAST(payload AS BLOB), 1, {_MOST_BYTES}) FROM messages"  # noqa: S608 -- constant of this file
    f" WHERE seq > ? ORDER BY seq LIMIT {_ROWS}"
)
_UNABLE: Final = ("no such tokenizer", "no such module")
"""What an SQLite says that knows no trigrams."""
_MADE: Final = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'trigram')",
)

log = logging.getLogger(__name__)


class Indexer:
    """One thread beside a mailbox; ``poke`` and ``sweep`` are called from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pair: _Pair | None = None
        self._has_to_sweep = True
        self._is_able = True
        self._news = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox-indexer", daemon=True)

    def start(self) -> None:
        """Begin with what is there."""
        self._thread.start()
        self._news.set()

    def poke(self) -> None:
        """Something was committed."""
        if not self._news.is_set():
            self._news.set()

    def sweep(self) -> None:
        """Messages were removed: their texts must not stay either."""
        self._has_to_sweep = True
        self.poke()

    def stop(self) -> None:
        """Give up what is not finished; does nothing when it was never started."""
        self._stopped.set()
        self._news.set()
        while self._thread.is_alive():
            pair = self._pair
            if pair is not None:
                pair.interrupt()
            self._thread.join(timeout=0.05)

    # -- in the thread

    def _run(self) -> None:
        while self._is_able and not self._stopped.is_set():
            self._news.wait()
            self._await_quiet()
            if not self._stopped.is_set():
                self._catch_up()
        self._close()

    def _await_quiet(self) -> None:
        waited_s = 0.0
        while self._news.is_set() and waited_s < _BUSY_S:
            self._news.clear()
            self._stopped.wait(_QUIET_S)
            waited_s += _QUIET_S

    def _catch_up(self) -> None:
        """Do all there is, or one step while more comes in."""
        try:
            pair = self._opened()
            while self._does_a_step(pair) and not self._stopped.is_set():
                if self._news.is_set():
                    return
        except (sqlite3.Error, MeshError) as error:
            self._failed(error)

    def _does_a_step(self, pair: "_Pair") -> bool:
        if pair.index_some():
            return True
        if self._has_to_sweep:
            self._has_to_sweep = False
            pair.sweep(self._stopped)
            return True
        return False

    def _opened(self) -> "_Pair":
        if self._pair is not None and not self._pair.is_current():
            self._close()
        if self._pair is None:
            self._pair = _Pair(self._path)
            self._has_to_sweep = True
        return self._pair

    def _failed(self, error: Exception) -> None:
        """Be ready for the next time; a file that is broken is made anew."""
        self._close()
        if self._stopped.is_set():
            return
        log.info("the search file cannot be kept up now: %s", error)
        if any(what in str(error) for what in _UNABLE):
            self._is_able = False
            return
        if isinstance(error, sqlite3.Error) and disk.is_damage(error):
            with contextlib.suppress(OSError):
                disk.remove(search_file(self._path))
            self._news.set()
        self._stopped.wait(_FAILED_S)

    def _close(self) -> None:
        pair, self._pair = self._pair, None
        if pair is not None:
            pair.close()


class _Pair:
    """The mailbox, only read, and its search file; opened together.

    Every method raises ``sqlite3.Error`` when one of them cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._paths = (path, search_file(path))
        with contextlib.ExitStack() as opened:
            self._mailbox = opened.enter_context(
                contextlib.closing(disk.connect(path, is_reader=True))
            )
            self._search = opened.enter_context(contextlib.closing(self._searched()))
            self._upto = indexed_upto(self._search, self._mailbox)
            self._files = self._found()
            self._opened = opened.pop_all()

    def _searched(self) -> sqlite3.Connection:
        """The search file of this mailbox, made when there is none."""
        connection = self._connected()
        try:
            if not _is_made(connection, self._mailbox):
                connection.close()
                disk.remove(self._paths[1])
                connection = self._connected()
                _make(connection, self._mailbox)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connected(self) -> sqlite3.Connection:
        disk.prepare(self._paths[1])
        connection = disk.connect(self._paths[1], is_reader=False)
        # No WAL: deleting the file under it would leave its -wal and -shm to the next one.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def _found(self) -> tuple[int, ...]:
        return tuple(path.stat().st_ino if path.exists() else 0 for path in self._paths)

    def is_current(self) -> bool:
        """Whether both files are those that lie there now."""
        return self._found() == self._files

    def index_some(self) -> bool:
        """Take in the next few texts; False when there are none."""
        rows = self._mailbox.execute(_TEXTS, (self._upto,)).fetchall()
        if not rows:
            return False
        texts = [(seq, _start(data)) for seq, data in rows]
        with _transaction(self._search):
            self._search.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", texts)
            schema.set_meta(self._search, upto=str(rows[-1][0]))
        self._upto = rows[-1][0]
        return True

    def sweep(self, stopped: threading.Event) -> None:
        """Drop the texts of messages that are gone."""
        after = 0
        while after < self._upto and not stopped.is_set():
            kept = _column(self._search, "SELECT rowid FROM texts WHERE rowid > ?", after)
            if not kept:
                return
            there = set(
                _column(self._mailbox, "SELECT seq AS rowid FROM messages WHERE rowid > ?", after)
            )
            last = kept[-1] if len(there) < _SWEPT else min(kept[-1], max(there))
            gone = [(seq,) for seq in kept if seq <= last and seq not in there]
            for start in range(0, len(gone), _ROWS):
                with _transaction(self._search):
                    some = gone[start : start + _ROWS]
                    self._search.executemany("DELETE FROM texts WHERE rowid = ?", some)
            after = last

    def interrupt(self) -> None:
        """End what runs, from another thread."""
        with contextlib.suppress(sqlite3.ProgrammingError):  # Closed just now.
            self._search.interrupt()

    def close(self) -> None:
        """Close both."""
        with contextlib.suppress(sqlite3.Error):
            self._opened.close()


def _column(connection: sqlite3.Connection, select: str, after: int) -> list[int]:
    cursor = connection.execute(f"{select} ORDER BY rowid LIMIT {_SWEPT}", (after,))
    return [row[0] for row in cursor.fetchall()]


def _is_made(search: sqlite3.Connection, mailbox: sqlite3.Connection) -> bool:
    """Whether the file is one of this mailbox, and not of what it was before a backup came."""
    if not search.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchall():
        return False
    return indexed_upto(search, mailbox) >= 0


def _make(search: sqlite3.Connection, mailbox: sqlite3.Connection) -> None:
    with _transaction(search):
        for statement in _MADE:
            search.execute(statement)
        born = schema.meta_value(mailbox, "born")
        schema.set_meta(search, form=FORM, mailbox=born, upto="0")


def _start(data: bytes) -> str:
    return data.decode(errors="ignore")[:SEARCHED_CHARS].replace("\0", " ")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
