"""Reading a log as it grows, through its change to a new file."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path
from typing import Final, Self

from meshbot_core.errors import StorageError

_READ_BYTES: Final = 256 * 1024


@dataclass(slots=True)
class Followed:
    """A log file and how far it was read; ``.1`` beside it is what it was before."""

    path: Path
    mark: str = ""
    _file: BufferedReader | None = None
    _left: bytes = field(default=b"")

    def __enter__(self) -> Self:
        """Nothing is opened before it is read."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what is open."""
        self._close()

    def last(self, count: int) -> list[str]:
        """The last lines, of the older file too; what comes after them is ``more``."""
        lines = list(self.more())
        if len(lines) < count:
            lines = [*self._older(), *lines]
        return lines[len(lines) - min(count, len(lines)) :]

    def more(self) -> Iterator[str]:
        """The whole lines that were written since, through the change to a new file."""
        while True:
            yield from self._read()
            if not self._was_replaced():
                return
            # Between the last reading and the change more may have been written.
            yield from self._read()
            self._close()

    def _read(self) -> Iterator[str]:
        if self._file is None:
            try:
                self._file = self.path.open("rb")
            except FileNotFoundError:
                return
            except OSError as error:
                raise StorageError(f"{self.path} cannot be read: {error.strerror}") from error
        while data := self._file.read(_READ_BYTES):
            *whole, self._left = (self._left + data).split(b"\n")
            yield from (text.decode(errors="replace") for text in whole)

    def _was_replaced(self) -> bool:
        if self._file is None:
            return False
        try:
            return not os.path.samestat(self.path.stat(), os.fstat(self._file.fileno()))
        except OSError:
            return False

    def _older(self) -> list[str]:
        older = self.path.with_name(f"{self.path.name}.1")
        try:
            return older.read_text(errors="replace").splitlines()
        except OSError:
            return []

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._left = None, b""
