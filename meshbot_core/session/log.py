"""The session's log: one line an event, for people; rotated so that it stays within bounds."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from meshbot_core.claude.reserved import harmless
from meshbot_core.types import Clock

_MAX_BYTES: Final = 1024 * 1024
_MAX_LINE_CHARS: Final = 2000


@dataclass(frozen=True, slots=True)
class SessionLog:
    """A file of mode 600; what cannot be written is dropped, for a log must stop nothing."""

    path: Path
    clock: Clock
    heard: Callable[[str, str], None] = lambda _what, _text: None
    """Told everything that is written, in full."""

    def write(self, what: str, text: str = "") -> None:
        """Append ``TIME what text``; a text of several lines becomes one."""
        self.heard(what, text)
        when = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC)
        stamp = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = " ".join(harmless(text)[:_MAX_LINE_CHARS].split("\n"))
        line = f"{stamp} {what} {said}".rstrip() + "\n"
        try:
            self._rotate()
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            with os.fdopen(os.open(self.path, flags, 0o600), "ab") as file:
                file.write(line.encode())
        except OSError:
            pass  # a full disk is told by the mailbox, which matters

    def _rotate(self) -> None:
        try:
            if self.path.stat().st_size < _MAX_BYTES:
                return
        except FileNotFoundError:
            return
        self.path.replace(self.path.with_suffix(".log.1"))
