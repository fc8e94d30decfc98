"""Looking for damage after an unclean end, beside the work: it takes a second a 100 MB."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from meshbot_core.mailbox import disk


class Checkup:
    """One ``quick_check`` in a thread and on a connection of its own.

    ``found`` is called in that thread, with what is wrong, and only when something is.
    """

    def __init__(self, path: Path, found: Callable[[str], None]) -> None:
        self._path = path
        self._found = found
        self._connection: sqlite3.Connection | None = None
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailbox-checkup", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Give up what is not finished; does nothing when it was never started."""
        self._is_stopped.set()
        while self._thread.is_alive():
            connection = self._connection
            if connection is not None:
                connection.interrupt()
            self._thread.join(timeout=0.05)

    def _run(self) -> None:
        try:
            with closing(disk.connect(self._path, is_reader=True)) as connection:
                self._connection = connection
                wrong = "" if self._is_stopped.is_set() else disk.quick_check(connection)
                self._connection = None
        except sqlite3.Error as error:
            wrong = str(error) if disk.is_damage(error) else ""
        if wrong:
            self._found(wrong)
