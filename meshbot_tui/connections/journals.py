"""The journals of this machine's agents, merged: one message between two of them is one row.

They are read beside the hosts, from the files, so that what stopped agents left is there too.
A message stands where its sender's journal has it; if its sender is elsewhere, or has forgotten
it, where its receiver's has it.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from meshbot_core.errors import MailboxError, MailboxUnavailableError
from meshbot_core.mailbox.browsing import Leaf, MailboxBrowser
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.rows import row_of
from meshbot_tui.connections.searching import Search
from meshbot_tui.model.journal import JournalIndex, Key, MessageRow
from meshbot_tui.model.merging import Merged

_PAGE: Final = 5_000
_NEWEST: Final = 200
_MOST_LINKS: Final = 200
_SHARE: Final = 50
"""Of so much time, one part may be spent on counting rows."""
_QUICK_S: Final = 0.005

Result = TypeVar("Result")
Noticed = Callable[[str, str], None]
"""Takes an agent, and what is wrong with its mailbox."""


@dataclass(slots=True)
class _Journal:
    """One agent's: who reads it, and which file was read."""

    agent: str
    browser: MailboxBrowser
    file: tuple[int, int] = (0, 0)
    problem: str = ""
    count_at_s: float = 0.0


class Journals:
    """Reads in a thread of its own, searches in others, changes nothing; made by ``opened``."""

    def __init__(
        self,
        mesh: MeshPaths,
        agents: Iterable[str],
        thread: ThreadPoolExecutor,
        search: Search,
        noticed: Noticed,
    ) -> None:
        self._mesh = mesh
        self._thread = thread
        self._search = search
        self._noticed = noticed
        self._loop = asyncio.get_running_loop()
        self._journals: dict[str, _Journal] = {}
        self._merged = Merged()
        self._is_closed = False
        for agent in agents:
            self.add_agent(agent)

    @classmethod
    @contextlib.asynccontextmanager
    async def opened(
        cls, mesh: MeshPaths, agents: Iterable[str], *, noticed: Noticed = lambda agent, text: None
    ) -> AsyncIterator["Journals"]:
        """The journals of these agents; others come with their first change.

        ``noticed`` is told, in the loop, of a mailbox that cannot be read, once for each reason.
        """
        with (
            ThreadPoolExecutor(1, thread_name_prefix="journals") as thread,
            Search.opened() as search,
        ):
            journals = cls(mesh, agents, thread, search, noticed)
            try:
                yield journals
            finally:
                journals._is_closed = True
                await journals._loop.run_in_executor(thread, journals._close)

    def add_agent(self, agent: str) -> None:
        """An agent is of this machine; its journal is read with the next change."""
        if agent not in self._journals:
            path = self._mesh.agent(agent).mailbox
            self._journals = {**self._journals, agent: _Journal(agent, MailboxBrowser(path))}
            self._search.add(agent, path)

    async def remove_agent(self, agent: str) -> JournalIndex:
        """An agent is of this machine no more, and what only it had is not shown any more."""
        journals = dict(self._journals)
        journal = journals.pop(agent, None)
        self._journals = journals
        self._search.remove(agent)
        return await self._in_thread(lambda: self._without(agent, journal))

    @property
    def troubled(self) -> frozenset[str]:
        """The agents whose journals could not be read the last time."""
        return frozenset(name for name, journal in self._journals.items() if journal.problem)

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
        for agent in wanted:
            self.add_agent(agent)
        return await self._in_thread(lambda: self._read(wanted))

    async def rows(self, keys: Iterable[Key]) -> tuple[MessageRow, ...]:
        """These messages as lines, those that are still there; in no order."""
        wanted = tuple(keys)
        return await self._in_thread(lambda: self._rows(wanted))

    async def whole(self, key: Key) -> str:
        """A message's whole text; empty when it is gone."""
        agent, seq = key
        if (journal := self._journals.get(agent)) is None:
            return ""
        return await self._in_thread(lambda: _quiet(journal.browser.whole, seq) or "")

    async def thread(self, message_id: str) -> tuple[MessageRow, ...]:
        """All that is connected with a message by answers, oldest first."""
        return await self._in_thread(lambda: self._linked(message_id))

    async def search(self, text: str) -> frozenset[Key]:
        """The messages with ``text`` in them; those that are found soon."""
        self._ensure_open()
        return await self._search.find(text)

    # -- in the thread

    def _ensure_open(self) -> None:
        if self._is_closed:
            raise MailboxUnavailableError("the journals are closed")

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        self._ensure_open()
        return await self._loop.run_in_executor(self._thread, work)

    def _close(self) -> None:
        for journal in self._journals.values():
            journal.browser.close()

    def _without(self, agent: str, journal: _Journal | None) -> JournalIndex:
        if journal is not None:
            journal.browser.close()
        self._merged.close(agent)
        return self._merged.index()

    def _newest(self) -> JournalIndex:
        merged = Merged()
        for journal in self._journals.values():
            merged.open(journal.agent)
            with contextlib.suppress(MailboxError):
                merged.add(journal.agent, journal.browser.newest(_NEWEST))
        return merged.index()

    def _read(self, agents: Iterable[str]) -> JournalIndex:
        for agent in self._journals:
            self._merged.open(agent)
        for agent in agents:
            while self._read_piece(agent):
                pass
        return self._merged.index()

    def _read_piece(self, agent: str) -> bool:
        """Read on in a journal; whether there may be more."""
        journal = self._journals.get(agent)
        if journal is None:
            return False
        try:
            return self._read_on(journal)
        except MailboxError as error:
            # What was read before stays; a file that was never made is nothing wrong.
            if journal.browser.exists():
                self._tell(journal, str(error))
            return False

    def _read_on(self, journal: _Journal) -> bool:
        agent = journal.agent
        places = journal.browser.places(self._merged.last(agent), _PAGE)
        is_another = journal.browser.file != journal.file
        journal.file = journal.browser.file
        if is_another and self._merged.count(agent):
            self._merged.drop(agent)
            return True
        self._merged.add(agent, places)
        journal.problem = ""
        if len(places) < _PAGE:
            self._forget_removed(journal)
        return len(places) == _PAGE

    def _forget_removed(self, journal: _Journal) -> None:
        """Count, at times, whether rows were removed, and find out which."""
        began_s = time.monotonic()
        if began_s < journal.count_at_s:
            return
        last = self._merged.last(journal.agent)
        if journal.browser.rows_upto(last) < self._merged.count(journal.agent):
            there = journal.browser.seqs(last)
            self._merged.remove(journal.agent, self._merged.seqs(journal.agent) - there)
        took_s = time.monotonic() - began_s
        journal.count_at_s = began_s + _SHARE * took_s if took_s > _QUICK_S else 0.0

    def _tell(self, journal: _Journal, problem: str) -> None:
        if problem != journal.problem:
            journal.problem = problem
            self._loop.call_soon_threadsafe(self._noticed, journal.agent, problem)

    def _rows(self, keys: Iterable[Key]) -> tuple[MessageRow, ...]:
        wanted: defaultdict[str, list[int]] = defaultdict(list)
        for agent, seq in keys:
            wanted[agent].append(seq)
        journals = self._journals  # which the loop may replace meanwhile
        found = {
            agent: _quiet(journals[agent].browser.leaves, seqs) or ()
            for agent, seqs in wanted.items()
            if agent in journals
        }
        return self._as_rows(found)

    def _as_rows(self, found: dict[str, tuple[Leaf, ...]]) -> tuple[MessageRow, ...]:
        """Leaves of journals as rows, with what their local receivers did with them."""
        journals = self._journals
        asked: defaultdict[str, list[str]] = defaultdict(list)
        for leaves in found.values():
            for leaf in leaves:
                if leaf.entry.direction == "out" and leaf.entry.peer in journals:
                    asked[leaf.entry.peer].append(leaf.entry.id)
        states = {
            agent: _quiet(journals[agent].browser.received, ids) or {}
            for agent, ids in asked.items()
        }
        return tuple(
            row_of(agent, leaf, states.get(leaf.entry.peer, {}).get((leaf.entry.id, agent), ""))
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


Asked = TypeVar("Asked")


def _quiet(question: Callable[[Asked], Result], value: Asked) -> Result | None:
    """The answer, or None of a mailbox that cannot be read now."""
    try:
        return question(value)
    except MailboxError:
        return None
