"""The files of a mailbox: private from their first byte, and set aside rather than deleted."""

import os
import sqlite3
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from meshbot_core.errors import (
    MailboxError,
    MailboxUnavailableError,
    UnsupportedPlatformError,
)
from meshbot_core.mesh.files import make_private_folder
from meshbot_core.mesh.machine import is_network_filesystem

_SIDES: Final = ("-wal", "-shm")
_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PASSING: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL})
BUSY_TIMEOUT_S: Final = 2.0
"""How long we wait for another program that holds the file."""


def prepare(path: Path) -> None:
    """Make the file, and the folders above it, for this user alone.

    SQLite gives -wal and -shm the mode of the file itself, whatever the umask is.

    Raises:
        UnsupportedPlatformError: The folder is on a network file system, which WAL cannot use.
        StorageError: The folder cannot be made.
        MailboxUnavailableError: The file cannot be made or is not ours.
    """
    try:
        make_private_folder(path.parent)
        if is_network_filesystem(path.parent):
            raise UnsupportedPlatformError(
                f"{path.parent} is on a network file system, where a mailbox is not safe",
                hint="set MESHBOT_HOME to a folder on a local disk",
            )
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.close(descriptor)
        for name in (path, *_sides(path)):
            _make_private(name)
    except OSError as error:
        raise MailboxUnavailableError(f"{path} cannot be used: {error.strerror}") from error


def _make_private(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_IMODE(found.st_mode) & 0o077:
        path.chmod(0o600)


def _sides(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + side) for side in _SIDES)


def connect(path: Path, *, is_reader: bool) -> sqlite3.Connection:
    """A connection for one thread; transactions are begun by hand.

    Raises:
        sqlite3.Error: The file cannot be opened.
    """
    mode = "ro" if is_reader else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        cached_statements=256,
        check_same_thread=False,
    )
    connection.execute("PRAGMA temp_store = MEMORY")
    connection.execute("PRAGMA mmap_size = 0")
    return connection


def drop_orphans(path: Path) -> None:
    """Move away a -wal or -shm whose file is gone: SQLite would play it into a new one."""
    if not path.exists() or not path.stat().st_size:
        stamp = _stamp()
        for side in _sides(path):
            if side.exists() and side.stat().st_size:
                side.rename(side.with_name(f"{side.name}.orphan-{stamp}"))


def set_aside(path: Path, why: str) -> Path:
    """Rename the file with its -wal and -shm; return the new name.

    No connection may be open. The file goes first: what is left behind by a crash in between
    is an orphan, which ``drop_orphans`` knows.
    """
    stamp = _stamp()
    target = path.with_name(f"{path.stem}.{why}-{stamp}{path.suffix}")
    number = 1
    while target.exists():
        number += 1
        target = path.with_name(f"{path.stem}.{why}-{stamp}-{number}{path.suffix}")
    path.rename(target)
    for side, new_side in zip(_sides(path), _sides(target), strict=True):
        if side.exists():
            side.rename(new_side)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return target


def remove(path: Path) -> None:
    """Delete a file that can be made anew, with its journal; no connection may be open.

    Raises:
        OSError: It cannot be deleted.
    """
    for name in (path.with_name(f"{path.name}-journal"), path):
        name.unlink(missing_ok=True)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether this error says that the file itself is broken."""
    # Every text was UTF-8 when it was written; Python's own finding has no code.
    return _primary_code(error) in _DAMAGE or "Could not decode to UTF-8" in str(error)


def is_passing(error: sqlite3.Error) -> bool:
    """Whether the connection is sound: the disk is full, or another program holds the file."""
    return _primary_code(error) in _PASSING


def _primary_code(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def translated(error: sqlite3.Error) -> MailboxError:
    """The error of ours for one of SQLite's."""
    hints = {
        sqlite3.SQLITE_FULL: "free space on the disk",
        sqlite3.SQLITE_BUSY: "another program holds the mailbox; close it",
        sqlite3.SQLITE_READONLY: "make the mailbox and its folder writable",
    }
    hint = hints.get(_primary_code(error), "")
    return MailboxUnavailableError(f"the mailbox cannot be used: {error}", hint=hint)


def quick_check(connection: sqlite3.Connection) -> str:
    """What is wrong with the file, one line; empty when it is sound.

    Raises:
        sqlite3.Error: It could not be looked through, or is too broken for that.
    """
    rows = connection.execute("PRAGMA quick_check(1)").fetchall()
    text = str(rows[0][0]) if rows else "ok"
    return "" if text == "ok" else text.splitlines()[-1]
