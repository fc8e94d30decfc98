"""What a session's states are told to: the person, its log, and peers that ask for its status."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from meshbot_core.mcp.results import status_of
from meshbot_core.mesh.config import change_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import SessionState
from tests.cli.running import Runner
from tests.host.hosted import Dev, hosted
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def dev(mesh_paths: MeshPaths, tmp_path: Path) -> AsyncIterator[Dev]:
    async with hosted(mesh_paths.agent("dev"), tmp_path) as found:
        yield found


@pytest.fixture
async def ops(mesh_paths: MeshPaths, tmp_path: Path) -> AsyncIterator[Dev]:
    async with hosted(mesh_paths.agent("ops"), tmp_path) as found:
        yield found


@pytest.fixture
def meshbot(capsys: pytest.CaptureFixture[str]) -> Runner:
    return Runner(capsys)


async def test_every_state_is_told_to_a_peer_that_asks(dev: Dev, ops: Dev, meshbot: Runner):
    assert (await ops.client.peer("dev")).state == "", "no session"
    await dev.starts("hang")
    session = dev.host.sessions.session
    assert session is not None
    session.tracker.limited_until_ms = 2**52

    for state in sorted(set(get_args(SessionState)) - {"asks_operator", "stopped"}):
        session.tracker.to(state)
        assert (await ops.client.peer("dev")).state == state.replace("_", " ")

    session.tracker.to("stalled")
    assert "(stalled)" in (await asyncio.to_thread(meshbot, "status")).out
    answer = json.loads(status_of(await ops.client.peer("dev")).text)
    assert answer["state"] == "stalled"
    await until(lambda: " state stalled\n" in dev.log)


async def test_a_crash_for_good_is_told_by_the_next_host_too(
    mesh_paths: MeshPaths, tmp_path: Path, ops: Dev
):
    for is_first in (True, False):
        async with hosted(mesh_paths.agent("dev"), tmp_path) as dev:
            if is_first:
                await dev.starts("exit 3", restart="never")
                await dev.is_in("crashed", is_over=True)
            assert (await ops.client.peer("dev")).state == "crashed"


async def test_a_session_that_asks_the_person_says_so_until_it_is_answered_or_withdrawn(
    mesh_paths: MeshPaths, tmp_path: Path, dev: Dev, meshbot: Runner
):
    change_config(mesh_paths, lambda config: config.model_copy(update={"operator": "anna"}))
    async with hosted(mesh_paths.agent("anna"), tmp_path) as anna:
        await dev.starts("hang", flags=["Ask the human."])
        await dev.is_in("working")

        asked = await dev.client.ask(to="operator", message="May I?", timeout_s=60)

        view = await dev.is_in("asks_operator")
        assert view.reason == "it waits for an answer of yours: meshbot inbox"
        assert "asks you" in (await asyncio.to_thread(meshbot, "ps")).out
        assert (await anna.client.peer("dev")).state == "asks operator"
        await anna.client.reply(to="dev", message_id=asked.id, message="You may.")
        await dev.is_in("working")
        assert "asks you no more" in dev.log

        withdrawn = await dev.client.ask(to="operator", message="And this?", timeout_s=60)
        await dev.is_in("asks_operator")
        await dev.client.cancel_ask(withdrawn.id)
        await dev.is_in("working")
