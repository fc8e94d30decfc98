"""Looking on at the hosts of this machine's agents, as they come and go.

An onlooker keeps no host alive and starts none.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.clients.looks import local_agents
from meshbot_core.errors import MailboxError, MeshError
from meshbot_core.host import api
from meshbot_core.host.client import HostClient
from meshbot_core.host.link import Link, new_session
from meshbot_core.host.session_api import ApprovalEvent, SessionEvent
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import host_answers
from meshbot_core.host.unix_http import UnixHttp
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.picture import Presence

LOOK_S: Final = 1.0
_POLL_S: Final = 10.0
_SOON_S: Final = 0.15
_SILENCE_S: Final = 3.0

Sink = Callable[[events.Event], None]


@dataclass(slots=True)
class HostWatch:
    """All hosts of one mesh's agents; ``journal_changed`` is told whose messages changed."""

    mesh: MeshPaths
    sink: Sink
    journal_changed: Callable[[str], None]
    stamps: Stamps = field(default_factory=Stamps)
    _watched: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                names = set(await asyncio.to_thread(local_agents, self.mesh))
                for name in sorted(names - set(self._watched)):
                    self.sink(events.AgentFound(name))
                    watch = OneHost(self, self.mesh.agent(name))
                    self._watched[name] = group.create_task(watch.run())
                for name in sorted(set(self._watched) - names):
                    self._watched.pop(name).cancel()
                    self.sink(events.AgentForgotten(name))
                await asyncio.sleep(LOOK_S)


@dataclass(slots=True)
class OneHost:
    """One agent's host, through all its lives."""

    watch: HostWatch
    agent: AgentPaths
    _refresh: asyncio.Event = field(default_factory=asyncio.Event)
    _last: tuple[Presence, str, int] | None = None
    _counts: tuple[int, int, int, int] | None = None

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                if await asyncio.to_thread(host_answers, self.agent):
                    await self._look_on()
                else:
                    await self._lost("away")
            except MeshError as error:
                await self._lost("hangs", str(error))
            await asyncio.sleep(LOOK_S / 2)

    async def _look_on(self) -> None:
        """From a host's hello until it ends, or says nothing for too long."""
        self._last = None
        with contextlib.closing(UnixHttp(self.agent)) as http:
            link = Link(self.agent, None, http, is_ending=True)
            client = HostClient(link, kind="watch", session=new_session("watch"))
            try:
                async with asyncio.TaskGroup() as group:
                    polling = group.create_task(self._poll(client))
                    async for event in link.events(kind="watch", session=client.session):
                        await self._heard(client, event)
                    polling.cancel()
            except* TimeoutError:
                await self._lost("hangs", f"its host says nothing for {_SILENCE_S:g} s")
            except* MeshError as group_of_one:
                await self._lost("away", str(group_of_one.exceptions[0]))
        if not await asyncio.to_thread(host_answers, self.agent):
            await self._lost("away")

    async def _poll(self, client: HostClient) -> None:
        """Ask how it is, soon after each event and now and then.

        Raises:
            TimeoutError: It takes too long to say.
        """
        while True:
            async with asyncio.timeout(_SILENCE_S):
                status = await client.status()
            self._seen(status)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._refresh.wait()
            # What comes in a row is one reason to ask.
            await asyncio.sleep(_SOON_S)
            self._refresh.clear()

    async def _heard(self, client: HostClient, event: api.HostEvent) -> None:
        sink, name = self.watch.sink, self.agent.agent
        match event:
            case api.Hello(status=status):
                self._counts = None
                self._seen(status)
                for approval in (await SessionClient(client).approvals()).approvals:
                    sink(events.ApprovalRaised(approval))
            case SessionEvent(session=view):
                sink(events.SessionSeen(name, view, self.watch.stamps.next()))
                self._refresh.set()
            case ApprovalEvent(approval=approval, decision=None):
                sink(events.ApprovalRaised(approval))
            case ApprovalEvent(approval=approval):
                sink(events.ApprovalSettled(name, approval.id))
            case api.NoticeEvent(text=text):
                sink(events.Noticed(self.watch.stamps.next(), text, "warning", name))
            case api.MessageEvent() | api.DeliveryEvent() | api.AskEvent():
                self.watch.journal_changed(name)
                self._refresh.set()
            case _:
                pass

    def _seen(self, status: api.HostStatus) -> None:
        self.watch.sink(events.HostSeen(self.agent.agent, status, self.watch.stamps.next()))
        counts = (status.unread, status.leased, status.queued, status.open_asks)
        if counts != self._counts:
            # What was read or given back has no event of its own.
            self._counts = counts
            self.watch.journal_changed(self.agent.agent)

    async def _lost(self, presence: Presence, problem: str = "") -> None:
        unread = await asyncio.to_thread(_unread, self.agent)
        if self._last == (presence, problem, unread):
            return
        self._last = (presence, problem, unread)
        stamp = self.watch.stamps.next()
        self.watch.sink(events.HostLost(self.agent.agent, presence, stamp, problem, unread))
        self.watch.journal_changed(self.agent.agent)


def _unread(agent: AgentPaths) -> int:
    try:
        with MailboxReader.opened(agent.mailbox) as reader:
            return reader.counts().unread
    except MailboxError:
        return 0
