"""What a session's states are told to: the person, its log, and peers that ask for its status."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import get_args

import pytest

from meshbot_core.cli import run
from meshbot_core.errors import DecisionForbiddenError, MeshError, SessionRunningError
from meshbot_core.host import control, session_routes
from meshbot_core.host.client import HostClient
from meshbot_core.host.requests import SocketPeer
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.mcp.results import status_of
from meshbot_core.mesh.config import Sessions, change_config
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session import backoff
from meshbot_core.session.records import SessionOptions, SessionState
from tests.cli.running import Runner
from tests.host.hosted import Dev, hosted
from tests.support.stand_in_claude import stand_in_claude, starts
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


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "_FIRST_MS", 10)


@pytest.mark.usefixtures("impatient")
async def test_a_session_goes_on_by_itself_when_a_limit_of_the_api_is_over(dev: Dev):
    async with HostClient.connected(dev.agent, kind="test", present=True) as client:
        await dev.starts("", flags=["--", "limit"])

        # The task did not fail: it goes on in another turn.
        assert await run._told(client) == 0
    assert "state limited You've hit your limit; goes on " in dev.log
    assert "said heard: [meshbot] The limit of the API" in dev.log


@pytest.mark.usefixtures("impatient")
async def test_a_session_that_shall_not_go_on_by_itself_does_when_a_human_says_so(
    dev: Dev, meshbot: Runner
):
    await dev.starts("", flags=["--", "limit"], goes_on_after_limit=False)
    view = await dev.is_in("limited")
    assert "goes on when you say meshbot resume dev" in view.reason
    shown = json.loads((await asyncio.to_thread(meshbot, "ps", "--json")).out)
    [row] = [each for each in shown if each["name"] == "dev"]
    assert row["session"]["limitedUntil"] == view.limited_until_ms
    # A second later it would have gone on.
    await until(lambda: time.time() * 1000 > view.since_ms + 1500, 5)
    assert (await dev.view()).state == "limited"

    said = await asyncio.to_thread(meshbot, "resume", "dev")

    assert said.out == '"dev" goes on\n'
    await until(lambda: "said heard: [meshbot] The limit of the API" in dev.log)


async def test_what_a_session_was_denied_is_kept_in_its_log(dev: Dev):
    await dev.starts("", flags=["--", "deny"])

    await until(lambda: " denied Bash rm x\n" in dev.log)


async def test_the_mesh_s_configuration_says_what_a_start_does_not(
    mesh_paths: MeshPaths, tmp_path: Path, dev: Dev
):
    claude = stand_in_claude(tmp_path / "chosen")
    sessions = Sessions(claude=str(claude), approval_limit_seconds=7, goes_on_after_limit=False)
    change_config(mesh_paths, lambda config: config.model_copy(update={"sessions": sessions}))

    options = {"kind": "headless", "folder": str(tmp_path)}
    answer = await dev.sessions.start(SessionOptions.model_validate(options))

    await until(lambda: len(starts(claude)) == 1)
    assert answer.options == SessionOptions.model_validate(options)
    session = dev.host.sessions.session
    assert session is not None
    settled = (session.options.approval_limit_s, session.options.goes_on_after_limit)
    assert settled == (7, False)


@pytest.mark.parametrize("kind", ["headless", "interactive"])
async def test_decision_13_a_session_does_not_lift_its_own_pause_or_type_its_own_answers(
    dev: Dev, monkeypatch: pytest.MonkeyPatch, kind: str
):
    await dev.starts("", kind=kind)
    view = await dev.view()
    # As if the session itself were at the other end.
    monkeypatch.setattr(session_routes, "peer_of", lambda request: SocketPeer(pid=view.pid))

    with pytest.raises(DecisionForbiddenError):
        await dev.sessions.resume()
    with pytest.raises(DecisionForbiddenError):
        await dev.sessions.restart((await dev.sessions.session()).options)
    assert (await dev.sessions.restart()).session is not None
    if kind == "interactive":
        with pytest.raises(DecisionForbiddenError):
            async with ScreenClient.connected(dev.agent, columns=80, rows=24):
                pass


async def test_nobody_but_the_user_of_this_host_is_answered(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(control, "peer_of", lambda request: SocketPeer(uid=os.getuid() + 1))

    with pytest.raises(MeshError, match="belongs to another user"):
        await dev.client.status()
    with pytest.raises(MeshError, match="belongs to another user"):
        await dev.starts("")


async def test_a_session_that_cost_enough_for_today_is_paused_until_a_human_says_so(
    dev: Dev, ops: Dev
):
    await dev.starts("", flags=["--", "hello"], limits={"cost_per_day_usd": 0.01})
    view = await dev.is_in("paused")
    assert view.reason == "$0.01 spent today (limit $0.01)"
    await ops.client.send(to="dev", message="and now?")
    await until(lambda: " paused $0.01 spent today" in dev.log)
    assert (await dev.client.status()).unread == 1

    await dev.sessions.resume()

    await until(lambda: "and now?" in dev.log, 10)
    await dev.is_in("paused")


async def test_a_second_start_says_whose_the_session_is(dev: Dev):
    await dev.starts("")
    view = await dev.view()

    with pytest.raises(SessionRunningError, match=rf"claude's pid {view.pid}, its host's"):
        await dev.starts("")


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
