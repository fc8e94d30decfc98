"""Sessions whose claude is no good: each ends in a clear state, and loses no message."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session import budget, silence, supervisor
from meshbot_core.session.records import SessionOptions
from tests.cli.running import Runner
from tests.host.hosted import Dev, hosted
from tests.support.stand_in_claude import stand_in_claude, starts
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def dev(mesh_paths: MeshPaths, tmp_path: Path) -> AsyncIterator[Dev]:
    async with hosted(mesh_paths.agent("dev"), tmp_path) as found:
        yield found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are short, for nobody has the time."""
    monkeypatch.setattr(budget, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(silence, "_GARBLES_WITHIN_MS", 300)


async def test_one_that_crashes_at_every_start_is_given_up_after_five_and_says_so(
    dev: Dev, capsys: pytest.CaptureFixture[str]
):
    await dev.client.send(to="dev", message="are you there?")

    claude = await dev.starts("exit 3")

    view = await dev.is_in("crashed", is_over=True)
    assert len(starts(claude)) == 6
    assert view.reason == (
        "claude ended with status 3: it ends at once; "
        "it was started again 5 times in 10 minutes, no more"
    )
    assert (view.restarts, view.restarts_left, view.exit_status) == (5, 0, 3)
    shown = (await asyncio.to_thread(Runner(capsys), "ps")).out
    assert "crashed" in shown
    assert "5 times in 10 minutes" in shown
    await dev.reads_what_waits("heard: ")


async def test_ps_says_how_it_crashed_when_its_host_is_gone(
    mesh_paths: MeshPaths, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    agent = mesh_paths.agent("dev")
    async with hosted(agent, tmp_path) as dev:
        await dev.starts("exit 3", restart="never")
        await dev.is_in("crashed", is_over=True)

    shown = (await asyncio.to_thread(Runner(capsys), "ps")).out
    assert "crashed" in shown
    assert "status 3: it ends at once; see: meshbot logs dev" in shown

    async with hosted(agent, tmp_path) as dev:
        await dev.starts("")
        await dev.sessions.stop()
    assert "stopped" in (await asyncio.to_thread(Runner(capsys), "ps")).out


@pytest.mark.parametrize("kind", ["headless", "interactive"])
async def test_decision_18_a_host_that_ends_in_order_leaves_its_session_to_the_next(
    mesh_paths: MeshPaths, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
):
    agent = mesh_paths.agent("dev")
    async with hosted(agent, tmp_path) as dev:
        claude = await dev.starts("", kind=kind)
        await until(lambda: len(starts(claude)) == 1, 10)

    assert agent.session_json.exists()
    assert not agent.session_end.exists()
    async with hosted(agent, tmp_path) as dev:
        await until(lambda: len(starts(claude)) == 2, 10)
        assert (await dev.view()).kind == kind
        await dev.sessions.stop()
    assert not agent.session_json.exists()


async def test_a_host_that_ends_in_the_pause_after_a_crash_leaves_its_session_too(
    mesh_paths: MeshPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    agent = mesh_paths.agent("dev")
    monkeypatch.setattr(budget, "_FIRST_PAUSE_S", 60.0)
    async with hosted(agent, tmp_path) as dev:
        claude = await dev.starts("exit 3")
        await dev.is_in("crashed")

    monkeypatch.setattr(budget, "_FIRST_PAUSE_S", 0.01)
    async with hosted(agent, tmp_path) as dev:
        await until(lambda: len(starts(claude)) >= 2, 10)
        await dev.sessions.stop()


async def test_a_restart_in_the_pause_after_a_crash_comes_at_once_and_counts_once(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(budget, "_FIRST_PAUSE_S", 60.0)
    claude = await dev.starts("crash")
    await dev.is_in("crashed")
    stand_in_claude(claude.parent)

    async with asyncio.timeout(10):
        await dev.sessions.restart()
    view = await dev.is_in("idle")
    os.kill(view.pid, signal.SIGKILL)

    await dev.is_in("crashed")
    assert len(starts(claude)) == 1  # the one that crashed at once left no word


async def test_a_session_is_stopped_though_its_claude_is_just_being_started(
    dev: Dev, tmp_path: Path
):
    options = {"kind": "headless", "folder": str(tmp_path)}
    options["claude"] = str(stand_in_claude(tmp_path / "claude"))
    async with asyncio.TaskGroup() as group:
        group.create_task(dev.sessions.start(SessionOptions.model_validate(options)))
        await until(lambda: dev.host.sessions._supervisor is not None)
        async with asyncio.timeout(8):
            await dev.sessions.stop(timeout_s=1)

    assert (await dev.view()).state == "stopped"


@pytest.mark.parametrize("moment", ["_is_starting", "_supervisor"])
async def test_a_host_ends_though_it_is_just_starting_the_session_that_the_last_one_left(
    mesh_paths: MeshPaths, tmp_path: Path, moment: str
):
    agent = mesh_paths.agent("dev")
    async with hosted(agent, tmp_path) as dev:
        await dev.starts("")
    async with asyncio.timeout(10):
        async with hosted(agent, tmp_path) as dev:
            await until(lambda: bool(getattr(dev.host.sessions, moment)))

    assert agent.session_json.exists()
    async with hosted(agent, tmp_path) as dev:
        await dev.is_in("idle")
        await dev.sessions.stop()


async def test_a_restart_while_a_crash_is_cleared_up_waits_for_no_pause(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(budget, "_FIRST_PAUSE_S", 60.0)
    is_clearing, may_go_on = threading.Event(), threading.Event()

    def clearing(agent: AgentPaths) -> int:
        is_clearing.set()
        may_go_on.wait(10)
        return 0

    await dev.starts("")
    view = await dev.is_in("idle")
    monkeypatch.setattr(supervisor, "end_leftovers", clearing)
    assert view.pid is not None
    os.kill(view.pid, signal.SIGKILL)
    await until(is_clearing.is_set)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        group.create_task(dev.sessions.restart())
        await until(lambda: not dev.host.sessions._supervisor.came_up.is_set())
        may_go_on.set()

    assert (await dev.is_in("idle")).restarts == 1


async def test_one_that_ends_well_at_once_is_not_started_again_and_again(dev: Dev):
    await dev.client.send(to="dev", message="are you there?")

    claude = await dev.starts("exit 0", "interactive")

    view = await dev.is_in("crashed", is_over=True)
    assert "ended with status 0: it ends at once" in view.reason
    assert len(starts(claude)) == 1
    await dev.reads_what_waits("heard: ")


async def test_a_line_of_garbage_between_the_events_is_passed_over(dev: Dev):
    await dev.starts("garbage")
    await dev.client.send(to="dev", message="are you there?")

    await until(lambda: "heard: " in dev.log, 10)
    assert "garbage" in dev.log
    await dev.is_in("idle")


async def test_one_that_answers_with_garbage_is_deaf_and_what_it_was_told_waits(dev: Dev):
    await dev.client.send(to="dev", message="are you there?")
    await dev.starts("babble", flags=["Watch."])

    view = await dev.is_in("deaf")

    assert view.reason.startswith("claude does not answer; what it writes is no event: I was told")
    await dev.sessions.stop()
    await dev.reads_what_waits("heard: ")


async def test_fifty_megabytes_without_an_end_of_line_are_borne(dev: Dev):
    await dev.client.send(to="dev", message="are you there?")

    await dev.starts("flood", restart="never")

    view = await dev.is_in("crashed", is_over=True)
    assert view.reason.startswith("claude ended with status 3: xxx")
    assert len(view.reason) < 300
    await dev.reads_what_waits("heard: ")
