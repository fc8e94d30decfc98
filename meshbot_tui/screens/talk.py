"""The messages pane and the journals it shows."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_tui.connections.journals import Journals
from meshbot_tui.model.filters import Filter, parsed
from meshbot_tui.model.journal import JournalIndex, Key, MessageRow
from meshbot_tui.screens.feeds import Starter
from meshbot_tui.widgets.messages import MessagesPane

_AT_MOST_S: Final = 0.1
"""Ten times a second the list follows what comes in."""
_TYPING_S: Final = 0.03
_FIRST_S: Final = 1.0
_AGAIN_S: Final = 2.0
"""What could not be read is tried again."""


@dataclass(slots=True)
class Talk:
    """Keeps the pane's list up with the journals, as long as ``run`` runs.

    ``start`` runs something for as long as the app lives.
    """

    pane: MessagesPane
    journals: Journals
    start: Starter
    _filter: Filter = field(default_factory=Filter)
    _all: JournalIndex | None = None
    _changed: set[str] = field(default_factory=set)
    _forgotten: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _looking: int = 0

    async def run(self, line: str) -> None:
        """Show everything, or what the filter ``line`` lets through, until cancelled."""
        self._filter = parsed(line)
        self.pane.filter_line.value = line
        self._all = await self.journals.newest()
        await self._look(self._looking)
        # The rest is read once the console stands.
        await asyncio.sleep(_FIRST_S)
        self._all = await self.journals.index()
        await self._look(self._looking)
        while True:
            await self._follow()
            await asyncio.sleep(_AT_MOST_S)

    def changed(self, agent: str) -> None:
        """This agent's messages changed."""
        self._changed.add(agent)
        self._news.set()

    def forgotten(self, agent: str) -> None:
        """This agent is of this machine no more."""
        self._forgotten.add(agent)
        self._news.set()

    def narrow(self, wanted: Filter) -> None:
        """Show other messages."""
        self._filter = wanted
        self._looking += 1
        self.start(partial(self._look, self._looking))

    async def fill(self, keys: tuple[Key, ...]) -> None:
        """Rows that came into view."""
        with contextlib.suppress(MailboxError):
            self.pane.list.fill(await self.journals.rows(keys))

    async def whole(self, row: MessageRow) -> tuple[str, tuple[MessageRow, ...]]:
        """A message's whole text, and its thread.

        Raises:
            MailboxError: The journals are closed.
        """
        return await self.journals.whole(row.key), await self.thread(row.id)

    async def thread(self, message_id: str) -> tuple[MessageRow, ...]:
        """All that is connected with a message by answers, oldest first.

        Raises:
            MailboxError: The journals are closed.
        """
        return await self.journals.thread(message_id)

    async def _follow(self) -> None:
        """Show what has changed, once something has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_AGAIN_S if self.journals.troubled else None):
                await self._news.wait()
        self._news.clear()
        gone, self._forgotten = self._forgotten, set()
        agents, self._changed = (self._changed | self.journals.troubled) - gone, set()
        for agent in sorted(gone):
            self._all = await self.journals.remove_agent(agent)
        self.pane.list.drop(gone)
        if agents:
            self._all = await self.journals.changed(sorted(agents))
        await self._look(self._looking)
        self.pane.list.forget(agents | gone)

    async def _look(self, number: int) -> None:
        """Show what the filter lets through, unless it changed meanwhile."""
        if (everything := self._all) is None:
            return
        wanted = self._filter
        keys: frozenset[Key] | None = None
        if wanted.text:
            await asyncio.sleep(_TYPING_S)
            if number != self._looking:
                return
            try:
                keys = await self.journals.search(wanted.text)
            except MailboxError:
                return
        if number != self._looking:
            return
        index = everything
        if not wanted.is_empty:
            index = everything.filtered(
                agent=wanted.agent, pair=wanted.pair, kind=wanted.kind, keys=keys
            )
        self.pane.show(index, len(everything))
