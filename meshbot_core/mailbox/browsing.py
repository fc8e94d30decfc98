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
_CACHE_KIB: Final = 256
"""There may be many browsers, and the system keeps the pages anyway."""
_STRETCH: Final = 50_000
SEARCH_LIMIT_S: Final = 1.0
"""As long as a person waits for what a search finds."""
_BUSY_MS: Final = 200
"""A person waits too for a file that another program holds; the others are to be shown."""
_ROW: Final = (
    "SELECT seq, direction, id, peer, kind, substr(payload, 1, 500), reply_to, at_ms, state,"
    " ask_state, attempts, last_error, finished_at_ms, size FROM messages WHERE "
)


Place = tuple[int, str, str, str, str, int]
"""Seq, ``in`` or ``out``, id, peer, kind and time of a message."""


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
        self._file = (0, 0)
        self._finder = Finder(path)

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._finder.close()

    @property
    def file(self) -> tuple[int, int]:
        """Which file the last answer was from."""
        return self._file

    def exists(self) -> bool:
        """Whether there is a file; an agent that never ran has none."""
        return os.path.lexists(self._path)

    def rows_upto(self, place: int) -> int:
        """How many rows there are up to a place; they are counted."""
        with self._open() as connection:
            (rows,) = connection.execute(
                "SELECT (SELECT count(*) FROM messages)"
                " - (SELECT count(*) FROM messages WHERE seq > ?)",
                (place,),
            ).fetchone()
        return int(rows)

    def places(self, after: int, limit: int) -> list[Place]:
        """The next places behind ``after``, in order."""
        with self._open() as connection:
            return connection.execute(
                "SELECT seq, direction, id, peer, kind, at_ms FROM messages WHERE seq > ?"
                " ORDER BY seq LIMIT ?",
                (after, limit),
            ).fetchall()

    def newest(self, limit: int) -> list[Place]:
        """The last places, in order."""
        with self._open() as connection:
            return connection.execute(
                "SELECT seq, direction, id, peer, kind, at_ms FROM messages"
                " ORDER BY seq DESC LIMIT ?",
                (limit,),
            ).fetchall()[::-1]

    def seqs(self, upto: int) -> frozenset[int]:
        """All places up to one, in short reads."""
        found: set[int] = set()
        for start in range(0, upto, _STRETCH):
            with self._open() as connection:
                rows = connection.execute(
                    "SELECT seq FROM messages WHERE seq > ? AND seq <= ?",
                    (start, min(upto, start + _STRETCH)),
                )
                found.update(seq for (seq,) in rows)
        return frozenset(found)

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
        """The messages that have one of these ids, or answer one.

        What came in is looked at only behind what was sent: answers come later, and those of
        agents of this machine stand in their own mailboxes too.
        """
        wanted = list(ids)
        found = {leaf.entry.seq: leaf for leaf in self._leaves("id", wanted)}
        sent = "direction = 'out' AND reply_to IS NOT NULL AND reply_to"
        found |= {leaf.entry.seq: leaf for leaf in self._leaves(sent, wanted)}
        asked = [seq for seq, leaf in found.items() if leaf.entry.direction == "out"]
        if asked:
            came = f"seq > {min(asked)} AND direction = 'in' AND reply_to"
            found |= {leaf.entry.seq: leaf for leaf in self._leaves(came, wanted)}
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

    def _leaves(self, condition: str, values: Sequence[int | str]) -> tuple[Leaf, ...]:
        leaves: list[Leaf] = []
        for some in _batches(values):
            with self._open() as connection:
                question = f"{_ROW}{condition} IN ({_marks(some)}) ORDER BY seq"
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
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
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
