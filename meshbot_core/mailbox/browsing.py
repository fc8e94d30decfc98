"""Leafing through a mailbox, again and again, beside the host that writes it.

A browser keeps its connection from one look to the next, and no transaction between them: an
open one would keep the write-ahead log from being taken in.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox import disk, schema
from meshbot_core.mailbox.records import JournalEntry

TEXT_CHARS: Final = 500
"""As much of a text as a list shows."""
_AT_ONCE: Final = 500
"""Values in one question."""
_STEPS: Final = 20_000
"""Instructions of SQLite between two looks at the clock."""
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

    def close(self) -> None:
        """Let go of the file; the next question opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

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

    def find(self, text: str, *, limit_s: float) -> tuple[int, ...]:
        """The places of the messages with ``text`` in them, the newest first.

        It is looked for as it stands, but that a to z are A to Z too; after ``limit_s`` what was
        found by then is all.
        """
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        found: list[int] = []
        with self._open() as connection:
            until = time.monotonic() + limit_s
            connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
            try:
                rows = connection.execute(
                    "SELECT seq FROM messages WHERE payload LIKE ? ESCAPE '\\' ORDER BY seq DESC",
                    (pattern,),
                )
                with contextlib.suppress(sqlite3.OperationalError):  # the time is over
                    found += [int(row[0]) for row in rows]
            finally:
                connection.set_progress_handler(None, 0)
        return tuple(found)

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
            self._connection = disk.connect(self._path, is_reader=True)
            self._file = file
            if schema.known_version_of(self._connection) < 1:
                raise MailboxUnavailableError(f"{self._path} is being made")
        return self._connection


Value = TypeVar("Value")


def _batches(values: Sequence[Value]) -> Iterable[Sequence[Value]]:
    return (values[begin : begin + _AT_ONCE] for begin in range(0, len(values), _AT_ONCE))


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))
