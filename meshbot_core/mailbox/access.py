"""A mailbox's file for one event loop: its two threads, and what it says of itself."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Self, TypeVar, cast

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox.checkup import Checkup
from meshbot_core.mailbox.indexing import Indexer
from meshbot_core.mailbox.ledger import Ledger
from meshbot_core.mailbox.reading import Question, Reading
from meshbot_core.mailbox.records import MailboxCounts, MailboxLimits
from meshbot_core.mailbox.store import Damage, Owner, Store, Work
from meshbot_core.mailbox.threads import Worker
from meshbot_core.types import Clock

T = TypeVar("T")


class Access:
    """What every operation of a mailbox goes through."""

    def __init__(
        self,
        path: Path,
        owner: Owner,
        clock: Clock,
        limits: MailboxLimits,
        on_notice: Callable[[str], None] | None,
    ) -> None:
        self.clock = clock
        self._path = path
        self._notices: list[str] = []
        self._on_notice = on_notice
        self._loop = asyncio.get_running_loop()
        self._indexer = Indexer(path)
        self._store = Store(
            path, owner, clock, limits, self._notice_from_thread, committed=self._indexer.poke
        )
        self._writer: Worker[Work] = Worker("mailbox-writer", self._store)
        reading = Reading(path, self._store, self._damage_from_thread)
        self._checkup = Checkup(path, partial(self._damage_from_thread, epoch=0))
        self._reader: Worker[Question] = Worker("mailbox-reader", reading)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        path: Path,
        *,
        agent: str,
        machine_id: str,
        clock: Clock,
        limits: MailboxLimits = MailboxLimits(),  # noqa: B008 -- frozen, so safely shared
        on_notice: Callable[[str], None] | None = None,
    ) -> AsyncIterator[Self]:
        """Open or make the mailbox at ``path``; closes it when the block ends.

        A file of another machine, or one that is damaged, is set aside and a new one started;
        ``notices`` and ``on_notice`` (called in the loop) say so.

        Raises:
            MailboxSchemaError: It is of a newer meshbot; it was not touched.
            MailboxUnavailableError: It cannot be opened now.
            UnsupportedPlatformError: It is on a network file system.
        """
        mailbox = cls(path, Owner(agent, machine_id), clock, limits, on_notice)
        await mailbox._writer.start()
        try:
            await mailbox._reader.start()
            if mailbox._store.was_unclean:
                mailbox._checkup.start()
            mailbox._indexer.start()
            yield mailbox
        finally:
            await mailbox._close()

    async def _close(self) -> None:
        self._checkup.stop()
        self._indexer.stop()
        try:
            await self._reader.close()
        finally:
            await self._writer.close()

    # -- what it says of itself

    @property
    def counts(self) -> MailboxCounts:
        """How much lies where, as of the last commit; no I/O."""
        return self._store.counts

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know: files set aside, messages taken over; oldest first."""
        return tuple(self._notices)

    def notice(self, text: str) -> None:
        """Add a line to ``notices``."""
        self._notices.append(text)
        if self._on_notice is not None:
            self._on_notice(text)

    # -- the threads

    async def _write(self, operation: Callable[[Ledger], T], *, weight: int = 0) -> T:
        return cast(T, await self._writer.submit(operation, weight=weight))

    async def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return cast(T, await self._reader.submit(question))

    def _notice_from_thread(self, text: str) -> None:
        self._from_thread(self.notice, text)

    def _damage_from_thread(self, reason: str, epoch: int) -> None:
        self._from_thread(self._report, Damage(reason, epoch))

    def _from_thread(self, call: Callable[[T], None], argument: T) -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody is left to hear it.
            self._loop.call_soon_threadsafe(call, argument)

    def _report(self, damage: Damage) -> None:
        with suppress(MailboxUnavailableError):  # Closed meanwhile: the next opening sees it.
            self._writer.submit(damage).add_done_callback(_hear)


def _hear(future: "asyncio.Future[object]") -> None:
    """Take note of an outcome that nobody waits for."""
    if not future.cancelled():
        future.exception()
