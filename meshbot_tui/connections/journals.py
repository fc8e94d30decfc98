"""The journals of this machine's agents, merged: one message between two of them is one row."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mailbox.records import JournalEntry
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.model.journal import JournalIndex, Key, MessageRow, Place

_PAGE: Final = 1000
_TEXT_CHARS: Final = 500
_READ: Final = {"new": "new", "leased": "shown", "done": "read"}


@dataclass(slots=True)
class Journals:
    """Reads them beside the hosts, and changes nothing."""

    mesh: MeshPaths
    _entries: dict[str, dict[int, JournalEntry]] = field(default_factory=dict)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, mesh: MeshPaths, agents: Iterable[str]) -> AsyncIterator["Journals"]:
        """The journals of these agents; others are added as they change."""
        yield cls(mesh, {agent: {} for agent in agents})

    async def index(self) -> JournalIndex:
        """All of them."""
        for agent in tuple(self._entries):
            await asyncio.to_thread(self._read, agent)
        return self._indexed()

    async def changed(self, agent: str) -> JournalIndex:
        """All of them, this agent's read again."""
        await asyncio.to_thread(self._read, agent)
        return self._indexed()

    async def rows(self, keys: Sequence[Key]) -> tuple[MessageRow, ...]:
        """These messages."""
        return tuple(
            self._row(agent, entry)
            for agent, seq in keys
            if (entry := self._entries.get(agent, {}).get(seq)) is not None
        )

    async def whole(self, key: Key) -> str:
        """A message's whole text."""
        entry = self._entries.get(key[0], {}).get(key[1])
        return "" if entry is None else entry.payload

    async def thread(self, message_id: str) -> tuple[MessageRow, ...]:
        """All that is connected with a message by answers."""
        ids = {message_id}
        rows = [row for agent in self._entries for row in self._rows_of(agent)]
        for _ in range(10):
            found = {row.id for row in rows if row.reply_to in ids or row.id in ids}
            found |= {row.reply_to for row in rows if row.id in ids and row.reply_to}
            if found <= ids:
                break
            ids |= found
        return tuple(sorted((row for row in rows if row.id in ids), key=lambda row: row.at_ms))

    async def search(self, text: str) -> frozenset[Key]:
        """The messages with ``text`` in them."""
        wanted = text.casefold()
        return frozenset(
            (agent, entry.seq)
            for agent, entries in self._entries.items()
            for entry in entries.values()
            if wanted in entry.payload.casefold()
        )

    def _read(self, agent: str) -> None:
        found: dict[int, JournalEntry] = {}
        after = 0
        with (
            contextlib.suppress(MailboxError),
            MailboxReader.opened(self.mesh.agent(agent).mailbox) as reader,
        ):
            while entries := reader.journal(after=after, limit=_PAGE):
                found |= {entry.seq: entry for entry in entries}
                after = entries[-1].seq
            self._entries[agent] = found

    def _indexed(self) -> JournalIndex:
        return JournalIndex.of(
            Place(row.key, row.at_ms, row.sender, row.to, row.kind)
            for agent in self._entries
            for row in self._rows_of(agent)
        )

    def _rows_of(self, agent: str) -> list[MessageRow]:
        entries = self._entries.get(agent, {}).values()
        return [self._row(agent, entry) for entry in entries if not self._is_told(agent, entry)]

    def _is_told(self, agent: str, entry: JournalEntry) -> bool:
        """Whether the sender's own journal has this message."""
        if entry.direction == "out" or entry.peer not in self._entries:
            return False
        sent = self._entries[entry.peer].values()
        return any(each.id == entry.id and each.direction == "out" for each in sent)

    def _row(self, agent: str, entry: JournalEntry) -> MessageRow:
        is_out = entry.direction == "out"
        return MessageRow(
            key=(agent, entry.seq),
            id=entry.id,
            sender=agent if is_out else entry.peer,
            to=entry.peer if is_out else agent,
            kind=entry.kind,
            text=entry.payload[:_TEXT_CHARS],
            size=len(entry.payload.encode()),
            at_ms=entry.at_ms,
            reply_to=entry.reply_to,
            state=entry.state if is_out else "received",
            read_state=self._read_state(agent, entry),
            ask_state=entry.ask_state or "",
            error=entry.last_error or "",
        )

    def _read_state(self, agent: str, entry: JournalEntry) -> str:
        if entry.direction == "in":
            return _READ.get(entry.state, "")
        for each in self._entries.get(entry.peer, {}).values():
            if each.id == entry.id and each.direction == "in":
                return _READ.get(each.state, "")
        return ""
