"""The routes of the control API that belong to the session, its screen and its approvals."""

from collections.abc import Sequence

from aiohttp import web

from meshbot_core.host.requests import answered, body_of, optional, peer_of, whole
from meshbot_core.host.screen_socket import screen_socket
from meshbot_core.host.session_api import (
    ApprovalRequest,
    NativeSocket,
    PushReport,
    RestartSession,
    StartSession,
    StopSession,
    WrittenResults,
)
from meshbot_core.host.session_desk import SessionDesk
from meshbot_core.session.records import Verdict

_MOST_DECISIONS = 1000
_MOST_LINES = 5000


class SessionRoutes:
    """Translates requests to the session desk."""

    def __init__(self, desk: SessionDesk) -> None:
        self._desk = desk

    def routes(self) -> Sequence[web.RouteDef]:
        """All of them, for the control application."""
        return [
            web.post("/v1/session", self._start),
            web.get("/v1/session", self._get),
            web.post("/v1/session/stop", self._stop),
            web.post("/v1/session/restart", self._restart),
            web.post("/v1/session/resume", self._resume),
            web.get("/v1/session/screen", self._screen),
            web.get("/v1/session/scrollback", self._scrollback),
            web.get("/v1/approvals", self._approvals),
            web.post("/v1/approvals", self._request),
            web.post("/v1/approvals/{id}", self._decide),
            web.post("/v1/native", self._native),
            web.post("/v1/pushes", self._pushes),
            web.post("/v1/written", self._written),
        ]

    async def _start(self, request: web.Request) -> web.Response:
        call = await body_of(request, StartSession)
        return answered(await self._desk.start(call.options))

    async def _get(self, request: web.Request) -> web.Response:
        await self._desk.ready()
        return answered(self._desk.news.answer())

    async def _stop(self, request: web.Request) -> web.Response:
        await self._desk.ready()
        return answered(await self._desk.stop(await body_of(request, StopSession)))

    async def _restart(self, request: web.Request) -> web.Response:
        await self._desk.ready()
        call = await body_of(request, RestartSession) if request.can_read_body else RestartSession()
        if call.options is not None:
            await self._desk.approvals.check_is_human(peer_of(request).pid)
        return answered(await self._desk.restart(call))

    async def _resume(self, request: web.Request) -> web.Response:
        await self._desk.ready()
        return answered(await self._desk.resume(peer_of(request).pid))

    async def _screen(self, request: web.Request) -> web.StreamResponse:
        await self._desk.ready()
        # Who types answers prompts.
        await self._desk.approvals.check_is_human(peer_of(request).pid)
        return await screen_socket(request, self._desk.viewers())

    async def _scrollback(self, request: web.Request) -> web.Response:
        await self._desk.ready()
        limit = max(1, min(_MOST_LINES, whole(request, "limit", 500)))
        page = self._desk.viewers().screen.scrollback(
            before=optional(request, "before"), limit=limit
        )
        return answered(page)

    async def _approvals(self, request: web.Request) -> web.Response:
        history = max(0, min(_MOST_DECISIONS, whole(request, "history", 0)))
        return answered(await self._desk.approvals.page(history))

    async def _request(self, request: web.Request) -> web.Response:
        return answered(await self._desk.approvals.ask(await body_of(request, ApprovalRequest)))

    async def _decide(self, request: web.Request) -> web.Response:
        verdict = await body_of(request, Verdict)
        peer = peer_of(request)
        decision = await self._desk.approvals.decide(
            request.match_info["id"], verdict, pid=peer.pid, uid=peer.uid
        )
        return answered(decision)

    async def _native(self, request: web.Request) -> web.Response:
        self._desk.clients.native_came(await body_of(request, NativeSocket))
        return web.Response(status=204)

    async def _written(self, request: web.Request) -> web.Response:
        self._desk.clients.results_written(await body_of(request, WrittenResults))
        return web.Response(status=204)

    async def _pushes(self, request: web.Request) -> web.Response:
        await self._desk.clients.push_reported(await body_of(request, PushReport))
        return web.Response(status=204)
