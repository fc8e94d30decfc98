"""Finding a text in the mailboxes of this machine's agents, several of them at once.

SQLite lets go of the interpreter while it looks, so threads get through more of it.
"""

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.browsing import MailboxBrowser
from meshbot_tui.model.journal import Key

SEARCH_LIMIT_S: Final = 1.0
_LANES: Final = 2


@dataclass(slots=True)
class _Lane:
    """A thread, and the mailboxes that only it looks into."""

    thread: ThreadPoolExecutor
    finders: dict[str, MailboxBrowser] = field(default_factory=dict)
    """Another one with each change: the thread may be going through this one."""

    def found(self, finders: dict[str, MailboxBrowser], text: str) -> frozenset[Key]:
        share_s = SEARCH_LIMIT_S / max(1, len(finders))
        return frozenset(
            (agent, seq)
            for agent, finder in finders.items()
            for seq in _found_in(finder, text, share_s)
        )


class Search:
    """Made by ``opened``; used from the loop."""

    def __init__(self, threads: tuple[ThreadPoolExecutor, ...]) -> None:
        self._lanes = tuple(map(_Lane, threads))

    @classmethod
    @contextlib.contextmanager
    def opened(cls) -> Iterator["Search"]:
        """A search in nothing yet."""
        with contextlib.ExitStack() as stack:
            threads = tuple(
                stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="search"))
                for _ in range(_LANES)
            )
            search = cls(threads)
            try:
                yield search
            finally:
                for agent in [agent for lane in search._lanes for agent in lane.finders]:
                    search.remove(agent)

    def add(self, agent: str, mailbox: Path) -> None:
        """Look into this agent's mailbox too."""
        lane = min(self._lanes, key=lambda lane: len(lane.finders))
        lane.finders = {**lane.finders, agent: MailboxBrowser(mailbox)}

    def remove(self, agent: str) -> None:
        """Look into it no more."""
        for lane in self._lanes:
            finders = dict(lane.finders)
            if (finder := finders.pop(agent, None)) is not None:
                lane.finders = finders
                lane.thread.submit(finder.close)

    async def find(self, text: str) -> frozenset[Key]:
        """The messages with ``text`` in them; those found within ``SEARCH_LIMIT_S``."""
        loop = asyncio.get_running_loop()
        parts = await asyncio.gather(
            *(
                loop.run_in_executor(lane.thread, partial(lane.found, lane.finders, text))
                for lane in self._lanes
            )
        )
        return frozenset().union(*parts)


def _found_in(finder: MailboxBrowser, text: str, limit_s: float) -> tuple[int, ...]:
    """Nothing, of a mailbox that cannot be read now."""
    try:
        return finder.find(text, limit_s=limit_s)
    except MailboxError:
        return ()
