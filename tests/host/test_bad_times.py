"""A full disk, a folder that goes away, a dialog in the way, a host of another version."""

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from meshbot_core.errors import HostVersionError
from meshbot_core.host.client import HostClient
from meshbot_core.host.link import Link
from meshbot_core.host.lock import announce
from meshbot_core.host.unix_http import UnixHttp
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session import budget, following, session
from tests.host.hosted import Dev, hosted
from tests.support.stand_in_claude import Start, starts
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
async def dev(
    mesh_paths: MeshPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Dev]:
    monkeypatch.setattr(budget, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(following, "_TRY_AGAIN_S", 0.05)
    async with hosted(mesh_paths.agent("dev"), tmp_path) as found:
        yield found


@contextlib.contextmanager
def nothing_can_be_written(dev: Dev) -> Iterator[None]:
    """The mailbox fails as on a full disk: another holds it, and nobody waits for that one."""
    mine: sqlite3.Connection = dev.host.desk.mailbox._store._connection
    mine.execute("PRAGMA busy_timeout = 20")
    with contextlib.closing(sqlite3.connect(dev.agent.mailbox, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            mine.execute("PRAGMA busy_timeout = 2000")


async def hooked(start: Start, name: str, **members: object) -> str:
    """Tell what claude's hook ``name`` would; the answer."""
    said = {"hook_event_name": name, "session_id": "c-1", **members}
    headers = {"Authorization": f"Bearer {start.environment['MESHBOT_HOOK_TOKEN']}"}
    url = f"{start.environment['MESHBOT_HOOK_URL']}/hook"
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(url, data=json.dumps(said)) as answer,
    ):
        assert answer.status == 200
        return await answer.text()


async def in_a_turn(dev: Dev) -> Start:
    """An interactive session whose turn was shown a message."""
    claude = await dev.starts("", "interactive")
    await until(lambda: bool(starts(claude)))
    [start] = starts(claude)
    await hooked(start, "SessionStart", source="startup")
    await hooked(start, "UserPromptSubmit", prompt="work")
    await dev.client.send(to="dev", message="are you there?")
    shown = await hooked(start, "PostToolUse", tool_name="Bash", tool_input={}, tool_response={})
    assert "are you there?" in shown
    return start


async def holds(dev: Dev, *, unread: int, leased: int) -> None:
    async def look() -> bool:
        status = await dev.client.status()
        return (status.unread, status.leased) == (unread, leased)

    await until(look)


async def test_a_disk_that_is_full_in_mid_turn_ends_nothing_and_what_was_read_is_done(dev: Dev):
    start = await in_a_turn(dev)

    with nothing_can_be_written(dev):
        await hooked(start, "Stop", last_assistant_message="done")
        await until(lambda: "the mailbox cannot be written" in dev.log)
        await dev.is_in("idle")
        await holds(dev, unread=0, leased=1)

    await holds(dev, unread=0, leased=0)


async def test_a_claude_that_dies_while_the_disk_is_full_is_started_again_and_gives_back(dev: Dev):
    start = await in_a_turn(dev)

    with nothing_can_be_written(dev):
        os.kill(start.pid, signal.SIGKILL)
        await until(lambda: len(starts(dev.folder / "claude-good" / "claude")) == 2)
        await holds(dev, unread=0, leased=1)

    await holds(dev, unread=1, leased=0)


async def test_a_session_that_ended_while_the_disk_was_full_gives_back_afterwards(dev: Dev):
    await in_a_turn(dev)

    with nothing_can_be_written(dev):
        await dev.sessions.stop()
        await dev.is_in("stopped", is_over=True)

    await holds(dev, unread=1, leased=0)


@pytest.mark.parametrize("kind", ["headless", "interactive"])
async def test_a_folder_that_is_gone_when_claude_is_started_again_is_told(dev: Dev, kind: str):
    folder = dev.folder / "project"
    folder.mkdir()
    claude = await dev.starts("", kind, folder=str(folder))
    await until(lambda: bool(starts(claude)))
    folder.rmdir()

    os.kill(starts(claude)[0].pid, signal.SIGKILL)

    view = await dev.is_in("crashed", is_over=True)
    assert "cannot be started" in view.reason
    assert "No such file or directory" in view.reason
    assert (await dev.client.send(to="dev", message="still there?")).state == "delivered"


async def test_a_prompt_that_claude_does_not_live_to_read_is_no_end_of_the_host(dev: Dev):
    await dev.starts("exit 3", restart="never", flags=["x" * 1_000_000])

    view = await dev.is_in("crashed", is_over=True)
    assert "status 3" in view.reason


async def test_a_session_that_never_comes_to_its_prompt_says_what_may_keep_it(
    dev: Dev, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(session, "_PROMPT_WITHIN_MS", 0)
    await dev.starts("", "interactive")

    async def says_it() -> bool:
        view = await dev.view()
        return view.state == "starting" and "is the folder trusted" in view.reason

    await until(says_it)


async def test_a_host_of_another_version_is_told_in_a_line_with_what_to_do(mesh_paths: MeshPaths):
    agent = mesh_paths.agent("dev")
    agent.folder.mkdir(parents=True)

    async def status(_request: web.Request) -> web.Response:
        return web.json_response({"api_version": 9, "how": "otherwise"})

    async def unknown(_request: web.Request) -> web.Response:
        return web.json_response({"error": "Not Found", "code": "bad_request"}, status=404)

    app = web.Application()
    app.add_routes([web.get("/v1/status", status), web.route("*", "/{rest:.*}", unknown)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(agent.socket)).start()
    announce(agent, url="http://127.0.0.1:1", port=1, version="9", started_at_ms=0)
    try:
        with pytest.raises(HostVersionError, match="does not understand") as misread:
            async with HostClient.connected(agent, kind="test"):
                pass
        with contextlib.closing(UnixHttp(agent)) as http:
            link = Link(agent, None, http)
            with pytest.raises(HostVersionError, match="of another version") as missing:
                await link.request("GET", "/v1/session")
    finally:
        await runner.cleanup()
        agent.socket.unlink(missing_ok=True)
    assert f"kill {os.getpid()}" in misread.value.hint
    assert f"kill {os.getpid()}" in missing.value.hint
