"""The one typed client of an agent host's control socket.

Used by the MCP server, the command line and later the console. A call that meets no host tries
again for some seconds, starting a host anew where that is allowed; ids are chosen here, so
that a repeated request does nothing twice.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final
from urllib.parse import quote

from meshbot_core.errors import HostRunningError, MeshError
from meshbot_core.host import api
from meshbot_core.host.link import LOOK_AGAIN_S, Link, new_session
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.host.unix_http import AwayError, UnixHttp
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.types import new_id

_GOODBYE_LIMIT_S: Final = 1.0
_MAX_UNREAD_EVENTS: Final = 10_000


class HostClient:
    """One session with an agent's host; made by ``connected``."""

    def __init__(self, link: Link, *, kind: str, session: str) -> None:
        self.session = session
        self._link = link
        self._kind = kind
        self._events: asyncio.Queue[api.HostEvent] = asyncio.Queue(_MAX_UNREAD_EVENTS)

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(
        cls,
        agent: AgentPaths,
        *,
        kind: api.ClientKind,
        session: str | None = None,
        spawn: SpawnOptions | None = None,
        present: bool = False,
    ) -> AsyncIterator["HostClient"]:
        """A client of the agent's host, which is started when ``spawn`` is given.

        With ``present`` the event stream stays open, which keeps the host alive, and is opened
        again when the host is replaced. The session ends in order with the block.

        Raises:
            HostUnavailableError: No host, and none was to be started, or none came up.
            HostRunningError: The host there listens elsewhere than asked for, and is in use.
        """
        with contextlib.closing(UnixHttp(agent)) as http:
            link = Link(agent, spawn, http)
            client = cls(link, kind=kind, session=session or new_session(kind))
            await client._settle_on_host()
            try:
                async with asyncio.TaskGroup() as group:
                    stream = group.create_task(client._stream()) if present else None
                    try:
                        yield client
                    finally:
                        await client._end()
                        if stream is not None:
                            stream.cancel()
            except BaseExceptionGroup as group_of_one:
                # Our own task never fails, so what comes here is what the block raised.
                raise group_of_one.exceptions[0] from None

    async def _settle_on_host(self) -> None:
        """Find or start the host, and replace an idle one that listens elsewhere."""
        status = await self.status()
        wanted = self._link.spawn
        if wanted is None or _listens_as(wanted, status):
            return
        if status.clients or status.queued:
            users = ", ".join(f"{client.kind} (pid {client.pid})" for client in status.clients)
            raise HostRunningError(
                f"the host of {status.agent!r} (pid {status.pid}) listens on "
                f"{status.host}:{status.port} and is used by {users or 'its outbox'}",
                hint="end those first, or leave --port and --host out",
            )
        await self.stop()
        await self._link.gone()
        await self.status()

    @property
    def link(self) -> Link:
        """The way to the host, for calls that have classes of their own."""
        return self._link

    # -- calls

    async def status(self) -> api.HostStatus:
        """How the host is."""
        return await self._link.call("GET", "/v1/status", api.HostStatus)

    async def send(
        self,
        *,
        to: str,
        message: str,
        id: str | None = None,  # noqa: A002 - the wire's own word
        wait: bool = True,
        acknowledge: Sequence[str] = (),
    ) -> api.SendResult:
        """Send a message; with ``wait`` its first attempt is seen through."""
        request = api.SendRequest(
            id=id or new_id(),
            to=to,
            message=message,
            wait=wait,
            session=self.session,
            acknowledge=tuple(acknowledge),
        )
        return await self._link.call("POST", "/v1/send", api.SendResult, request)

    async def broadcast(
        self,
        *,
        message: str,
        exclude: Sequence[str] = (),
        id: str | None = None,  # noqa: A002 - the wire's own word
        acknowledge: Sequence[str] = (),
    ) -> tuple[api.SendResult, ...]:
        """Send to every other agent of the mesh."""
        request = api.BroadcastRequest(
            id=id or new_id(),
            message=message,
            exclude=tuple(exclude),
            session=self.session,
            acknowledge=tuple(acknowledge),
        )
        return (await self._link.call("POST", "/v1/broadcast", api.SendResults, request)).results

    async def ask(
        self,
        *,
        to: str,
        message: str,
        timeout_s: float = 120.0,
        id: str | None = None,  # noqa: A002 - the wire's own word
        acknowledge: Sequence[str] = (),
    ) -> api.AskResult:
        """Ask a peer: registered, its clock running, and its first attempt made."""
        request = api.AskRequest(
            id=id or new_id(),
            to=to,
            message=message,
            timeout_s=timeout_s,
            session=self.session,
            acknowledge=tuple(acknowledge),
        )
        return await self._link.call("POST", "/v1/ask", api.AskResult, request)

    async def ask_state(
        self,
        id: str,  # noqa: A002 - the wire's own word
        *,
        wait_s: float = 0.0,
        known: api.AskProgress | None = None,
    ) -> api.AskResult:
        """Where an ask stands; waits up to ``wait_s`` (60 at most) for a change.

        With ``known``, another ``progress`` than that is a change too.
        """
        query = {"session": self.session, "wait": str(wait_s)}
        query |= {} if known is None else {"known": known}
        return await self._link.call(
            "GET", f"/v1/asks/{quote(id, safe='')}", api.AskResult, query=query
        )

    async def cancel_ask(self, id: str) -> api.AskResult:  # noqa: A002 - the wire's own word
        """Wait no longer; an answer that still comes goes to the inbox."""
        return await self._link.call("DELETE", f"/v1/asks/{quote(id, safe='')}", api.AskResult)

    async def leave_ask(self, id: str) -> api.AskResult:  # noqa: A002 - the wire's own word
        """Let the ask go on without us: its answer will be a message of the inbox."""
        return await self._link.call("POST", f"/v1/asks/{id}/leave", api.AskResult)

    async def reply(
        self,
        *,
        to: str,
        message_id: str,
        message: str,
        id: str | None = None,  # noqa: A002 - the wire's own word
        acknowledge: Sequence[str] = (),
    ) -> api.SendResult:
        """Answer a message or an ask of ``to``."""
        request = api.ReplyRequest(
            id=id or new_id(),
            to=to,
            message_id=message_id,
            message=message,
            session=self.session,
            acknowledge=tuple(acknowledge),
        )
        return await self._link.call("POST", "/v1/reply", api.SendResult, request)

    async def check(self, *, acknowledge: Sequence[str] = ()) -> api.MessageBatch:
        """Take whole messages out of the inbox, on lease."""
        return await self._lease("/v1/check", acknowledge)

    async def pending(self, *, acknowledge: Sequence[str] = ()) -> api.MessageBatch:
        """Take what goes beside a tool result, on lease; long texts are cut."""
        return await self._lease("/v1/pending", acknowledge)

    async def settle(
        self, *, acknowledge: Sequence[str] = (), give_back: Sequence[str] = ()
    ) -> None:
        """Say which leases were read, and which were not."""
        await self._link.request("POST", "/v1/settle", self._settled(acknowledge, give_back))

    async def read_message(self, id: str, offset: int = 0) -> api.MessagePart:  # noqa: A002 - the wire's own word
        """A stretch of one message's text, from character ``offset``."""
        return await self._link.call(
            "GET",
            f"/v1/messages/{quote(id, safe='')}",
            api.MessagePart,
            query={"offset": str(offset)},
        )

    async def peers(self) -> tuple[api.PeerView, ...]:
        """Every other agent of the mesh and its health."""
        return (await self._link.call("GET", "/v1/peers", api.PeerPage)).peers

    async def peer(self, name: str) -> api.PeerView:
        """One agent's health; it may be our own."""
        return await self._link.call("GET", f"/v1/peers/{quote(name, safe='')}", api.PeerView)

    async def journal(
        self, *, after: int | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[api.JournalRow, ...]:
        """A page of what happened, in order."""
        query = {"limit": str(limit)}
        query |= {"after": str(after)} if after is not None else {}
        query |= {"before": str(before)} if before is not None else {}
        return (await self._link.call("GET", "/v1/journal", api.JournalPage, query=query)).rows

    async def stop(self) -> None:
        """Ask the host to end."""
        await self._link.request("POST", "/v1/stop")

    async def goodbye(
        self, *, acknowledge: Sequence[str] = (), give_back: Sequence[str] = ()
    ) -> None:
        """End this session in order; unacknowledged leases go back."""
        self._link.is_ending = True
        await self._say("/v1/goodbye", self._settled(acknowledge, give_back))

    async def events(self) -> AsyncIterator[api.HostEvent]:
        """What happens, as it happens; needs ``present``."""
        while True:
            yield await self._events.get()

    # -- plumbing

    async def _lease(self, path: str, acknowledge: Sequence[str]) -> api.MessageBatch:
        """Lease under an id of ours: asked again it is the same, given up it goes back."""
        lease_id = new_id()
        call = api.LeaseCall(
            session=self.session, lease_id=lease_id, acknowledge=tuple(acknowledge)
        )
        try:
            return await self._link.call("POST", path, api.MessageBatch, call)
        except asyncio.CancelledError:
            await self._say("/v1/settle", self._settled((), (lease_id,)))
            raise

    async def _say(self, path: str, call: api.SettleCall) -> None:
        """Tell the host once, and do not mind when it is gone."""
        with contextlib.suppress(AwayError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_LIMIT_S):
                await self._link.http.request("POST", path, call.model_dump_json().encode())

    async def _end(self) -> None:
        if not self._link.is_ending:
            await self.goodbye()

    def _settled(self, acknowledge: Sequence[str], give_back: Sequence[str]) -> api.SettleCall:
        return api.SettleCall(
            session=self.session, acknowledge=tuple(acknowledge), give_back=tuple(give_back)
        )

    async def _stream(self) -> None:
        """Keep the event stream open; the host may be replaced meanwhile."""
        while True:
            async for event in self._link.events(kind=self._kind, session=self.session):
                if not self._events.full():
                    self._events.put_nowait(event)
            if self._link.is_ending:
                return
            await asyncio.sleep(LOOK_AGAIN_S)
            with contextlib.suppress(MeshError):
                await self._link.ready()


def _listens_as(wanted: SpawnOptions, status: api.HostStatus) -> bool:
    same_port = wanted.port in (None, 0, status.port)
    return same_port and wanted.host in (None, status.host)
