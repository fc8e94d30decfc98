"""Looking on at one agent's host, through all its lives.

An onlooker keeps no host alive and starts none.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from meshbot_core.errors import HostVersionError, MeshError
from meshbot_core.host import api
from meshbot_core.host.client import HostClient
from meshbot_core.host.link import Link, new_session
from meshbot_core.host.session_api import ApprovalEvent, SessionEvent
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import host_answers
from meshbot_core.host.unix_http import UnixHttp
from meshbot_core.mesh.paths import AgentPaths
from meshbot_tui.connections.reasons import reason_of_first
from meshbot_tui.connections.remains import Looker, Remains
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.picture import Presence, Severity

_AGAIN_S: Final = 0.5
_POLL_S: Final = 10.0
_SOON_S: Final = 0.15
SILENCE_S: Final = 3.0
MOMENT_S: Final = 1.0
"""A host that is replaced is away for so long: that is nothing to be told."""
_LOOK_S: Final = 0.1

Sink = Callable[[events.Event], None]


@dataclass(slots=True)
class OneHost:
    """Tells ``sink`` how the agent's host is, and ``journal_changed`` when its messages changed."""

    agent: AgentPaths
    sink: Sink
    journal_changed: Callable[[str], None]
    stamps: Stamps
    _refresh: asyncio.Event = field(default_factory=asyncio.Event)
    _looker: Looker = field(init=False)
    _told: tuple[Presence, str, Remains] | None = None
    _counts: tuple[int, int, int, int] | None = None
    _queued: Mapping[str, int] = field(default_factory=dict)
    _pid: int = 0
    """The host that was seen last, while it is not known to be away."""
    _has_said_goodbye: bool = False

    def __post_init__(self) -> None:
        self._looker = Looker(self.agent)

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
            await asyncio.sleep(_AGAIN_S)

    async def _look_on(self) -> None:
        """From a host's hello until it ends, or says nothing for too long."""
        presence: Presence = "away"
        problem = ""
        try:
            await self._listen()
        except* TimeoutError:
            presence, problem = "hangs", f"its host says nothing for {SILENCE_S:g} s"
        except* HostVersionError as group:
            presence, problem = "other", reason_of_first(group)
        except* MeshError as group:
            problem = reason_of_first(group)
        if presence == "away" and await self._is_back():
            if not problem or self._has_said_goodbye:
                return
            presence = "hangs"
        await self._lost(presence, problem)

    async def _listen(self) -> None:
        with contextlib.closing(UnixHttp(self.agent)) as http:
            link = Link(self.agent, None, http, is_ending=True)
            client = HostClient(link, kind="watch", session=new_session("watch"))
            async with asyncio.TaskGroup() as group:
                polling = group.create_task(self._poll(client))
                async for event in link.events(kind="watch", session=client.session):
                    await self._heard(client, event)
                polling.cancel()

    async def _is_back(self) -> bool:
        """Whether a host answers; another one may be about to take the place of the last."""
        loop = asyncio.get_running_loop()
        is_over = self._has_said_goodbye and not await asyncio.to_thread(self._is_left)
        deadline_s = loop.time() + (0.0 if is_over else MOMENT_S)
        while not await asyncio.to_thread(host_answers, self.agent):
            if loop.time() >= deadline_s:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    def _is_left(self) -> bool:
        return self.agent.session_json.exists()

    async def _poll(self, client: HostClient) -> None:
        """Ask how it is, soon after each event and now and then.

        Raises:
            TimeoutError: It takes too long to say.
            MeshError: It cannot say.
        """
        while True:
            async with asyncio.timeout(SILENCE_S):
                status = await client.status()
            self._seen(status)
            if status.queued or self._queued:
                remains = await asyncio.to_thread(self._looker.look)
                self._tell_queued(remains.queued)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._refresh.wait()
            # What comes in a row is one reason to ask.
            await asyncio.sleep(_SOON_S)
            self._refresh.clear()

    async def _heard(self, client: HostClient, event: api.HostEvent) -> None:
        sink, name = self.sink, self.agent.agent
        match event:
            case api.Hello(status=status):
                self._counts = None
                self._seen(status)
                await self._look_at_approvals(client)
            case SessionEvent(session=view):
                sink(events.SessionSeen(name, view, self.stamps.next()))
                self._refresh.set()
            case ApprovalEvent(approval=approval, decision=None):
                sink(events.ApprovalRaised(approval, self.stamps.next()))
            case ApprovalEvent(approval=approval):
                sink(events.ApprovalSettled(name, approval.id, self.stamps.next()))
            case api.NoticeEvent(text=text):
                self._notice(text, "warning")
            case api.GoodbyeEvent():
                self._has_said_goodbye = True
            case api.MessageEvent() | api.DeliveryEvent() | api.AskEvent():
                self.journal_changed(name)
                self._refresh.set()
            case _:
                pass

    async def _look_at_approvals(self, client: HostClient) -> None:
        """All that waits; what a host before this one had raised waits no more."""
        # A host of another version may know of none.
        with contextlib.suppress(HostVersionError):
            page = await SessionClient(client).approvals()
            stamp = self.stamps.next()
            self.sink(events.ApprovalsSeen(self.agent.agent, page.approvals, stamp))

    def _seen(self, status: api.HostStatus) -> None:
        self._told = None
        if self._pid not in (0, status.pid) and not self._has_said_goodbye:
            self._notice(f"its host was gone; another one is there (pid {status.pid})", "warning")
        if self._pid != status.pid:
            self._pid, self._has_said_goodbye = status.pid, False
        self.sink(events.HostSeen(self.agent.agent, status, self.stamps.next()))
        counts = (status.unread, status.leased, status.queued, status.open_asks)
        if counts != self._counts:
            # What was read or given back has no event of its own.
            self._counts = counts
            self.journal_changed(self.agent.agent)

    async def _lost(self, presence: Presence, problem: str = "") -> None:
        remains = await asyncio.to_thread(self._looker.look)
        if self._told == (presence, problem, remains):
            return
        self._told = (presence, problem, remains)
        name, is_left = self.agent.agent, presence == "away" and remains.is_left
        if presence == "away":
            if self._pid and not self._has_said_goodbye and not is_left:
                self._notice("its host ended without a word", "warning")
            self._pid = 0
        stamp = self.stamps.next()
        self.sink(events.HostLost(name, presence, stamp, problem, remains.unread, is_left))
        self._tell_queued(remains.queued)
        self.journal_changed(name)

    def _tell_queued(self, queued: Mapping[str, int]) -> None:
        if queued != self._queued:
            self._queued = queued
            self.sink(events.OutboxSeen(self.agent.agent, queued, self.stamps.next()))

    def _notice(self, text: str, severity: Severity) -> None:
        self.sink(events.Noticed(self.stamps.next(), text, severity, self.agent.agent))
