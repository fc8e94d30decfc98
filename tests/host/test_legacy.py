"""Living beside the reference implementation under one name."""

import json
from pathlib import Path

import pytest
from aiohttp import web

from meshbot_core.errors import HostRunningError
from meshbot_core.host.client import HostClient
from meshbot_core.host.host import HostOptions, running
from meshbot_core.mesh.config import change_config
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.peers import with_peer
from meshbot_core.node.node import Listen
from meshbot_core.types import SystemClock, new_id

OPTIONS = HostOptions(Listen(host=None, port=None, advertise=None))


def leave_queue(agent: AgentPaths) -> Path:
    agent.folder.mkdir(parents=True, exist_ok=True)
    entry = {
        "id": new_id(),
        "from": "ops",
        "message": "left behind",
        "timestamp": SystemClock().now_ms(),
        "type": "message",
    }
    agent.legacy_queue.write_text(json.dumps([entry]), encoding="utf-8")
    return agent.legacy_queue


async def listening_as(name: str, paths: MeshPaths) -> web.AppRunner:
    """Somebody who answers health as ``name``, listed in the mesh under that name."""

    async def health(_request: web.Request) -> web.Response:
        return web.json_response({"agent": name, "status": "online", "timestamp": 0})

    app = web.Application()
    app.add_routes([web.get("/mesh/health", health)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://localhost:{runner.addresses[0][1]}"
    change_config(paths, lambda config: with_peer(config, "dev", url, ""))
    return runner


async def test_decision_23_a_queue_that_the_reference_left_is_taken_over_once(
    mesh_paths: MeshPaths,
):
    agent = mesh_paths.agent("dev")
    queue = leave_queue(agent)
    for texts in (["left behind"], []):
        async with (
            running(agent, OPTIONS, SystemClock()),
            HostClient.connected(agent, kind="test") as client,
        ):
            batch = await client.check()
            assert [message.text for message in batch.messages] == texts
            await client.settle(acknowledge=[batch.lease_id])
        assert not queue.exists()


async def test_decision_23_a_living_reference_agent_keeps_its_name_and_its_queue(
    mesh_paths: MeshPaths,
):
    agent = mesh_paths.agent("dev")
    queue = leave_queue(agent)
    runner = await listening_as("dev", mesh_paths)
    try:
        with pytest.raises(HostRunningError, match="answers at http://localhost") as caught:
            async with running(agent, OPTIONS, SystemClock()):
                pass
    finally:
        await runner.cleanup()
    assert "--as" in caught.value.hint
    assert queue.exists()


async def test_a_port_that_somebody_else_took_meanwhile_is_not_a_namesake(mesh_paths: MeshPaths):
    runner = await listening_as("other", mesh_paths)
    try:
        async with running(mesh_paths.agent("dev"), OPTIONS, SystemClock()) as host:
            assert host.status().port != runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_decision_32_peers_are_not_polled_while_nobody_asks(mesh_paths: MeshPaths):
    asked: list[str] = []

    async def anything(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"agent": "ops", "status": "online", "timestamp": 0})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", anything)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    change_config(mesh_paths, lambda config: with_peer(config, "ops", url, ""))
    agent = mesh_paths.agent("dev")
    try:
        async with (
            running(agent, OPTIONS, SystemClock()),
            HostClient.connected(agent, kind="test", present=True) as client,
        ):
            await client.status()
            assert asked == []
            assert [peer.is_online for peer in await client.peers()] == [True]
            assert asked == ["/mesh/health"]
    finally:
        await runner.cleanup()
