"""Files that are never half written, and secrets that nobody else ever reads."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from meshbot_core.errors import KeyFileError, StorageError

_MAX_SECRET_BYTES = 64 * 1024


def write_atomically(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` at ``path`` in one step, on disk when this returns.

    A reader sees the old or the new contents; the file has ``mode`` from its first byte,
    whatever the umask. A symbolic link is followed, not replaced.

    Raises:
        StorageError: Disk full, no permission and the like; the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        _write_new(draft, data, mode)
        draft.rename(target)
        _sync_folder(target.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error


def make_private_folder(path: Path) -> None:
    """Make a folder that only this user enters, and its parents alike; one there is kept.

    Raises:
        StorageError: It cannot be made.
    """
    try:
        for folder in (*reversed(path.parents), path):
            with suppress(FileExistsError):
                folder.mkdir(mode=0o700)
    except OSError as error:
        raise StorageError(f"{path} cannot be made: {error.strerror}") from error
    if not path.is_dir():
        raise StorageError(f"{path} is not a folder")


def read_secret(path: Path) -> str:
    """Read a small private text file, without the white space around it.

    Raises:
        KeyFileError: Missing, unreadable, of another user, or not text.
    """
    try:
        with path.open("rb") as file:
            owner = os.fstat(file.fileno()).st_uid
            data = file.read(_MAX_SECRET_BYTES)
    except FileNotFoundError as error:
        raise KeyFileError(f"{path}: there is no such file") from error
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({error.strerror})") from error
    if owner not in (os.geteuid(), 0):
        raise KeyFileError(
            f"{path}: belongs to user {owner}, expected {os.geteuid()}",
            hint=f"run as that user, or: chown {os.geteuid()} {path}",
        )
    try:
        return data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise KeyFileError(f"{path}: expected text") from error


def _write_new(path: Path, data: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, mode & 0o700)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
