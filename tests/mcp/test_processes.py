"""How serve starts, ends and does without its host: real processes, real signals."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from meshbot_core.mesh.paths import MeshPaths
from tests.mcp.conftest import hosts_of
from tests.mcp.driving import looking, peer, serving, state_of, until_state, until_unread
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_protocol_15_serve_is_gone_soon_after_a_signal_and_said_goodbye(
    paths: MeshPaths, number: signal.Signals
):
    async with peer(paths.agent("alpha")) as host, serving("alpha") as alpha:
        asking = alpha.begin_tool("ask_agent", to="alpha", message="wait", timeoutSeconds=60)
        await until_unread(host, 1)
        began_s = time.monotonic()
        alpha.process.send_signal(number)
        assert await alpha.ended() == 0
        assert time.monotonic() - began_s < 2.0
        assert [client.kind for client in (await host.status()).clients] == ["test"]
        assert "error" in alpha.answers[asking]


async def test_protocol_15_the_first_signal_commits_what_was_read(paths: MeshPaths):
    async with peer(paths.agent("alpha")) as host, serving("alpha") as alpha:
        message_id = (await host.send(to="alpha", message="hello")).id
        await alpha.tool("check_messages")
        # Claude Code: SIGINT, SIGTERM a tenth of a second later, then SIGKILL.
        alpha.process.send_signal(signal.SIGINT)
        await until_state(host, message_id, "done")
        assert await alpha.ended() == 0


async def test_protocol_15_serve_ends_with_its_input_and_its_host_follows(paths: MeshPaths):
    async with serving("alpha") as alpha:
        (host,) = hosts_of(paths)
        assert os.getsid(host.pid) != os.getsid(alpha.process.pid)
        began_s = time.monotonic()
        assert await alpha.end() == 0
        assert time.monotonic() - began_s < 2.0
    await until(lambda: not psutil.pid_exists(host.pid) or not hosts_of(paths), 5)


async def test_requests_before_the_end_of_input_are_still_answered(paths: MeshPaths):
    async with peer(paths.agent("alpha")), serving("alpha", ready=False) as alpha:
        started = alpha.begin(
            "initialize",
            {
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "t", "version": "0"},
            },
        )
        listing = alpha.begin("tools/list")
        alpha.process.stdin.close()
        assert "result" in await alpha.answer(started)
        assert "result" in await alpha.answer(listing)
        assert await alpha.ended() == 0


def test_serve_with_no_input_at_all_ends_by_itself(paths: MeshPaths):
    ended = subprocess.run(
        [sys.executable, "-m", "meshbot_core", "serve", "--as", "alpha"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (0, b"")


async def test_nothing_but_json_rpc_reaches_standard_output(paths: MeshPaths):
    if sys.platform != "linux":
        pytest.skip("looks into /proc")
    async with peer(paths.agent("alpha")), serving("alpha") as alpha:
        # Every line was parsed by the driver; a stray print would have ended it.
        fds = Path(f"/proc/{alpha.process.pid}/fd")
        assert (fds / "1").readlink() == (fds / "2").readlink()
        assert (fds / "0").readlink() == Path("/dev/null")


async def test_decision_10_serve_is_killed_and_started_again_and_its_host_stays(paths: MeshPaths):
    async with serving("alpha") as alpha:
        (host,) = hosts_of(paths)
        async with looking(paths.agent("alpha")) as client:
            message_id = (await client.send(to="alpha", message="hello")).id
        await alpha.tool("check_messages")
        alpha.process.kill()
        await alpha.ended()
    async with serving("alpha", ready=False) as again:
        await again.initialize()
        (entry,) = (await again.tool("check_messages")).said["messages"]
        assert (entry["id"], entry["shownBefore"]) == (message_id, True)
        assert [process.pid for process in hosts_of(paths)] == [host.pid]


async def test_decision_10_a_killed_host_is_replaced_and_nothing_is_lost_or_doubled(
    paths: MeshPaths,
):
    async with peer(paths.agent("beta")) as beta, serving("alpha") as alpha:
        message_id = (await beta.send(to="alpha", message="before")).id
        (host,) = hosts_of(paths)
        host.kill()

        sent = await alpha.tool("send_message", to="beta", message="through it all")

        assert not sent.is_error
        shown = [entry["id"] for entry in sent.inbox]
        assert shown == [message_id]
        await until_unread(beta, 1)
        # Whoever lost the race for the lock is gone a moment later.
        await until(lambda: len(hosts_of(paths)) == 1)
        assert hosts_of(paths)[0].pid != host.pid
        async with looking(paths.agent("alpha")) as client:
            await alpha.tool("list_agents")
            assert await state_of(client, message_id) == "done"


async def test_decision_10_an_ask_goes_on_while_its_host_is_replaced(paths: MeshPaths):
    async with peer(paths.agent("beta")) as beta, serving("alpha") as alpha:
        asking = alpha.begin_tool("ask_agent", to="beta", message="well?", timeoutSeconds=30)
        await until_unread(beta, 1)
        (message,) = (await beta.check()).messages
        (host,) = hosts_of(paths)
        host.kill()
        await until(lambda: [one.pid for one in hosts_of(paths)] not in ([], [host.pid]), 8)
        await beta.reply(to="alpha", message_id=message.id, message="yes")

        assert (await alpha.result(asking)).said["response"] == "yes"


async def test_decision_10_without_a_host_each_result_says_so_within_seconds(paths: MeshPaths):
    async with serving("alpha") as alpha:
        agent = paths.agent("alpha")
        (host,) = hosts_of(paths)
        # No host can start where its folder is a file.
        folder = agent.folder.rename(agent.folder.with_name("away"))
        agent.folder.write_text("")
        host.kill()
        began_s = time.monotonic()
        refused = await alpha.tool("send_message", to="alpha", message="x")
        assert time.monotonic() - began_s < 8
        assert refused.is_error
        assert refused.said["delivered"] is False
        assert refused.said["hint"]

        agent.folder.unlink()
        folder.rename(agent.folder)
        assert not (await alpha.tool("send_message", to="alpha", message="x")).is_error


def test_decision_10_a_port_that_is_taken_is_one_line_and_exit_1(paths: MeshPaths):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "meshbot_core", "serve", "--as", "alpha", "-p", port],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            # Its input stays open: it ends because nothing can come of it.
            assert process.wait(timeout=10) == 1
            said = process.stderr.read().decode()
    assert port in said
    assert "Traceback" not in said


async def test_two_sessions_of_one_agent_share_its_host_and_its_inbox(paths: MeshPaths):
    async with serving("alpha") as one, serving("alpha") as two:
        assert len(hosts_of(paths)) == 1
        sent = json.loads((await one.tool("send_message", to="alpha", message="x")).texts[0])
        found = (await two.tool("check_messages")).said["messages"]
        again = (await one.tool("check_messages")).said["messages"]
        assert [entry["id"] for entry in [*found, *again]] in ([sent["messageId"]], [])
        await asyncio.gather(one.end(), two.end())
