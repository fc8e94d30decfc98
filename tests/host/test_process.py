"""Hosts as processes: started by clients, killed without warning, alone or a hundred."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from meshbot_core.errors import HostRunningError, MeshError, NoSessionError, PortInUseError
from meshbot_core.host import api, link
from meshbot_core.host.client import HostClient
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions, host_answers, spawn_host
from meshbot_core.mesh.config import read_config
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.records import SessionOptions
from tests.support.hosts import hosts_ended, hosts_of
from tests.support.processes import is_gone
from tests.support.stand_in_claude import stand_in_claude
from tests.support.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture
def paths(mesh_paths: MeshPaths) -> Iterator[MeshPaths]:
    with hosts_ended(mesh_paths) as paths:
        yield paths


async def until_gone(paths: MeshPaths, limit_s: float) -> None:
    await until(lambda: not hosts_of(paths), limit_s)


@contextlib.asynccontextmanager
async def connected(agent: AgentPaths, *, linger_s: float = 10.0) -> AsyncIterator[HostClient]:
    spawn = SpawnOptions(linger_s=linger_s)
    async with HostClient.connected(agent, kind="test", spawn=spawn, present=True) as client:
        yield client


async def test_decision_10_a_client_starts_a_host_and_the_last_goodbye_ends_it(paths: MeshPaths):
    async with connected(paths.agent("dev")) as client:
        status = await client.status()
        (process,) = hosts_of(paths)
        assert status.pid == process.pid
        assert os.getsid(process.pid) not in (process.pid, os.getsid(0))
    await until_gone(paths, 5)


async def test_decision_10_simultaneous_starts_end_in_exactly_one_host(paths: MeshPaths):
    agent = paths.agent("dev")
    async with asyncio.TaskGroup() as group, contextlib.AsyncExitStack() as stack:
        spawned = [spawn_host(agent, SpawnOptions()) for _ in range(4)]
        waits = [group.create_task(_outcome(one.wait)) for one in spawned]
        outcomes = [await wait for wait in waits]
        assert outcomes.count("up") == 1
        assert outcomes.count("HostRunningError") == 3
        await stack.enter_async_context(connected(agent))
        # The others said why they end a moment before they are gone.
        await until(lambda: len(hosts_of(paths)) == 1)


async def test_a_host_is_found_from_a_login_that_keeps_its_sockets_elsewhere(
    paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    agent = paths.agent("dev")
    # A socket's path has room for a short folder only.
    with tempfile.TemporaryDirectory(prefix="mb") as place:
        elsewhere = Path(place)
        async with connected(agent) as client:
            status = await client.status()
            monkeypatch.setenv("XDG_RUNTIME_DIR", place)
            assert elsewhere in agent.socket.parents
            assert host_answers(agent)
            async with connected(agent) as other:
                assert (await other.status()).pid == status.pid
            with pytest.raises(NoSessionError):
                async with ScreenClient.connected(agent, columns=80, rows=24):
                    pass
            for process in hosts_of(paths):
                process.kill()
            # What a dead host named is no place to look for one.
            await until(lambda: not host_answers(agent))
            assert agent.host_json.exists()
            monkeypatch.undo()


async def _outcome(wait: object) -> str:
    assert callable(wait)
    try:
        await asyncio.to_thread(wait)
    except MeshError as error:
        return type(error).__name__
    return "up"


async def test_decision_10_a_host_lingers_for_a_client_that_was_killed(paths: MeshPaths):
    agent = paths.agent("dev")
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from meshbot_core.host.client import HostClient\n"
        "from meshbot_core.host.spawn import SpawnOptions\n"
        "from meshbot_core.mesh.paths import open_mesh\n"
        "async def main():\n"
        "    agent = open_mesh(sys.argv[1], Path(sys.argv[2])).agent('dev')\n"
        "    spawn = SpawnOptions(linger_s=1.0)\n"
        "    async with HostClient.connected(\n"
        "        agent, kind='test', spawn=spawn, present=True\n"
        "    ) as client:\n"
        "        await anext(client.events())\n"
        "        print('ready', flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, paths.mesh, str(paths.home), stdout=subprocess.PIPE
    )
    assert client.stdout is not None
    async with asyncio.timeout(20):
        assert await client.stdout.readline() == b"ready\n"
    client.kill()
    await client.wait()
    killed_at = time.monotonic()
    assert host_answers(agent)
    await until_gone(paths, 5)
    assert time.monotonic() - killed_at > 0.9


async def test_a_killed_host_is_replaced_and_nothing_acknowledged_is_lost(paths: MeshPaths):
    async with connected(paths.agent("dev")) as dev, connected(paths.agent("ops")) as ops:
        ids = []
        for number in range(30):
            result = await dev.send(to="ops", message=f"message {number}")
            ids.append(result.id)
            if number % 10 == 5:
                os.kill((await ops.status()).pid, signal.SIGKILL)

        async def is_all_there() -> bool:
            return not (await dev.status()).queued and (await ops.status()).unread == len(ids)

        await until(is_all_there, 20)
        batch = await ops.check()
        assert [message.id for message in batch.messages] == ids
        assert len({(await ops.status()).pid, (await dev.status()).pid}) == 2


async def test_a_lease_survives_the_host_and_an_answer_lost_on_its_way_is_given_again(
    paths: MeshPaths,
):
    async with connected(paths.agent("dev")) as dev:
        await dev.send(to="dev", message="to me")
        batch = await dev.check()
        os.kill((await dev.status()).pid, signal.SIGKILL)
        assert (await dev.check()).messages == ()
        await dev.settle(acknowledge=[batch.lease_id])
        assert (await dev.status()).leased == 0


@pytest.mark.parametrize("kind", ["headless", "interactive"])
async def test_decision_17_a_host_with_a_session_and_who_watches_it_is_gone_within_two_seconds(
    paths: MeshPaths, tmp_path: Path, kind: str
):
    agent = paths.agent("dev")
    claude = stand_in_claude(tmp_path / "claude")
    facts = {"kind": kind, "folder": str(tmp_path), "claude": str(claude)}
    async with connected(agent) as dev, contextlib.AsyncExitStack() as stack:
        await SessionClient(dev).start(SessionOptions.model_validate(facts))
        view = (await dev.status()).session
        assert view is not None
        assert view.pid is not None
        if kind == "interactive":
            for _ in range(3):  # who never read
                viewer = ScreenClient.connected(agent, columns=80, rows=24)
                await stack.enter_async_context(viewer)
        [host] = hosts_of(paths)

        began_s = time.monotonic()
        os.kill(host.pid, signal.SIGTERM)
        await until(lambda: is_gone(host.pid) and is_gone(view.pid), 5)
        assert time.monotonic() - began_s < 4.0  # the machine's own time for both

        await SessionClient(dev).stop()


async def test_decision_10_a_question_that_waited_for_long_waits_on_when_its_host_is_replaced(
    paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(link, "AWAY_LIMIT_S", 0.1)
    async with connected(paths.agent("dev")) as dev, connected(paths.agent("ops")) as ops:
        asked = await dev.ask(to="ops", message="ready?")
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(dev.ask_state(asked.id, wait_s=60))
            # Longer than a host may be away, as nobody was.
            done, _ = await asyncio.wait([waiting], timeout=0.3)
            assert not done
            os.kill((await dev.status()).pid, signal.SIGKILL)
            await ops.reply(to="dev", message_id=asked.id, message="yes")

    answer = waiting.result().answer
    assert answer is not None
    assert answer.text == "yes"


async def test_decision_31_what_a_dead_process_held_is_given_back_and_marked(paths: MeshPaths):
    agent = paths.agent("dev")
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "pass")
    await child.wait()
    async with connected(agent) as dev:
        await dev.send(to="dev", message="to me")
        # A session of a process that is dead, which said no goodbye.
        dev.session = f"serve-{child.pid}-x"
        assert len((await dev.check()).messages) == 1

        async def is_back() -> bool:
            return (await dev.status()).unread == 1

        await until(is_back)
        assert (await dev.check()).messages[0].shown_before


async def test_decision_1_an_answer_that_a_killed_host_never_gave_is_given_by_the_next(
    paths: MeshPaths,
):
    async with connected(paths.agent("dev")) as dev:
        await dev.send(to="dev", message="to me")
        call = api.LeaseCall(session=dev.session, lease_id="asked twice")
        first = await dev.link.call("POST", "/v1/check", api.MessageBatch, call)
        (host,) = hosts_of(paths)
        host.kill()

        again = await dev.link.call("POST", "/v1/check", api.MessageBatch, call)

        assert [message.text for message in again.messages] == ["to me"]
        assert again.lease_id == first.lease_id == "asked twice"
        assert not again.messages[0].shown_before


async def test_a_port_that_differs_replaces_an_idle_host_and_not_a_used_one(
    paths: MeshPaths, free_port: int
):
    agent = paths.agent("dev")
    spawn = SpawnOptions(port=free_port)
    async with connected(agent) as first:
        with pytest.raises(HostRunningError, match=r"used by test \(pid \d+\)"):
            async with HostClient.connected(agent, kind="test", spawn=spawn):
                pass
        assert (await first.status()).port != free_port
    idle = spawn_host(agent, SpawnOptions())
    await asyncio.to_thread(idle.wait)
    async with HostClient.connected(agent, kind="test", spawn=spawn) as client:
        assert (await client.status()).port == free_port


async def test_a_port_in_use_is_one_clear_error(paths: MeshPaths):
    async with connected(paths.agent("dev")) as dev:
        taken = (await dev.status()).port
        spawn = SpawnOptions(port=taken, host="127.0.0.1")
        with pytest.raises(PortInUseError, match=str(taken)):
            async with HostClient.connected(paths.agent("ops"), kind="test", spawn=spawn):
                pass


async def test_protocol_15_sigterm_ends_a_host_within_two_seconds(paths: MeshPaths):
    spawned = spawn_host(paths.agent("dev"), SpawnOptions())
    await asyncio.to_thread(spawned.wait)
    (process,) = hosts_of(paths)
    process.terminate()
    await until_gone(paths, 2)
    assert not paths.agent("dev").socket.exists()


async def test_protocol_11_many_hosts_started_at_once_are_all_listed(paths: MeshPaths):
    names = [f"agent-{number}" for number in range(12)]
    spawned = [spawn_host(paths.agent(name), SpawnOptions(linger_s=60)) for name in names]
    for one in spawned:
        await asyncio.to_thread(one.wait)
    assert set(names) <= set(read_config(paths).peers)
    assert len(hosts_of(paths)) == len(names)


async def test_a_log_that_grew_large_is_put_away_at_the_next_start(paths: MeshPaths):
    agent = paths.agent("dev")
    agent.folder.mkdir(parents=True)
    agent.host_log.write_bytes(b"x" * 2_000_000)
    async with connected(agent):
        assert agent.host_log.stat().st_size < 100_000
    assert agent.host_log.with_suffix(".log.1").stat().st_size == 2_000_000
