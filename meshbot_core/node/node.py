"""One agent on the mesh: listens, delivers, and knows its peers."""

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from types import TracebackType
from typing import Final, Self

from meshbot_core.errors import ConfigError, HostError, MeshError
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.config import MeshConfig, Peer, Tls, load_config, read_config
from meshbot_core.mesh.keys import read_mesh_key
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import peer as peer_named
from meshbot_core.node.client import PeerClient, connected
from meshbot_core.node.courier import Courier, delivering
from meshbot_core.node.endpoints import AsyncRoute, Endpoints, ExtraRoute
from meshbot_core.node.events import (
    ConfigChanged,
    ConfigFailed,
    DeliveryOutcome,
    NodeEvent,
    PeerHeard,
)
from meshbot_core.node.health import AskStanding, PeerHealth, offline
from meshbot_core.node.intake import Intake
from meshbot_core.node.lane import Office
from meshbot_core.node.listener import DEFAULT_LIMITS, ListenLimits, bound_socket, listening
from meshbot_core.node.place import Listen, own_url, place_of
from meshbot_core.node.registration import keep_registered, register
from meshbot_core.node.tls import client_context, server_context, speaks_tls
from meshbot_core.types import Clock, checked_name

__all__ = ["Listen", "Node"]

_MAX_PROBES: Final = 256


class Node:
    """An agent's place on the mesh, from ``async with`` to its end.

    ``notify`` is called on the loop with each event and must return at once. ``rejected`` counts
    what the listener refused, by error code.
    """

    def __init__(
        self,
        *,
        agent: str,
        paths: MeshPaths,
        mailbox: Mailbox,
        clock: Clock,
        listen: Listen,
        notify: Callable[[NodeEvent], None],
        version: str,
        extra_routes: Sequence[ExtraRoute | AsyncRoute] = (),
        state: Callable[[], str] = lambda: "",
        limits: ListenLimits = DEFAULT_LIMITS,
    ) -> None:
        self.agent = checked_name(agent)
        self.url = ""
        self.host = ""
        self.port = 0
        self.config_error: str | None = None
        self._paths = paths
        self._mailbox = mailbox
        self._clock = clock
        self._listen = listen
        self._notify = notify
        self._version = version
        self._extra_routes = tuple(extra_routes)
        self._state = state
        self._limits = limits
        self._rejected: Counter[str] = Counter()
        self._stack = contextlib.AsyncExitStack()
        self._config = MeshConfig(mesh=paths.mesh)
        self._config_state = (0, 0, 0)
        self._client: PeerClient | None = None
        self._courier: Courier | None = None

    @property
    def config(self) -> MeshConfig:
        """The configuration in force: the newest that made sense."""
        return self._config

    def refresh_config(self) -> MeshConfig:
        """Look at the file now, not when its change is noticed; a damaged one changes nothing."""
        with contextlib.suppress(ConfigError):
            found = load_config(self._paths)
            if found != self._config:
                self._take_config(found)
        return self._config

    @property
    def rejected(self) -> Mapping[str, int]:
        """How many requests were refused, by code."""
        return self._rejected

    async def __aenter__(self) -> Self:
        """Bind, register, and begin.

        Raises:
            PortInUseError: The port is taken, and another would not do.
            MeshError: The mesh's files, the certificate or the address are not to be had.
        """
        async with contextlib.AsyncExitStack() as stack:
            await self._begin(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """Take no more requests, answer what is held, and end; within 2 s."""
        return await self._stack.__aexit__(kind, error, trace)

    async def _begin(self, stack: contextlib.AsyncExitStack) -> None:
        self._config = read_config(self._paths)
        key = read_mesh_key(self._paths)
        served = self._served_tls()
        bound = await self._bound(stack)
        self.host, self.port = bound.getsockname()[:2]
        self.url = own_url(
            self._config,
            self.agent,
            self._listen,
            bound_host=self.host,
            bound_port=self.port,
            tls=served,
        )
        self._client = await stack.enter_async_context(connected(key, self._clock))
        self._client.configure(self._config, self._client_tls(self._config))
        office = Office(
            agent=self.agent,
            key=key,
            mailbox=self._mailbox,
            client=self._client,
            clock=self._clock,
            config=lambda: self._config,
            refresh_config=self.refresh_config,
        )
        self._courier = await stack.enter_async_context(delivering(office, self._notify))
        endpoints = self._endpoints(office)
        context = served[0] if served else None
        await stack.enter_async_context(
            listening(bound, endpoints, limits=self._limits, tls=context)
        )
        self._config = await register(self._paths, self.agent, self.url)
        group = await stack.enter_async_context(asyncio.TaskGroup())
        watch = group.create_task(
            keep_registered(self._paths, self.agent, self.url, self._config, self._take_config)
        )
        stack.callback(watch.cancel)

    async def _bound(self, stack: contextlib.AsyncExitStack) -> socket.socket:
        place = place_of(self._config, self.agent, self._listen)
        try:
            bound = await bound_socket(place.host, place.port)
        except HostError:
            if not place.may_move:
                raise
            bound = await bound_socket(place.host, 0)
        stack.callback(bound.close)
        return bound

    def _endpoints(self, office: Office) -> Endpoints:
        intake = Intake(
            agent=self.agent,
            key=office.key,
            mailbox=self._mailbox,
            clock=self._clock,
            config=office.config,
            notify=self._heard,
        )
        return Endpoints(
            agent=self.agent,
            key=office.key,
            version=self._version,
            clock=self._clock,
            config=office.config,
            intake=intake,
            extra_routes=self._extra_routes,
            count=self._count,
            state=self._state,
        )

    def reread(self) -> None:
        """Take in what the configuration says now, without waiting for the watcher.

        An agent that has just registered can be written to at once. Costs one ``stat`` when
        nothing changed; a file that makes no sense is left to the watcher.
        """
        with contextlib.suppress(OSError, MeshError):
            found = self._paths.config.stat()
            state = (found.st_mtime_ns, found.st_size, found.st_ino)
            if state != self._config_state:
                self._config_state = state
                news = load_config(self._paths)
                if news != self._config:
                    self._take_config(news)

    # -- delivery

    def wake(self, peer: str | None = None) -> None:
        """Look at the outbox, or at what is in it for one peer, at once."""
        if self._courier is not None:
            self._courier.wake(peer)

    async def first_outcome(self, message_id: str) -> DeliveryOutcome:
        """Wait until a message is dealt with or its first attempt failed, one send at most.

        Raises:
            NoSuchMessageError: It is not in the outbox.
        """
        if self._courier is None:
            return DeliveryOutcome("queued", "not delivering")
        limit_s = self._config.timeouts.send_seconds
        return await self._courier.first_outcome(message_id, limit_s=limit_s)

    # -- peers

    async def probe(self, name: str) -> PeerHealth:
        """Ask a peer how it is.

        Raises:
            UnknownPeerError: There is no such peer; one that is down is no error.
        """
        peer = peer_named(self._config, name)
        if self._client is None:
            return offline(name, peer, "we are not on the mesh")
        return await self._probed(self._client, name, peer)

    async def _probed(self, client: PeerClient, name: str, peer: Peer) -> PeerHealth:
        found = await client.health(name, peer)
        if found.is_online and name != self.agent:
            self._heard(PeerHeard(name))
        return found

    async def ask_standing(self, name: str, ask_id: str) -> AskStanding:
        """How far an ask of ours is with the peer that has it: see ``AskStanding``."""
        peer = self._config.peers.get(name)
        if peer is None or self._client is None:
            return "away"
        return await self._client.ask_standing(peer, ask_id)

    async def probe_all(self) -> AsyncIterator[PeerHealth]:
        """Ask every peer but ourselves, in parallel; answers as they come."""
        client = self._client
        if client is None:
            return
        others = {name: peer for name, peer in self._config.peers.items() if name != self.agent}
        slots = asyncio.Semaphore(_MAX_PROBES)
        found: asyncio.Queue[PeerHealth] = asyncio.Queue()

        async def ask(name: str, peer: Peer) -> None:
            async with slots:
                found.put_nowait(await self._probed(client, name, peer))

        async with asyncio.TaskGroup() as group:
            for name, peer in others.items():
                group.create_task(ask(name, peer))
            for _ in others:
                yield await found.get()

    # -- what happens

    def _heard(self, event: NodeEvent) -> None:
        if isinstance(event, PeerHeard) and self._courier is not None:
            self._courier.hurry(event.name)
        self._notify(event)

    def _count(self, code: str) -> None:
        self._rejected[code] += 1

    def _take_config(self, news: MeshConfig | MeshError) -> None:
        try:
            if isinstance(news, MeshError):
                raise news
            tls = self._client_tls(news)
        except MeshError as error:
            self.config_error = str(error)
            self._notify(ConfigFailed(error))
            return
        self.config_error = None
        self._config = news
        if self._client is not None:
            self._client.configure(news, tls)
        self._notify(ConfigChanged())

    def _served_tls(self) -> tuple[ssl.SSLContext, Tls] | None:
        tls = self._config.tls
        return (server_context(tls, self._paths), tls.resolved(self._paths)) if tls else None

    def _client_tls(self, config: MeshConfig) -> ssl.SSLContext | None:
        return client_context(config, self._paths) if speaks_tls(config) else None
