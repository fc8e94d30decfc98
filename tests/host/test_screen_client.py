"""Watching a screen of a host that hangs, breaks off, or talks nonsense."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from meshbot_core.errors import HostUnavailableError, NoSessionError
from meshbot_core.host import screen_client
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from tests.support.hosts import answering

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def agent(mesh_paths: MeshPaths) -> AgentPaths:
    agent = mesh_paths.agent("dev")
    agent.folder.mkdir(parents=True)
    return agent


@asynccontextmanager
async def scripted(agent: AgentPaths, scrollback: Handler) -> AsyncIterator[None]:
    """A host that shows an empty screen, and tells its lines as ``scrollback`` does."""

    async def screen(request: web.Request) -> web.StreamResponse:
        line = web.WebSocketResponse()
        await line.prepare(request)
        async for _ in line:
            pass
        return line

    app = web.Application()
    app.add_routes(
        [web.get("/v1/session/screen", screen), web.get("/v1/session/scrollback", scrollback)]
    )
    async with answering(agent, app):
        yield


async def test_a_host_that_hangs_is_given_up_and_keeps_nobody(agent, monkeypatch):
    monkeypatch.setattr(screen_client, "ANSWER_LIMIT_S", 0.1)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(agent.socket))
        silent.listen()
        with pytest.raises(HostUnavailableError, match="says nothing"):
            async with ScreenClient.connected(agent, columns=80, rows=24):
                pass
    agent.socket.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("status", "text", "error", "match"),
    [
        (200, "{", HostUnavailableError, "not understood"),
        (404, '{"error": "no session", "code": "no_session"}', NoSessionError, "no session"),
        (500, "<html>", NoSessionError, "500"),
    ],
)
async def test_lines_that_are_not_to_be_had_are_an_error_of_ours(agent, status, text, error, match):
    async def scrollback(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text)

    async with (
        scripted(agent, scrollback),
        ScreenClient.connected(agent, columns=80, rows=24) as client,
    ):
        with pytest.raises(error, match=match):
            await client.scrollback()


async def test_a_line_that_breaks_while_lines_are_asked_for_is_an_error_of_ours(agent):
    async def scrollback(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    async with (
        scripted(agent, scrollback),
        ScreenClient.connected(agent, columns=80, rows=24) as client,
    ):
        with pytest.raises(HostUnavailableError, match="no host"):
            await client.scrollback()
