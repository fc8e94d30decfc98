"""The extra ``speed`` changes the loop under a node, and nothing else."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.files import make_private_folder
from meshbot_core.mesh.keys import MeshKey
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.node.events import MessageArrived, NodeEvent
from meshbot_core.node.node import Listen, Node
from meshbot_core.types import SystemClock
from tests.node.talk import Line, message, posted, request

uvloop = pytest.importorskip("uvloop")


def test_a_node_serves_and_ends_on_uvloop(mesh_paths: MeshPaths, key: MeshKey):
    events: list[NodeEvent] = []

    async def work() -> None:
        paths = mesh_paths.agent("alpha")
        make_private_folder(paths.folder)
        async with AsyncExitStack() as stack:
            mailbox = await stack.enter_async_context(
                Mailbox.opened(paths.mailbox, agent="alpha", machine_id="here", clock=SystemClock())
            )
            node = await stack.enter_async_context(
                Node(
                    agent="alpha",
                    paths=mesh_paths,
                    mailbox=mailbox,
                    clock=SystemClock(),
                    listen=Listen(),
                    notify=events.append,
                    version="0.0.test",
                )
            )
            wire = message(key, SystemClock().now_ms(), payload="x" * 900_000)
            async with Line(node.port) as line:
                assert (await line.ask(posted(key, wire))).status == 200
                assert (await line.ask(request("GET", "/nowhere"))).status == 404
                async with asyncio.timeout(2):
                    await stack.aclose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work())

    assert any(isinstance(event, MessageArrived) for event in events)
