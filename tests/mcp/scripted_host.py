"""A host whose words the test chooses: real sockets, and a record of what serve told it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel

from meshbot_core.errors import NoSessionError
from meshbot_core.host.api import Hello, HostStatus, MessageBatch, PeerPage, SettleCall
from meshbot_core.host.session_api import ApprovalRequest, NativeSocket, PushReport
from meshbot_core.mesh.paths import AgentPaths
from meshbot_core.session.records import Behavior, Decision
from tests.support.waiting import until

_STATUS = HostStatus(
    mesh="default",
    agent="alpha",
    pid=1,
    host="127.0.0.1",
    port=1,
    url="http://127.0.0.1:1",
    started_at_ms=0,
    unread=0,
    leased=0,
    queued=0,
    open_asks=0,
    api_version=1,
    version="0",
)


@dataclass
class ScriptedHost:
    """What was said to it; ``verdict`` None lets approvals wait."""

    verdict: Behavior | None = None
    reason: str = ""
    has_session: bool = True
    announced: list[NativeSocket] = field(default_factory=list)
    reports: list[PushReport] = field(default_factory=list)
    requests: list[ApprovalRequest] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    settled: list[SettleCall] = field(default_factory=list)
    leases: int = 0
    end: Callable[[], Awaitable[None]] = field(default=lambda: asyncio.sleep(0))
    """Ends it before its block does."""
    _streams: set[web.StreamResponse] = field(default_factory=set)

    async def publish(self, event: BaseModel) -> None:
        """Send an event to everybody who watches."""
        for stream in self._streams:
            await stream.write(event.model_dump_json().encode() + b"\n")

    @property
    def watcher_count(self) -> int:
        return len(self._streams)

    async def reported(self, frame_id: str) -> PushReport:
        """The first report about that frame."""
        await until(lambda: any(each.frame_id == frame_id for each in self.reports), 10)
        return next(each for each in self.reports if each.frame_id == frame_id)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/status", self._answers(lambda: _STATUS)),
            web.get("/v1/events", self._events),
            web.get("/v1/peers", self._answers(lambda: PeerPage(peers=()))),
            web.post("/v1/pending", self._pending),
            web.post("/v1/settle", self._takes(SettleCall, self.settled)),
            web.post("/v1/goodbye", self._takes(SettleCall, self.settled)),
            web.post("/v1/native", self._takes(NativeSocket, self.announced)),
            web.post("/v1/pushes", self._takes(PushReport, self.reports)),
            web.post("/v1/approvals", self._approve),
        ]

    def _answers(self, value: Callable[[], BaseModel]):
        async def answer(_: web.Request) -> web.Response:
            return _json(value())

        return answer

    def _takes(self, model: type[BaseModel], into: list):
        async def take(request: web.Request) -> web.Response:
            into.append(model.model_validate_json(await request.read()))
            return web.Response(status=204)

        return take

    async def _events(self, request: web.Request) -> web.StreamResponse:
        stream = web.StreamResponse()
        await stream.prepare(request)
        await stream.write(Hello(status=_STATUS).model_dump_json().encode() + b"\n")
        self._streams.add(stream)
        try:
            await asyncio.Event().wait()
        finally:
            self._streams.discard(stream)
        return stream

    async def _pending(self, _: web.Request) -> web.Response:
        self.leases += 1
        return _json(MessageBatch())

    async def _approve(self, request: web.Request) -> web.Response:
        asked = ApprovalRequest.model_validate_json(await request.read())
        if not self.has_session:
            error = NoSessionError("no session of this host runs")
            body = {"error": str(error), "code": error.code}
            return web.json_response(body, status=error.http_status)
        self.requests.append(asked)
        try:
            await until(lambda: self.verdict is not None, 20)
        except asyncio.CancelledError:
            self.withdrawn.append(asked.id)
            raise
        return _json(
            Decision(
                approval_id=asked.id,
                tool=asked.tool,
                behavior=self.verdict,
                reason=self.reason,
                by="cli",
                asked_at_ms=0,
                decided_at_ms=0,
            )
        )


@contextlib.asynccontextmanager
async def scripted_host(agent: AgentPaths) -> AsyncIterator[ScriptedHost]:
    """Listens where the host of ``agent`` would, until the block ends."""
    host = ScriptedHost()
    app = web.Application()
    app.add_routes(host.routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    host.end = runner.cleanup
    try:
        await web.UnixSite(runner, str(agent.socket)).start()
        yield host
    finally:
        await runner.cleanup()


def _json(value: BaseModel) -> web.Response:
    return web.Response(body=value.model_dump_json(), content_type="application/json")
