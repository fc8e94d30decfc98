"""The journals of this machine's agents, merged: one message between two of them is one row.

They are read beside the hosts, from the files, so that what stopped agents left is there too.
A message stands where its sender's journal has it; if its sender is elsewhere, or has forgotten
it, where its receiver's has it.
"""

import asyncio
import contextlib
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.browsing import Leaf, MailboxBrowser, Place
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.model.journal import JournalIndex, Key, MessageRow, Stand

SEARCH_LIMIT_S: Final = 1.0
_PAGE: Final = 5_000
_ALL: Final = 1_000_000
_FEW: Final = 200
_MOST_LINKS: Final = 200
_READ: Final = {"new": "new", "leased": "shown", "done": "read"}

Result = TypeVar("Result")


@dataclass(slots=True)
class _Journal:
    """One agent's: how far it was read, and where it began then."""

    agent: str
    browser: MailboxBrowser
    first: int = 0
    last: int = 0


@dataclass(slots=True)
class _Merged:
    """All journals as one list, kept in order as more is read.

    A message that came is known by its id and its sender, as a hash: there may be very many.
    """

    order: list[Stand] = field(default_factory=list)
    times: dict[Key, int] = field(default_factory=dict)
    _sent: set[int] = field(default_factory=set)
    _came: dict[int, Stand] = field(default_factory=dict)

    def add(self, agent: str, places: Sequence[Place]) -> None:
        """More of an agent's journal."""
        fresh: list[Stand] = []
        for place in places:
            if (stand := self._taken(agent, place)) is not None:
                fresh.append(stand)
                self.times[stand.key] = stand.at_ms
        if len(fresh) > _FEW:
            self.order += fresh
            self.order.sort()
        else:
            for stand in fresh:
                insort(self.order, stand)

    def _taken(self, agent: str, place: Place) -> Stand | None:
        """Where a message stands; None: its sender's journal has it already."""
        is_out = place.direction == "out"
        sender, to = (agent, place.peer) if is_out else (place.peer, agent)
        stand = Stand(place.at_ms, agent, place.seq, sender, to, place.kind)
        mark = hash((place.id, sender))
        if is_out:
            self._sent.add(mark)
            if (other := self._came.pop(mark, None)) is not None:
                self._remove(other)
        elif mark in self._sent:
            return None
        else:
            self._came[mark] = stand
        return stand

    def _remove(self, stand: Stand) -> None:
        place = bisect_left(self.order, stand)
        if place < len(self.order) and self.order[place] == stand:
            del self.order[place]
        self.times.pop(stand.key, None)


class Journals:
    """Reads in a thread of its own, and changes nothing; made by ``opened``."""

    def __init__(self, mesh: MeshPaths, agents: Iterable[str], thread: ThreadPoolExecutor) -> None:
        self._mesh = mesh
        self._thread = thread
        self._journals: dict[str, _Journal] = {}
        self._merged = _Merged()
        for agent in agents:
            self._journal(agent)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(cls, mesh: MeshPaths, agents: Iterable[str]) -> AsyncIterator["Journals"]:
        """The journals of these agents; others come with their first change."""
        with ThreadPoolExecutor(1, thread_name_prefix="journals") as thread:
            journals = cls(mesh, agents, thread)
            try:
                yield journals
            finally:
                await journals._in_thread(journals._close)

    async def newest(self) -> JournalIndex:
        """Where the newest of each journal stand: at once, however many there are."""
        return await self._in_thread(self._newest)

    async def index(self) -> JournalIndex:
        """Where all of them stand."""
        # In pieces, so that whoever looks at messages meanwhile gets in between.
        for agent in tuple(self._journals):
            while await self._in_thread(partial(self._read_piece, agent)):
                pass
        return await self._in_thread(lambda: self._read(tuple(self._journals)))

    async def changed(self, agents: Iterable[str]) -> JournalIndex:
        """The same, once what these agents' journals have more was read."""
        wanted = tuple(agents)
        return await self._in_thread(lambda: self._read(wanted))

    async def rows(self, keys: Sequence[Key]) -> tuple[MessageRow, ...]:
        """These messages, as far as they are still there."""
        return await self._in_thread(lambda: self._rows(keys))

    async def whole(self, key: Key) -> str:
        """A message's whole text; empty when it is gone."""
        agent, seq = key
        return await self._in_thread(lambda: _quiet(self._journal(agent).browser.whole, seq) or "")

    async def thread(self, message_id: str) -> tuple[MessageRow, ...]:
        """All that is connected with a message by answers, oldest first."""
        return await self._in_thread(lambda: self._linked(message_id))

    async def search(self, text: str) -> frozenset[Key]:
        """The messages with ``text`` in them; within ``SEARCH_LIMIT_S``, newest first."""
        return await self._in_thread(lambda: self._found(text))

    # -- in the thread

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _journal(self, agent: str) -> _Journal:
        if agent not in self._journals:
            browser = MailboxBrowser(self._mesh.agent(agent).mailbox)
            self._journals[agent] = _Journal(agent, browser)
        return self._journals[agent]

    def _close(self) -> None:
        for journal in self._journals.values():
            journal.browser.close()

    def _newest(self) -> JournalIndex:
        merged = _Merged()
        for journal in self._journals.values():
            with contextlib.suppress(MailboxError):
                _, last = journal.browser.span()
                merged.add(journal.agent, journal.browser.places(last - _FEW, _FEW))
        return JournalIndex(tuple(merged.order), merged.times)

    def _read(self, agents: Iterable[str]) -> JournalIndex:
        if any(self._has_shrunk(self._journal(agent)) for agent in agents):
            # What a journal has lost may stand in another one: begin anew with all of them.
            self._merged = _Merged()
            agents = tuple(self._journals)
        for agent in agents:
            # What cannot be read now was read before, or is told by its host's watch.
            with contextlib.suppress(MailboxError):
                self._read_on(self._journal(agent))
        return JournalIndex(tuple(self._merged.order), self._merged.times)

    def _read_piece(self, agent: str) -> bool:
        """Read on in a journal; whether there may be more."""
        try:
            return self._read_on(self._journal(agent), pieces=1)
        except MailboxError:
            return False

    def _has_shrunk(self, journal: _Journal) -> bool:
        try:
            first, last = journal.browser.span()
        except MailboxError:
            return False
        has_shrunk = bool(journal.last) and (first > journal.first or last < journal.last)
        if not journal.last:
            journal.first = first
        if has_shrunk:
            for each in self._journals.values():
                each.first = each.last = 0
        return has_shrunk

    def _read_on(self, journal: _Journal, *, pieces: int = _ALL) -> bool:
        """Read so many pieces; whether there may be more."""
        if not journal.last:
            journal.first, _ = journal.browser.span()
        for _ in range(pieces):
            places = journal.browser.places(journal.last, _PAGE)
            if not places:
                return False
            self._merged.add(journal.agent, places)
            journal.last = places[-1].seq
        return True

    def _rows(self, keys: Iterable[Key]) -> tuple[MessageRow, ...]:
        wanted: defaultdict[str, list[int]] = defaultdict(list)
        for agent, seq in keys:
            wanted[agent].append(seq)
        found = {
            agent: _quiet(self._journal(agent).browser.leaves, seqs) or ()
            for agent, seqs in wanted.items()
        }
        return self._as_rows(found)

    def _as_rows(self, found: dict[str, tuple[Leaf, ...]]) -> tuple[MessageRow, ...]:
        """Leaves of journals as rows, with what their local receivers did with them."""
        asked: defaultdict[str, list[str]] = defaultdict(list)
        for leaves in found.values():
            for leaf in leaves:
                if leaf.entry.direction == "out" and leaf.entry.peer in self._journals:
                    asked[leaf.entry.peer].append(leaf.entry.id)
        states = {
            agent: _quiet(self._journal(agent).browser.received, ids) or {}
            for agent, ids in asked.items()
        }
        return tuple(
            _row(agent, leaf, states.get(leaf.entry.peer, {}).get((leaf.entry.id, agent), ""))
            for agent, leaves in found.items()
            for leaf in leaves
        )

    def _linked(self, message_id: str) -> tuple[MessageRow, ...]:
        ids, known = {message_id}, set[str]()
        found: dict[Key, MessageRow] = {}
        while ids != known and len(ids) < _MOST_LINKS:
            known = set(ids)
            leaves = {
                agent: _quiet(journal.browser.connected, known) or ()
                for agent, journal in self._journals.items()
            }
            found = {row.key: row for row in self._as_rows(leaves)}
            ids |= {row.id for row in found.values()}
            ids |= {row.reply_to for row in found.values() if row.reply_to}
        once: dict[tuple[str, str], MessageRow] = {}
        for row in sorted(found.values(), key=lambda row: row.state == "received"):
            once.setdefault((row.id, row.to), row)
        return tuple(sorted(once.values(), key=lambda row: (row.at_ms, row.key)))

    def _found(self, text: str) -> frozenset[Key]:
        share_s = SEARCH_LIMIT_S / max(1, len(self._journals))
        return frozenset(
            (agent, seq)
            for agent, journal in self._journals.items()
            for seq in _found_in(journal, text, share_s)
        )


def _found_in(journal: _Journal, text: str, limit_s: float) -> tuple[int, ...]:
    try:
        return journal.browser.find(text, limit_s=limit_s)
    except MailboxError:
        return ()


Asked = TypeVar("Asked")


def _quiet(question: Callable[[Asked], Result], value: Asked) -> Result | None:
    """The answer, or None of a mailbox that cannot be read now."""
    try:
        return question(value)
    except MailboxError:
        return None


def _row(agent: str, leaf: Leaf, receiver_state: str) -> MessageRow:
    entry = leaf.entry
    is_out = entry.direction == "out"
    state = receiver_state if is_out else entry.state
    return MessageRow(
        key=(agent, entry.seq),
        id=entry.id,
        sender=agent if is_out else entry.peer,
        to=entry.peer if is_out else agent,
        kind=entry.kind,
        text=entry.payload,
        size=leaf.size,
        at_ms=entry.at_ms,
        reply_to=entry.reply_to,
        state=entry.state if is_out else "received",
        read_state=_READ.get(state, ""),
        ask_state=entry.ask_state or "",
        error=entry.last_error or "",
    )
