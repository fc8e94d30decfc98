"""Where a session's hooks, status line and waiters arrive: HTTP on loopback, with a token.

The token is good for telling events, and for nothing else. Whatever is wrong with an event, the
answer is ``{}``: Claude Code shows errors of hooks to its user.
"""

import contextlib
import hmac
import logging
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiohttp import web

from meshbot_core.claude.answers import NO_ANSWER
from meshbot_core.claude.documents import MAX_DOCUMENT_BYTES
from meshbot_core.claude.hooks import HookEvent, SessionStart, parse_hook
from meshbot_core.claude.statusline import StatusReport, parse_status
from meshbot_core.errors import ClaudeEventError, MeshError
from meshbot_core.session.waiters import Waiter, Waiters
from meshbot_core.session.web_log import web_log

log = logging.getLogger(__name__)

_MAX_WAITERS: Final = 64
_WRITTEN_WITHIN_S: Final = 5.0
_SHOWN_CHARS: Final = 60
PID_HEADER: Final = "X-Claude-Pid"
WAITER_HEADER: Final = "X-Waiter"


class HookSink(Protocol):
    """What hears the session."""

    @property
    def waiters(self) -> Waiters:
        """Who can wake it."""

    async def hook(self, event: HookEvent) -> bytes:
        """Note an event; the answer for Claude Code. Cancelled when nobody waits for it."""

    def status_line(self, report: StatusReport) -> None:
        """Note what the status line told."""


@dataclass(slots=True)
class HookListener:
    """The routes of one session; ``url`` once it listens."""

    sink: HookSink
    token: str = field(repr=False)
    url: str = ""
    rejected: int = 0
    _standing: dict[str, Waiter] = field(default_factory=dict)

    def application(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=MAX_DOCUMENT_BYTES + 1)
        app.add_routes(
            [
                web.post("/hook", self._hook),
                web.post("/status", self._status),
                web.post("/wait", self._wait),
                web.post("/woken/{waiter}", self._woken),
            ]
        )
        app.on_shutdown.append(self._dismiss)
        return app

    async def _dismiss(self, _app: web.Application) -> None:
        self.sink.waiters.dismiss_all()

    async def _hook(self, request: web.Request) -> web.Response:
        event = await self._event(request)
        return _json(NO_ANSWER if event is None else await self._answer(event))

    async def _answer(self, event: HookEvent) -> bytes:
        try:
            return await self.sink.hook(event)
        except MeshError as error:
            log.warning("a %s hook has no answer: %s", event.name[:_SHOWN_CHARS], error)
            return NO_ANSWER

    async def _event(self, request: web.Request) -> HookEvent | None:
        self._check(request)
        try:
            return parse_hook(await request.read())
        except (ClaudeEventError, web.HTTPRequestEntityTooLarge) as error:
            log.warning("a hook event was not understood: %s", error)
            return None

    async def _status(self, request: web.Request) -> web.Response:
        self._check(request)
        try:
            self.sink.status_line(parse_status(await request.read()))
        except (ClaudeEventError, web.HTTPRequestEntityTooLarge) as error:
            log.warning("a status line was not understood: %s", error)
        return _json(NO_ANSWER)

    async def _wait(self, request: web.Request) -> web.StreamResponse:
        """Answer 200 with the text to wake with, or 204: end, somebody else waits."""
        event = await self._event(request)
        if event is None or len(self._standing) >= _MAX_WAITERS:
            return web.Response(status=204)
        is_first = isinstance(event, SessionStart)
        waiter = Waiter(event.session_id, _pid(request), begins=is_first)
        identity = uuid.uuid4().hex
        self._standing[identity] = waiter
        try:
            self.sink.waiters.came(waiter)
            text = await waiter.text
            if text is None:
                return web.Response(status=204)
            return await _handed_over(request, waiter, text, identity)
        finally:
            del self._standing[identity]
            self.sink.waiters.left(waiter)

    async def _woken(self, request: web.Request) -> web.Response:
        self._check(request)
        if waiter := self._standing.get(request.match_info["waiter"]):
            waiter.settle(is_written=True)
        return web.Response(status=204)

    def _check(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "").encode(errors="replace")
        if not hmac.compare_digest(given, f"Bearer {self.token}".encode()):
            self.rejected += 1
            log.warning("a hook with a wrong token was refused (%d so far)", self.rejected)
            raise web.HTTPUnauthorized


async def _handed_over(
    request: web.Request, waiter: Waiter, text: str, identity: str
) -> web.StreamResponse:
    """Send the text, and keep the connection while the waiter writes it down.

    A connection that closes before the waiter confirmed says that it is gone.
    """
    body = text.encode(errors="replace")
    response = web.Response(body=body, headers={WAITER_HEADER: identity})
    await response.prepare(request)
    await response.write_eof()
    await waiter.settled(_WRITTEN_WITHIN_S)
    return response


def _pid(request: web.Request) -> int:
    """The claude that the waiter says it belongs to; 0, which is nobody, when it says none."""
    try:
        return int(request.headers.get(PID_HEADER, ""))
    except ValueError:
        return 0


def _json(answer: bytes) -> web.Response:
    return web.Response(body=answer, content_type="application/json")


@contextlib.asynccontextmanager
async def hook_listener(sink: HookSink, *, token: str) -> AsyncIterator[HookListener]:
    """Listen on loopback, on a port of the system's choice, until the block ends."""
    listener = HookListener(sink, token)
    # A hook that Claude Code gave up withdraws what it asked for.
    runner = web.AppRunner(
        listener.application(),
        access_log=None,
        logger=web_log,
        shutdown_timeout=0.2,
        handler_cancellation=True,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port: int = runner.addresses[0][1]
        listener.url = f"http://127.0.0.1:{port}"
        yield listener
    finally:
        await runner.cleanup()
