"""One agent's host: owns its place on the mesh for as long as somebody needs it."""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from meshbot_core.errors import MailboxError, MeshError
from meshbot_core.host import api
from meshbot_core.host.asked import asked_route
from meshbot_core.host.asking import Asking
from meshbot_core.host.attendance import Attendance, pid_of
from meshbot_core.host.control import Control, serving
from meshbot_core.host.desk import Desk
from meshbot_core.host.legacy import import_legacy_queue, refuse_living_namesake
from meshbot_core.host.lock import announce, owned
from meshbot_core.host.manifests import manifest_routes
from meshbot_core.host.operating import OpenAsks, Operators, Vigil
from meshbot_core.host.owner import is_alive
from meshbot_core.host.peers import PeerDesk
from meshbot_core.host.session_desk import SessionDesk
from meshbot_core.host.session_routes import SessionRoutes
from meshbot_core.host.spawn import LINGER_S
from meshbot_core.host.streams import Streams
from meshbot_core.host.views import view_of
from meshbot_core.host.writing import Writing
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import OutboxMessage
from meshbot_core.mesh.machine import machine_id
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.node.events import (
    AnswerArrived,
    ConfigChanged,
    ConfigFailed,
    MessageArrived,
    NodeEvent,
    OutboxChanged,
)
from meshbot_core.node.node import Listen, Node
from meshbot_core.types import Clock
from meshbot_core.version import VERSION

_LOOK_S: Final = 0.25
_REST_S: Final = 1.0
_TIDY_S: Final = 60.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostOptions:
    """How a host runs; ``linger_s`` as in ``SpawnOptions``."""

    listen: Listen
    linger_s: float = LINGER_S


class AgentHost:
    """Everything of one running agent; made by ``running``."""

    def __init__(
        self, agent: AgentPaths, *, mailbox: Mailbox, node: Node, clock: Clock, linger_s: float
    ) -> None:
        self._agent = agent
        self._mailbox = mailbox
        self._node = node
        self._clock = clock
        self._started_at_ms = clock.now_ms()
        now_s = asyncio.get_running_loop().time()
        self._attendance = Attendance(linger_s=linger_s, stay_until_s=now_s + linger_s)
        self._streams = Streams()
        self._changed = asyncio.Event()
        self._stopped = asyncio.Event()
        self._left = asyncio.Event()
        self.sessions = SessionDesk(
            agent, mailbox, clock, self._streams, self._changed.set, self._tell_operator
        )
        writing = Writing(
            node,
            clock,
            Operators(agent),
            hops=self.sessions.mail.hops,
            saw=self.sessions.mail.saw,
            may_send=self.sessions.mail.may_send,
        )
        self._vigil = Vigil(agent, lambda: node.config, self._changed.set)
        self._open_asks = OpenAsks(
            mailbox,
            lambda: operator_name(node.config),
            lambda is_open: self.sessions.asks_operator(is_open=is_open),
        )
        self.desk = Desk(
            agent.agent, mailbox, node, writing, has_primary=lambda: self.sessions.takes_pushes
        )
        self.asking = Asking(mailbox, node, clock, writing)

    # -- what the node tells

    def heard(self, event: NodeEvent) -> None:
        """Pass on what happened on the mesh; called on the loop's thread."""
        match event:
            case MessageArrived(message):
                self._streams.publish(api.MessageEvent(message=view_of(message, max_bytes=1024)))
                self.sessions.mail.arrived()
                if message.kind == "ask":
                    self.asking.asked_by(message.sender)
            case AnswerArrived(ask_id):
                self._streams.publish(api.AskEvent(id=ask_id, state="answered"))
                self.asking.ask_changed(ask_id)
                self._open_asks.changed.set()
            case OutboxChanged(message):
                self._outbox_changed(message)
            case ConfigFailed(error):
                self._streams.publish(api.NoticeEvent(text=str(error)))
            case ConfigChanged():
                self._node.wake()
            case _:
                pass

    def _outbox_changed(self, message: OutboxMessage) -> None:
        self._streams.publish(
            api.DeliveryEvent(
                id=message.id,
                to=message.to,
                kind=message.kind,
                state=message.state,
                error=message.last_error or "",
            )
        )
        if message.kind == "ask":
            self.asking.ask_changed(message.id)
            self._open_asks.changed.set()
        self._changed.set()

    async def _tell_operator(self, text: str) -> None:
        """Let a person know what the session needs them for."""
        try:
            await self.desk.tell("operator", text)
        except MeshError as error:
            log.warning("the operator could not be told: %s", error)

    def _client_left(self, session: str, is_vanished: bool) -> None:
        self.sessions.clients.left(session, is_vanished=is_vanished)
        self._left.set()
        self._changed.set()

    # -- status and end

    def status(self) -> api.HostStatus:
        """How this host is right now."""
        counts = self._mailbox.counts
        return api.HostStatus(
            api_version=api.API_VERSION,
            version=VERSION,
            agent=self._agent.agent,
            mesh=self._agent.mesh.mesh,
            pid=os.getpid(),
            url=self._node.url,
            host=self._node.host,
            port=self._node.port,
            started_at_ms=self._started_at_ms,
            unread=counts.unread,
            leased=counts.leased,
            queued=counts.queued,
            open_asks=counts.open_asks,
            clients=self._attendance.clients(),
            rejected=dict(self._node.rejected),
            config_error=self._node.config_error or "",
            notices=tuple(self._mailbox.notices),
            session=self.sessions.news.view(),
        )

    def stop(self) -> None:
        """End soon, whoever is there."""
        self._stopped.set()

    @contextlib.asynccontextmanager
    async def controlled(self) -> AsyncIterator[None]:
        """Serve the control socket, and look after sessions, until the block ends."""
        control = Control(
            desk=self.desk,
            asking=self.asking,
            peers=PeerDesk(self._agent.agent, self._node),
            attendance=self._attendance,
            streams=self._streams,
            status=self.status,
            stop=self.stop,
            on_came=self.sessions.clients.came,
            on_left=self._client_left,
            on_changed=self._changed.set,
            reclaim=self._reclaim,
            more_routes=SessionRoutes(self.sessions).routes(),
        )
        app = control.application()
        app.on_shutdown.append(self._say_goodbye)
        now_s = asyncio.get_running_loop().time()
        for session in await self._mailbox.leased_sessions():
            self._attendance.await_return(session, now_s)
        async with (
            serving(app, self._agent),
            self.sessions.running(),
            asyncio.TaskGroup() as group,
        ):
            tasks = [
                group.create_task(self._give_back_what_the_dead_held()),
                group.create_task(self._tidy()),
                group.create_task(self._vigil.keep()),
                group.create_task(self._open_asks.keep()),
            ]
            try:
                yield
            finally:
                self._streams.end("the host ends")
                for task in tasks:
                    task.cancel()

    async def _say_goodbye(self, _app: object) -> None:
        self._streams.end("the host ends")

    async def until_unneeded(self) -> None:
        """Return when the host may end: nobody is there, and nothing waits to be sent."""
        loop = asyncio.get_running_loop()
        while not self._stopped.is_set():
            until_s = self._attendance.needed_until(loop.time())
            is_wanted = bool(
                self._mailbox.counts.queued or self._vigil.is_needed or self.sessions.is_needed
            )
            is_free = until_s is not None and not is_wanted
            if is_free and until_s is not None and until_s <= loop.time():
                return
            self._changed.clear()
            # While it is wanted, whatever ends that is told; else time alone may end it.
            await _within(_LOOK_S if is_free else _REST_S, self._changed)

    # -- long-lived work

    async def _give_back_what_the_dead_held(self) -> None:
        while True:
            await self._reclaim()
            self._left.clear()
            await _within(_LOOK_S if self._attendance.awaited() else _REST_S, self._left)

    async def _reclaim(self) -> None:
        """Take back what clients hold that are gone; a reader asks for it before it reads."""
        now_s = asyncio.get_running_loop().time()
        gone = list(self._attendance.given_up(now_s))
        for session in self._attendance.sessions():
            if (pid := pid_of(session)) is not None and not is_alive(pid):
                self._attendance.give_up(session)
                gone.append(session)
        for session in gone:
            try:
                await self._mailbox.give_back(session=session)
            except MailboxError as error:
                log.warning("what %s held cannot be taken back yet: %s", session, error)
                self._attendance.await_return(session, now_s)

    async def _tidy(self) -> None:
        while True:
            try:
                await self._mailbox.tidy(self._clock.now_ms())
            except MailboxError as error:
                log.warning("tidying failed: %s", error)
            await asyncio.sleep(_TIDY_S)


async def _within(seconds: float, event: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@contextlib.asynccontextmanager
async def running(
    agent: AgentPaths, options: HostOptions, clock: Clock
) -> AsyncIterator[AgentHost]:
    """A host of ``agent`` for as long as the block runs.

    Raises:
        HostRunningError: Another host, or a reference agent, owns the name.
        MeshError: The mesh, the mailbox or the port is not to be had.
    """
    hosts: list[AgentHost] = []

    def heard(event: NodeEvent) -> None:
        for host in hosts:
            host.heard(event)

    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(owned(agent))
        await refuse_living_namesake(agent)
        mailbox = await stack.enter_async_context(
            Mailbox.opened(agent.mailbox, agent=agent.agent, machine_id=machine_id(), clock=clock)
        )
        await import_legacy_queue(agent, mailbox)
        node = Node(
            agent=agent.agent,
            paths=agent.mesh,
            mailbox=mailbox,
            clock=clock,
            listen=options.listen,
            notify=heard,
            version=VERSION,
            extra_routes=(
                *manifest_routes(agent.mesh),
                asked_route(mailbox, lambda: hosts[0].sessions.session if hosts else None),
            ),
            state=lambda: hosts[0].sessions.state_word() if hosts else "",
        )
        host = AgentHost(agent, mailbox=mailbox, node=node, clock=clock, linger_s=options.linger_s)
        hosts.append(host)
        await stack.enter_async_context(node)
        await stack.enter_async_context(host.controlled())
        announce(agent, url=node.url, port=node.port, version=VERSION, started_at_ms=clock.now_ms())
        yield host
