"""Leafing through a mailbox, again and again, beside the host that writes it.

A browser keeps its connection from one look to the next, and no transaction between them: an
open one would keep the write-ahead log from being taken in.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox import disk, schema
from meshbot_core.mailbox.records import JournalEntry
from meshbot_core.mailbox.searching import MAX_FOUND, Finder

TEXT_CHARS: Final = 500
"""As much of a text as a list shows."""
_AT_ONCE: Final = 500
"""Values in one question."""
SEARCH_LIMIT_S: Final = 1.0
"""As long as a person waits for what a search finds."""
_BUSY_MS: Final = 200
"""A person waits too for a file that another program holds; the others are to be shown."""
_ROW: Final = (
    "SELECT seq, direction, id, peer, kind, substr(payload, 1, 500), reply_to, at_ms, state,"
    " ask_state, attempts, last_error, finished_at_ms, size FROM messages WHERE "
)


class Place(NamedTuple):
    """Where a message stands, and between whom; ``direction`` is ``in`` or ``out``."""

    seq: int
    direction: str
    id: str
    peer: str
    kind: str
    at_ms: int


class Leaf(NamedTuple):
    """A message whose text is cut to ``TEXT_CHARS``; ``size`` is that of all of it, in bytes."""

    entry: JournalEntry
    size: int


class MailboxBrowser:
    """One mailbox; blocks, and belongs to one thread at a time.

    Every method raises ``MailboxError`` when the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._finder = Finder(path)

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._finder.close()

    def span(self) -> tuple[int, int]:
        """The first and the last place of the journal; 0 and 0 when it is empty."""
        with self._open() as connection:
            first, last = connection.execute("SELECT min(seq), max(seq) FROM messages").fetchone()
        return first or 0, last or 0

    def places(self, after: int, limit: int) -> tuple[Place, ...]:
        """The next places behind ``after``, in order."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT seq, direction, id, peer, kind, at_ms FROM messages WHERE seq > ?"
                " ORDER BY seq LIMIT ?",
                (after, limit),
            )
            return tuple(Place(*row) for row in rows)

    def leaves(self, seqs: Iterable[int]) -> tuple[Leaf, ...]:
        """The messages at these places that are still there, in order."""
        return self._leaves("seq", list(seqs))

    def whole(self, seq: int) -> str | None:
        """A message's whole text; None when it is gone."""
        with self._open() as connection:
            row = connection.execute(
                "SELECT payload FROM messages WHERE seq = ?", (seq,)
            ).fetchone()
        return None if row is None else str(row[0])

    def received(self, ids: Iterable[str]) -> Mapping[tuple[str, str], str]:
        """What became of messages that came in: their states, by id and sender."""
        found: dict[tuple[str, str], str] = {}
        for some in _batches(list(ids)):
            with self._open() as connection:
                rows = connection.execute(
                    "SELECT id, peer, state FROM messages"  # noqa: S608 - question marks alone
                    f" WHERE direction = 'in' AND id IN ({_marks(some)})",
                    some,
                )
                found |= {(row[0], row[1]): row[2] for row in rows}
        return found

    def connected(self, ids: Iterable[str]) -> tuple[Leaf, ...]:
        """The messages that have one of these ids, or answer one."""
        wanted = list(ids)
        found = {leaf.entry.seq: leaf for leaf in self._leaves("id", wanted)}
        found |= {leaf.entry.seq: leaf for leaf in self._leaves("reply_to", wanted)}
        return tuple(found[seq] for seq in sorted(found))

    def find(
        self, text: str, *, limit: int = MAX_FOUND, limit_s: float = SEARCH_LIMIT_S
    ) -> tuple[int, ...]:
        """The places of the messages that begin with, or soon hold, ``text``, newest first.

        It is looked for as it stands, great and small letters alike, in the first 4 kB; after
        ``limit_s`` what was found by then is all.
        """
        with self._open() as connection:
            return self._finder.find(connection, text, limit=limit, limit_s=limit_s)

    # -- plumbing

    def _leaves(self, column: str, values: Sequence[int | str]) -> tuple[Leaf, ...]:
        leaves: list[Leaf] = []
        for some in _batches(values):
            with self._open() as connection:
                question = f"{_ROW}{column} IN ({_marks(some)}) ORDER BY seq"
                rows = connection.execute(question, some)
                leaves += [Leaf(JournalEntry(*row[:-1]), row[-1]) for row in rows]
        return tuple(leaves)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._found()
        except sqlite3.Error as error:
            self.close()
            raise disk.translated(error) from error

    def _found(self) -> sqlite3.Connection:
        """The connection, a new one when another file lies there now."""
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for each look
        except OSError as error:
            self.close()
            raise MailboxUnavailableError(f"{self._path} cannot be read: {error}") from error
        file = (found.st_dev, found.st_ino)
        if self._connection is None or file != self._file:
            self.close()
            self._connection = self._opened()
            self._file = file
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        connection = disk.connect(self._path, is_reader=True)
        try:
            connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            schema.check_readable(connection, self._path)
        except BaseException:
            connection.close()
            raise
        return connection


Value = TypeVar("Value")


def _batches(values: Sequence[Value]) -> Iterable[Sequence[Value]]:
    return (values[begin : begin + _AT_ONCE] for begin in range(0, len(values), _AT_ONCE))


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
