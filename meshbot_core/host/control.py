"""The control API: local HTTP over a Unix socket that only this user can open.

Each request is one pydantic model in and one out; ``docs/control.md`` lists them. Errors are
``ErrorBody`` with the status of the ``MeshError`` behind them.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from meshbot_core.errors import MeshError, UnknownPeerError
from meshbot_core.host import api
from meshbot_core.host.asking import Asking
from meshbot_core.host.attendance import Attendance
from meshbot_core.host.desk import Desk
from meshbot_core.host.peers import PeerDesk
from meshbot_core.host.requests import answered, body_of, number, optional, peer_of, whole
from meshbot_core.host.streams import Streams
from meshbot_core.host.views import rows_of
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.web_log import web_log

_MAX_BODY_BYTES: Final = 8 * 1024 * 1024
_MAX_WAIT_S: Final = 60.0
_STREAMS: Final = ("/v1/events", "/v1/session/screen")
_ONLOOKER: Final[api.ClientKind] = "watch"


class Control:
    """The routes, over what the host owns."""

    def __init__(
        self,
        *,
        desk: Desk,
        asking: Asking,
        peers: PeerDesk,
        attendance: Attendance,
        streams: Streams,
        status: Callable[[], api.HostStatus],
        stop: Callable[[], None],
        on_came: Callable[[api.ClientView], None],
        on_left: Callable[[str, bool], None],
        on_changed: Callable[[], None],
        reclaim: Callable[[], Awaitable[None]],
        more_routes: Sequence[web.RouteDef] = (),
    ) -> None:
        self._desk = desk
        self._asking = asking
        self._peers = peers
        self._attendance = attendance
        self._streams = streams
        self._status = status
        self._stop = stop
        self._on_came = on_came
        self._on_left = on_left
        self._on_changed = on_changed
        self._reclaim = reclaim
        self._more_routes = more_routes

    def application(self) -> web.Application:
        """The aiohttp application with every route."""
        app = web.Application(
            middlewares=[self._only_this_user, self._errors_as_json, self._count],
            client_max_size=_MAX_BODY_BYTES,
        )
        app.add_routes(
            [
                web.get("/v1/status", self._get_status),
                web.get("/v1/events", self._get_events),
                web.post("/v1/send", self._post_send),
                web.post("/v1/broadcast", self._post_broadcast),
                web.post("/v1/ask", self._post_ask),
                web.get("/v1/asks/{id}", self._get_ask),
                web.delete("/v1/asks/{id}", self._delete_ask),
                web.post("/v1/asks/{id}/leave", self._post_leave_ask),
                web.post("/v1/reply", self._post_reply),
                web.post("/v1/check", self._post_check),
                web.post("/v1/pending", self._post_pending),
                web.post("/v1/settle", self._post_settle),
                web.post("/v1/goodbye", self._post_goodbye),
                web.get("/v1/messages/{id}", self._get_message),
                web.get("/v1/peers", self._get_peers),
                web.get("/v1/peers/{name}", self._get_peer),
                web.get("/v1/journal", self._get_journal),
                web.post("/v1/stop", self._post_stop),
                *self._more_routes,
            ]
        )
        return app

    # -- middlewares

    @web.middleware
    async def _only_this_user(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        uid = peer_of(request).uid
        if uid is not None and uid != os.getuid():
            return answered(api.ErrorBody(error="this host belongs to another user"), 403)
        return await handler(request)

    @web.middleware
    async def _errors_as_json(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except MeshError as error:
            known = error.known if isinstance(error, UnknownPeerError) else ()
            body = api.ErrorBody(error=str(error), code=error.code, hint=error.hint, known=known)
            return answered(body, error.http_status)
        except web.HTTPException as error:
            return answered(api.ErrorBody(error=error.reason, code="bad_request"), error.status)

    @web.middleware
    async def _count(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if request.path in _STREAMS:
            return await handler(request)
        self._attendance.request_began()
        try:
            return await handler(request)
        finally:
            is_last = request.path in ("/v1/goodbye", "/v1/stop")
            self._attendance.request_ended(_now_s(), is_last=is_last)
            self._on_changed()

    # -- routes

    async def _get_status(self, request: web.Request) -> web.Response:
        return answered(self._status())

    async def _post_send(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.SendRequest)
        await self._desk.settle(call.acknowledge)
        return answered(await self._desk.send(call))

    async def _post_broadcast(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.BroadcastRequest)
        await self._desk.settle(call.acknowledge)
        return answered(api.SendResults(results=await self._desk.broadcast(call)))

    async def _post_ask(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.AskRequest)
        self._expect(call.session)
        await self._desk.settle(call.acknowledge)
        return answered(await self._asking.ask(call))

    async def _get_ask(self, request: web.Request) -> web.Response:
        session = request.query.get("session", "")
        wait_s = min(number(request, "wait", 0.0), _MAX_WAIT_S)
        ask_id = request.match_info["id"]
        known = request.query.get("known")
        result = await self._asking.ask_state(ask_id, session=session, wait_s=wait_s, known=known)
        return answered(result)

    async def _delete_ask(self, request: web.Request) -> web.Response:
        return answered(await self._asking.cancel_ask(request.match_info["id"]))

    async def _post_leave_ask(self, request: web.Request) -> web.Response:
        return answered(await self._asking.leave_ask(request.match_info["id"]))

    async def _post_reply(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.ReplyRequest)
        await self._desk.settle(call.acknowledge)
        return answered(await self._desk.reply(call))

    async def _post_check(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.LeaseCall)
        await self._reclaim()
        self._expect(call.session)
        await self._desk.settle(call.acknowledge)
        return answered(await self._desk.check(call))

    async def _post_pending(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.LeaseCall)
        await self._reclaim()
        self._expect(call.session)
        await self._desk.settle(call.acknowledge)
        return answered(await self._desk.pending(call))

    async def _post_settle(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.SettleCall)
        await self._desk.settle(call.acknowledge, call.give_back)
        return web.Response(status=204)

    async def _post_goodbye(self, request: web.Request) -> web.Response:
        call = await body_of(request, api.SettleCall)
        await self._desk.settle(call.acknowledge, call.give_back)
        await self._desk.mailbox.give_back(session=call.session)
        self._attendance.said_goodbye(call.session, _now_s())
        return web.Response(status=204)

    async def _get_message(self, request: web.Request) -> web.Response:
        offset = whole(request, "offset", 0)
        return answered(await self._desk.read(request.match_info["id"], offset))

    async def _get_peers(self, request: web.Request) -> web.Response:
        return answered(api.PeerPage(peers=await self._peers.all()))

    async def _get_peer(self, request: web.Request) -> web.Response:
        return answered(await self._peers.one(request.match_info["name"]))

    async def _get_journal(self, request: web.Request) -> web.Response:
        after, before = (optional(request, name) for name in ("after", "before"))
        limit = max(1, min(1000, whole(request, "limit", 100)))
        entries = await self._desk.mailbox.journal(after=after, before=before, limit=limit)
        return answered(api.JournalPage(rows=rows_of(entries)))

    async def _post_stop(self, request: web.Request) -> web.Response:
        self._stop()
        return web.Response(status=202)

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        client = api.ClientView(
            kind=request.query.get("kind", "client"),
            session=request.query.get("session", ""),
            pid=whole(request, "pid", 0),
        )
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        with self._streams.watching(client.session) as watcher:
            if client.kind != _ONLOOKER:
                self._attendance.came(client)
                self._on_came(client)
                self._on_changed()
            try:
                await response.prepare(request)
                await _write(response, api.Hello(status=self._status()))
                while (event := await watcher.events.get()) is not None:
                    await _write(response, event)
            except ConnectionError:
                pass  # the client is gone, which the block below notes
            finally:
                is_vanished = self._attendance.left(client, _now_s())
                if not self._attendance.is_present(client.session):
                    self._on_left(client.session, is_vanished)
                self._on_changed()
        return response

    def _expect(self, session: str) -> None:
        """A session that holds leases without a stream gets the usual time to come back."""
        if not self._attendance.is_present(session):
            self._attendance.await_return(session, _now_s())


@contextlib.asynccontextmanager
async def serving(app: web.Application, agent: AgentPaths) -> AsyncIterator[None]:
    """Serve ``app`` on the agent's control socket until the block ends.

    Call it with the agent's lock held: a socket file that is there is a leftover.
    """
    # An interrupted wait must withdraw what it asked for, so handlers are cancelled with it.
    runner = web.AppRunner(
        app, access_log=None, logger=web_log, shutdown_timeout=0.2, handler_cancellation=True
    )
    await runner.setup()
    try:
        agent.socket.unlink(missing_ok=True)
        await web.UnixSite(runner, str(agent.socket)).start()
        agent.socket.chmod(0o600)
        yield
    finally:
        agent.socket.unlink(missing_ok=True)
        await runner.cleanup()


def _now_s() -> float:
    return asyncio.get_running_loop().time()


async def _write(response: web.StreamResponse, event: api.HostEvent) -> None:
    await response.write(event.model_dump_json().encode() + b"\n")
