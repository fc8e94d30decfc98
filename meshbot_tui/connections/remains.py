"""What is there of an agent whose host says nothing: its mailbox, a session that could go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mesh.paths import AgentPaths

_PATIENCE_S: Final = 0.2

_Mark = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Remains:
    """``unread`` wait for the agent, ``queued`` for each peer; ``is_left``: a session does too."""

    unread: int = 0
    queued: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    is_left: bool = False


@dataclass(slots=True)
class Looker:
    """Looks again and again, and reads only what has changed; blocks."""

    agent: AgentPaths
    _mark: _Mark | None = None
    _last: Remains = Remains()

    def look(self) -> Remains:
        """What is there now; of a mailbox that cannot be read, what was there before."""
        is_left = self.agent.session_json.exists()
        found = self._last
        if self._mark is None or self._mark != _mark_of(self.agent.mailbox):
            found = self._read()
        self._last = Remains(found.unread, found.queued, is_left)
        return self._last

    def _read(self) -> Remains:
        try:
            with MailboxReader.opened(self.agent.mailbox, patience_s=_PATIENCE_S) as reader:
                counts, queued = reader.counts(), reader.queued_by_peer()
        except MailboxError:
            self._mark = None
            return self._last
        # Reading leaves marks of its own.
        self._mark = _mark_of(self.agent.mailbox)
        return Remains(counts.unread + counts.leased, MappingProxyType(queued))


def _mark_of(mailbox: Path) -> _Mark:
    """Tells whether the file is another or was written since."""
    return tuple(_mark_of_one(path) for path in (mailbox, mailbox.with_name(f"{mailbox.name}-wal")))


def _mark_of_one(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0, 0
    return found.st_ino, found.st_mtime_ns, found.st_size
