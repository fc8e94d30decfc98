"""Finding texts in a mailbox: by its search file as far as that goes, by looking at the rest.

``search.db`` beside the mailbox holds the first ``SEARCHED_CHARS`` of each text as trigrams, so
that a word inside Chinese is found as well. It holds nothing of its own: it may be deleted at any
time, and whoever finds none, or one of another mailbox, looks at the texts themselves.
"""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from meshbot_core.mailbox import disk, schema

SEARCHED_CHARS: Final = 4096
"""As much of a text as is searched."""

MAX_FOUND: Final = 10_000
"""Messages that one search of one mailbox tells of, the newest."""

FORM: Final = "1"
"""Of the search file; one of another form is made anew."""

_FEWEST_CHARS: Final = 3
_MOST_CHARS: Final = 200
"""A phrase of more trigrams takes longer than looking."""
_STEPS: Final = 1_000
"""Instructions of SQLite between two looks at the clock."""
_INDEXED: Final = (
    "SELECT rowid FROM texts WHERE texts MATCH ? AND rowid <= ? ORDER BY rowid DESC LIMIT ?"
)
_START: Final = f"substr(payload, 1, {SEARCHED_CHARS})"
_LIKE: Final = (
    f"SELECT seq FROM messages WHERE seq > ? AND {_START} LIKE ? ESCAPE '\\'"  # noqa: S608 -- constant of this file
    " ORDER BY seq DESC LIMIT ?"
)
_HOLDS: Final = (
    f"SELECT seq FROM messages WHERE seq > ? AND holds({_START}, ?)"  # noqa: S608 -- constant of this file
    " ORDER BY seq DESC LIMIT ?"
)


def search_file(mailbox: Path) -> Path:
    """Where the search file of a mailbox lies."""
    return mailbox.with_name("search.db")


class Finder:
    """Searches the mailbox at ``path``; keeps the search file open, and changes nothing in it.

    Blocks, and belongs to one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = search_file(path)
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None

    def close(self) -> None:
        """Let go of the search file; the next search opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def find(
        self, mailbox: sqlite3.Connection, text: str, *, limit: int, limit_s: float
    ) -> tuple[int, ...]:
        """The places of the messages that hold ``text``, the newest first.

        Great and small letters are the same. After ``limit_s`` what was found by then is all.

        Raises:
            sqlite3.Error: The mailbox cannot be read; the search file is not needed.
        """
        until_s = time.monotonic() + limit_s
        text = _searchable(text)
        if not text:
            return ()
        indexed, upto = self._look_up(mailbox, text, limit, until_s)
        return (*_scan(mailbox, text, upto, limit, until_s), *indexed)[:limit]

    def _look_up(
        self, mailbox: sqlite3.Connection, text: str, limit: int, until_s: float
    ) -> tuple[list[int], int]:
        """What the search file finds, and up to which place it goes."""
        if not _FEWEST_CHARS <= len(text) <= _MOST_CHARS:
            return [], 0
        try:
            connection = self._opened()
            if connection is None:
                return [], 0
            upto = indexed_upto(connection, mailbox)
            phrase = '"' + text.replace('"', '""') + '"'
            with _until(connection, until_s):
                return _seqs(connection, _INDEXED, (phrase, upto, limit)), upto
        except sqlite3.Error:
            self.close()  # Whatever is wrong with it: its host makes it anew.
            return [], 0

    def _opened(self) -> sqlite3.Connection | None:
        try:
            found = self._path.stat()
        except OSError:
            self.close()
            return None
        file = (found.st_dev, found.st_ino)
        if self._connection is None or file != self._file:
            self.close()
            self._connection = disk.connect(self._path, is_reader=True)
            self._file = file
        return self._connection


def indexed_upto(search: sqlite3.Connection, mailbox: sqlite3.Connection) -> int:
    """Up to which place of this mailbox the search file goes; -1 when it is of another one.

    Raises:
        sqlite3.Error: One of them cannot be read.
    """
    born = schema.meta_value(mailbox, "born")
    is_ours = schema.meta_value(search, "mailbox") == born and bool(born)
    if not is_ours or schema.meta_value(search, "form") != FORM:
        return -1
    upto = int(schema.meta_value(search, "upto"))
    (newest,) = mailbox.execute(
        "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'messages'"
    ).fetchone()
    # A mailbox that was taken back from a backup gives the same places to other messages.
    return upto if upto <= newest else -1


def _searchable(text: str) -> str:
    """The text as it stands in the index; empty when nothing can hold it."""
    if len(text) > SEARCHED_CHARS:
        return ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return ""
    return text.replace("\0", " ")


def _scan(
    mailbox: sqlite3.Connection, text: str, after: int, limit: int, until_s: float
) -> list[int]:
    """Look at every text behind a place."""
    with _until(mailbox, until_s):
        if text.isascii():
            escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            return _seqs(mailbox, _LIKE, (after, f"%{escaped}%", limit))
        # LIKE knows no great and small letters but those of English.
        mailbox.create_function("holds", 2, _holds, deterministic=True)
        return _seqs(mailbox, _HOLDS, (after, text.lower(), limit))


def _holds(text: str, wanted: str) -> bool:
    return wanted in text.lower()


def _seqs(
    connection: sqlite3.Connection, question: str, values: tuple[str | int, ...]
) -> list[int]:
    """All that is found until the time is over."""
    found: list[int] = []
    try:
        for (seq,) in connection.execute(question, values):
            found.append(seq)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
    return found


@contextlib.contextmanager
def _until(connection: sqlite3.Connection, until_s: float) -> Iterator[None]:
    """Interrupt what takes longer."""
    is_over: Callable[[], bool] = lambda: time.monotonic() > until_s  # noqa: E731 -- typed
    connection.set_progress_handler(is_over, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)
