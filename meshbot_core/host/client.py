"""The one typed client of an agent host's control socket.

Used by the MCP server, the command line and later the console. A call that meets no host tries
again for some seconds, starting a host anew where that is allowed; ids are chosen here, so
that a repeated request does nothing twice.
"""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import httpx
from pydantic import ValidationError

from meshbot_core.errors import HostRunningError, HostUnavailableError, MeshError
from meshbot_core.host import api
from meshbot_core.host.spawn import SpawnOptions, error_from, host_answers, spawn_host
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.types import new_id

AWAY_LIMIT_S: Final = 5.0
_LOOK_AGAIN_S: Final = 0.05
_GOODBYE_LIMIT_S: Final = 1.0
_CALL_LIMIT_S: Final = 90.0

Model = TypeVar("Model", bound=api.ApiModel)


def new_session(kind: str) -> str:
    """A session id that tells the host which process holds it: ``kind-pid-random``."""
    return f"{kind}-{os.getpid()}-{uuid.uuid4().hex}"


@dataclass(frozen=True, slots=True)
class _Route:
    """Where a client finds its host, and whether it may start one."""

    agent: AgentPaths
    spawn: SpawnOptions | None

    async def ready(self) -> None:
        """Return when a host answers.

        Raises:
            HostUnavailableError: None does, and none was to be started, or it did not come up.
            MeshError: What kept a host from starting.
        """
        if await asyncio.to_thread(host_answers, self.agent):
            return
        if self.spawn is None:
            raise HostUnavailableError(
                f"no host of {self.agent.agent!r} runs here",
                hint=f"start one with: meshbot serve --as {self.agent.agent}",
            )
        spawned = spawn_host(self.agent, self.spawn)
        try:
            await asyncio.to_thread(spawned.wait)
        except HostRunningError:
            if not await asyncio.to_thread(host_answers, self.agent):
                raise


class HostClient:
    """One session with an agent's host; made by ``connected``."""

    def __init__(self, route: _Route, http: httpx.AsyncClient, *, kind: str, session: str) -> None:
        self.session = session
        self._route = route
        self._http = http
        self._kind = kind
        self._events: asyncio.Queue[api.HostEvent] = asyncio.Queue()
        self._is_ending = False

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
        route = _Route(agent, spawn)
        transport = httpx.AsyncHTTPTransport(uds=str(agent.socket))
        timeout = httpx.Timeout(_CALL_LIMIT_S, connect=2.0)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://host", timeout=timeout, trust_env=False
        ) as http:
            client = cls(route, http, kind=kind, session=session or new_session(kind))
            await client._settle_on_host()
            async with asyncio.TaskGroup() as group:
                stream = group.create_task(client._stream()) if present else None
                try:
                    yield client
                finally:
                    await client._end()
                    if stream is not None:
                        stream.cancel()

    async def _settle_on_host(self) -> None:
        """Find or start the host, and replace an idle one that listens elsewhere."""
        status = await self.status()
        wanted = self._route.spawn
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
        async with asyncio.timeout(AWAY_LIMIT_S):
            while await asyncio.to_thread(host_answers, self._route.agent):
                await asyncio.sleep(_LOOK_AGAIN_S)
        await self.status()

    # -- calls

    async def status(self) -> api.HostStatus:
        """How the host is."""
        return await self._call("GET", "/v1/status", api.HostStatus)

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
        return await self._call("POST", "/v1/send", api.SendResult, request)

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
        return (await self._call("POST", "/v1/broadcast", api.SendResults, request)).results

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
        return await self._call("POST", "/v1/ask", api.AskResult, request)

    async def ask_state(self, id: str, *, wait_s: float = 0.0) -> api.AskResult:  # noqa: A002 - the wire's own word
        """Where an ask stands; waits up to ``wait_s`` (60 at most) for a change."""
        query = {"session": self.session, "wait": str(wait_s)}
        return await self._call("GET", f"/v1/asks/{id}", api.AskResult, query=query)

    async def cancel_ask(self, id: str) -> api.AskResult:  # noqa: A002 - the wire's own word
        """Wait no longer; an answer that still comes goes to the inbox."""
        return await self._call("DELETE", f"/v1/asks/{id}", api.AskResult)

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
        return await self._call("POST", "/v1/reply", api.SendResult, request)

    async def check(self, *, acknowledge: Sequence[str] = ()) -> api.MessageBatch:
        """Take whole messages out of the inbox, on lease."""
        call = api.LeaseCall(session=self.session, acknowledge=tuple(acknowledge))
        return await self._call("POST", "/v1/check", api.MessageBatch, call)

    async def pending(self, *, acknowledge: Sequence[str] = ()) -> api.MessageBatch:
        """Take what goes beside a tool result, on lease; long texts are cut."""
        call = api.LeaseCall(session=self.session, acknowledge=tuple(acknowledge))
        return await self._call("POST", "/v1/pending", api.MessageBatch, call)

    async def settle(
        self, *, acknowledge: Sequence[str] = (), give_back: Sequence[str] = ()
    ) -> None:
        """Say which leases were read, and which were not."""
        await self._request("POST", "/v1/settle", self._settled(acknowledge, give_back))

    async def read_message(self, id: str, offset: int = 0) -> api.MessagePart:  # noqa: A002 - the wire's own word
        """A stretch of one message's text, from character ``offset``."""
        return await self._call(
            "GET", f"/v1/messages/{id}", api.MessagePart, query={"offset": str(offset)}
        )

    async def peers(self) -> tuple[api.PeerView, ...]:
        """Every other agent of the mesh and its health."""
        return (await self._call("GET", "/v1/peers", api.PeerPage)).peers

    async def peer(self, name: str) -> api.PeerView:
        """One agent's health; it may be our own."""
        return await self._call("GET", f"/v1/peers/{name}", api.PeerView)

    async def journal(
        self, *, after: int | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[api.JournalRow, ...]:
        """A page of what happened, in order."""
        query = {"limit": str(limit)}
        query |= {"after": str(after)} if after is not None else {}
        query |= {"before": str(before)} if before is not None else {}
        return (await self._call("GET", "/v1/journal", api.JournalPage, query=query)).rows

    async def stop(self) -> None:
        """Ask the host to end."""
        await self._request("POST", "/v1/stop")

    async def goodbye(
        self, *, acknowledge: Sequence[str] = (), give_back: Sequence[str] = ()
    ) -> None:
        """End this session in order; unacknowledged leases go back."""
        self._is_ending = True
        content = self._settled(acknowledge, give_back).model_dump_json()
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with asyncio.timeout(_GOODBYE_LIMIT_S):
                await self._http.post("/v1/goodbye", content=content)

    async def events(self) -> AsyncIterator[api.HostEvent]:
        """What happens, as it happens; needs ``present``."""
        while True:
            yield await self._events.get()

    # -- plumbing

    async def _end(self) -> None:
        if not self._is_ending:
            await self.goodbye()

    def _settled(self, acknowledge: Sequence[str], give_back: Sequence[str]) -> api.SettleCall:
        return api.SettleCall(
            session=self.session, acknowledge=tuple(acknowledge), give_back=tuple(give_back)
        )

    async def _call(
        self,
        method: str,
        path: str,
        answer: type[Model],
        content: api.ApiModel | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Model:
        response = await self._request(method, path, content, query)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            raise HostUnavailableError(
                f"the host answers {path} in a way this version does not understand",
                hint="stop it, so that one of this version starts",
            ) from error

    async def _request(
        self,
        method: str,
        path: str,
        content: api.ApiModel | None = None,
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        body = content.model_dump_json() if content else None
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + AWAY_LIMIT_S
        while True:
            try:
                response = await self._http.request(method, path, content=body, params=query)
            except httpx.TransportError as error:
                if loop.time() > deadline_s or self._is_ending:
                    raise HostUnavailableError(
                        f"the host of {self._route.agent.agent!r} does not answer",
                        hint="run: meshbot doctor",
                    ) from error
                await asyncio.sleep(_LOOK_AGAIN_S)
                await self._route.ready()
            else:
                if response.is_error:
                    raise _refusal(response)
                return response

    async def _stream(self) -> None:
        """Keep the event stream open; the host may be replaced meanwhile."""
        while not self._is_ending:
            with contextlib.suppress(httpx.TransportError):
                await self._read_stream()
            if self._is_ending:
                return
            await asyncio.sleep(_LOOK_AGAIN_S)
            with contextlib.suppress(MeshError):
                await self._route.ready()

    async def _read_stream(self) -> None:
        query = {"kind": self._kind, "session": self.session, "pid": str(os.getpid())}
        timeout = httpx.Timeout(None, connect=2.0)
        async with self._http.stream("GET", "/v1/events", params=query, timeout=timeout) as answer:
            async for line in answer.aiter_lines():
                with contextlib.suppress(ValidationError):
                    # An event that this version does not know passes.
                    self._events.put_nowait(api.HOST_EVENT.validate_json(line))


def _listens_as(wanted: SpawnOptions, status: api.HostStatus) -> bool:
    same_port = wanted.port in (None, 0, status.port)
    return same_port and wanted.host in (None, status.host)


def _refusal(response: httpx.Response) -> MeshError:
    try:
        body = api.ErrorBody.model_validate_json(response.content)
    except ValidationError:
        return HostUnavailableError(f"the host answered {response.status_code} without a reason")
    return error_from(body.code, body.error, body.hint, body.known)
