"""Commands that speak to peers once, without a host."""

import asyncio
import subprocess
import sys
import time

import pytest

from meshbot_core.errors import PeerRefusedError, PeerUnreachableError, UnknownPeerError
from meshbot_core.mesh.config import MeshConfig, change_config, read_config
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.mesh.peers import with_peer
from meshbot_core.node.events import MessageArrived
from meshbot_core.node.health import PeerHealth
from meshbot_core.node.oneshot import probe_peers, send_once
from meshbot_core.types import SystemClock
from tests.node.conftest import StartNode
from tests.node.scripted import HANG, scripted


def in_mesh(paths: MeshPaths, **peers: str) -> MeshConfig:
    for name, url in peers.items():
        change_config(paths, lambda config, name=name, url=url: with_peer(config, name, url))
    return read_config(paths)


def quick(config: MeshConfig, **seconds: float) -> MeshConfig:
    return config.model_copy(update={"timeouts": config.timeouts.model_copy(update=seconds)})


async def send(config: MeshConfig, key: MeshKey, paths: MeshPaths, to: str = "bob") -> str:
    def work() -> str:
        now_ms = SystemClock().now_ms()
        return send_once(config, key, paths, sender="me", to=to, message="hi", now_ms=now_ms)

    return await asyncio.to_thread(work)


async def test_a_message_is_sent_without_a_host(
    start_node: StartNode, mesh_paths: MeshPaths, key: MeshKey
):
    bob = await start_node("bob")

    message_id = await send(bob.node.config, key, mesh_paths)

    message = (await bob.event(MessageArrived)).message
    assert (message.id, message.sender, message.payload) == (message_id, "me", "hi")


async def test_a_peer_that_is_down_is_named(mesh_paths: MeshPaths, key: MeshKey, closed_door: str):
    config = in_mesh(mesh_paths, bob=closed_door)

    with pytest.raises(PeerUnreachableError, match="connection refused") as caught:
        await send(config, key, mesh_paths)

    assert "meshbot serve --as bob" in caught.value.hint


async def test_a_host_that_nobody_knows_is_told_in_words(mesh_paths: MeshPaths, key: MeshKey):
    config = in_mesh(mesh_paths, bob="http://bob.invalid:9820")

    with pytest.raises(PeerUnreachableError, match="its host name is not known"):
        await send(config, key, mesh_paths)


async def test_a_peer_that_is_not_in_the_mesh_is_refused(mesh_paths: MeshPaths, key: MeshKey):
    with pytest.raises(UnknownPeerError, match="Unknown agent"):
        await send(read_config(mesh_paths), key, mesh_paths)


@pytest.mark.parametrize(("status", "is_final"), [(404, True), (401, False), (500, False)])
async def test_a_refusal_says_status_and_whether_it_is_final(
    mesh_paths: MeshPaths, key: MeshKey, status: int, is_final: bool
):
    async with scripted(lambda *_: (status, {"error": "no\x1b[31m"})) as peer:
        with pytest.raises(PeerRefusedError) as caught:
            await send(in_mesh(mesh_paths, bob=peer.url), key, mesh_paths)

    assert (caught.value.status, caught.value.is_final) == (status, is_final)
    assert str(caught.value) == f'"bob" refused: HTTP {status}: no [31m'


async def test_protocol_10_a_peer_that_hangs_costs_a_command_the_time_out(
    mesh_paths: MeshPaths, key: MeshKey
):
    async with scripted(lambda *_: HANG) as peer:
        config = quick(in_mesh(mesh_paths, bob=peer.url), send_seconds=0.3)
        began = time.monotonic()
        with pytest.raises(PeerUnreachableError, match="no answer in time"):
            await send(config, key, mesh_paths)

    assert time.monotonic() - began < 3.0


async def test_status_with_fifty_peers_that_hang_tells_the_others_first_and_ends_in_time(
    start_node: StartNode, mesh_paths: MeshPaths, closed_door: str
):
    await start_node("bob")
    async with scripted(lambda *_: HANG) as peer:
        config = in_mesh(mesh_paths, down=closed_door, **{f"h{n}": peer.url for n in range(50)})
        config = quick(config, health_seconds=2.0)

        def work() -> list[tuple[float, PeerHealth]]:
            began = time.monotonic()
            return [(time.monotonic() - began, h) for h in probe_peers(config, mesh_paths)]

        came = await asyncio.to_thread(work)

    # They are told before anything that hangs is given up.
    assert {health.name for at, health in came if at < 2.0} == {"bob", "down"}
    assert {health.name for _, health in came[:2]} == {"bob", "down"}
    assert {health.name for _, health in came if health.is_online} == {"bob"}
    assert len(came) == 52
    assert came[-1][0] < 3.5


async def test_stopping_in_the_middle_leaves_nothing_behind(
    start_node: StartNode, mesh_paths: MeshPaths
):
    bob = await start_node("bob")
    async with scripted(lambda *_: HANG) as peer:
        config = quick(in_mesh(mesh_paths, hung=peer.url), health_seconds=5)

        def first() -> PeerHealth:
            answers = probe_peers(config, mesh_paths)
            try:
                return next(answers)
            finally:
                answers.close()

        began = time.monotonic()
        assert (await asyncio.to_thread(first)).name == bob.node.agent
    assert time.monotonic() - began < 2


@pytest.mark.slow
def test_the_command_line_waits_for_nothing_heavy():
    code = (
        "import sys, meshbot_core.node.oneshot;"
        "print([m for m in ('aiohttp','cryptography','mcp','watchfiles') if m in sys.modules])"
    )

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603 -- our own code

    assert found.stdout.strip() == "[]"
