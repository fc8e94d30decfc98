"""What an agent's host, its clients and the command line cost; used by ``make bench``."""

import asyncio
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions, host_answers, spawn_host
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mesh.config import change_config, read_config
from meshbot_core.mesh.machine import machine_id
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.peers import with_peer
from meshbot_core.types import SystemClock
from tests.bench import mailbox_bench
from tests.support.hosts import hosts_ended, hosts_of
from tests.support.waiting import until

Figures = dict[str, float]
MESHBOT = str(Path(sys.executable).with_name("meshbot"))


@contextlib.contextmanager
def bench_mesh() -> Iterator[MeshPaths]:
    """A throw-away mesh in a home folder of its own; ends the hosts that it left."""
    with tempfile.TemporaryDirectory(prefix="meshbot-bench-") as home:
        before = os.environ.get("MESHBOT_HOME")
        os.environ["MESHBOT_HOME"] = home
        try:
            with hosts_ended(create_mesh("default", home=Path(home))) as paths:
                yield paths
        finally:
            if before is None:
                del os.environ["MESHBOT_HOME"]
            else:
                os.environ["MESHBOT_HOME"] = before


@contextlib.asynccontextmanager
async def _client(agent: AgentPaths) -> AsyncIterator[HostClient]:
    async with HostClient.connected(
        agent, kind="test", spawn=SpawnOptions(), present=True
    ) as client:
        yield client


def ask_and_answer(rounds: int = 300) -> Figures:
    """An ask between two agents until its answer is in the asker's hands, ms."""
    with bench_mesh() as paths:
        return asyncio.run(_asks(paths, rounds))


async def _asks(paths: MeshPaths, rounds: int) -> Figures:
    taken_ms: list[float] = []
    async with (
        _client(paths.agent("dev")) as dev,
        _client(paths.agent("ops")) as ops,
        asyncio.TaskGroup() as group,
    ):
        answering = group.create_task(_answer_all(ops))
        for _ in range(rounds):
            began = time.perf_counter()
            asked = await dev.ask(to="ops", message="2+2?", timeout_s=10)
            while asked.state == "open":
                asked = await dev.ask_state(asked.id, wait_s=10)
            taken_ms.append((time.perf_counter() - began) * 1000)
            await dev.settle(acknowledge=[asked.lease_id])
        answering.cancel()
    taken_ms.sort()
    return {"p50_ms": statistics.median(taken_ms), "p95_ms": taken_ms[int(rounds * 0.95)]}


async def _answer_all(ops: HostClient) -> None:
    async for event in ops.events():
        if event.type == "message":
            batch = await ops.check()
            for message in batch.messages:
                await ops.reply(to=message.sender, message_id=message.id, message="4")
            await ops.settle(acknowledge=[batch.lease_id])


def many_hosts(count: int = 100) -> Figures:
    """Hosts of one mesh started at once: how many are listed and alive, and after how long."""
    with bench_mesh() as paths:
        began = time.perf_counter()
        names = [f"agent-{number:03}" for number in range(count)]
        spawned = [spawn_host(paths.agent(name), SpawnOptions(linger_s=600)) for name in names]
        for one in spawned:
            one.wait(300)
        seconds = time.perf_counter() - began
        listed = len(set(names) & set(read_config(paths).peers))
        alive = len(hosts_of(paths))
    return {"listed": listed, "alive": alive, "seconds": seconds}


def killed_under_load(rounds: int = 50) -> Figures:
    """Kill -9 of the receiving host while messages come; what was lost or came twice unmarked."""
    with bench_mesh() as paths:
        return asyncio.run(_kills(paths, rounds))


async def _kills(paths: MeshPaths, rounds: int) -> Figures:
    delivered: list[str] = []
    async with _client(paths.agent("dev")) as dev, _client(paths.agent("ops")) as ops:
        async with asyncio.TaskGroup() as group:
            killing = group.create_task(_kill_again_and_again(ops, rounds, delivered))
            while not killing.done():
                sent = await dev.send(to="ops", message="x" * 200)
                delivered.append(sent.id)
        await _until_sent(dev)
        shown: dict[str, int] = {}
        unmarked = 0
        while (batch := await ops.check()).messages:
            for message in batch.messages:
                unmarked += message.id in shown and not message.shown_before
                shown[message.id] = shown.get(message.id, 0) + 1
            await ops.settle(acknowledge=[batch.lease_id])
    lost = sum(message_id not in shown for message_id in delivered)
    return {
        "rounds": rounds,
        "messages": len(delivered),
        "lost": lost,
        "twice_unmarked": unmarked,
    }


async def _until_sent(client: HostClient) -> None:
    async def is_sent() -> bool:
        return not (await client.status()).queued

    await until(is_sent, 120)


async def _kill_again_and_again(ops: HostClient, rounds: int, sent: list[str]) -> None:
    """Kill the host each time that twenty more messages were sent to it."""
    for _ in range(rounds):
        enough = len(sent) + 20
        await until(lambda enough=enough: len(sent) >= enough, 60)
        pid = (await ops.status()).pid
        os.kill(pid, signal.SIGKILL)

        async def is_replaced(pid: int = pid) -> bool:
            return (await ops.status()).pid != pid

        await until(is_replaced, 30)


def check_messages(depth: int = 100_000) -> Figures:
    """``check`` of 50 messages with ``depth`` unread, through the control socket, ms."""
    with bench_mesh() as paths:
        return asyncio.run(_checks(paths.agent("dev"), depth))


async def _checks(agent: AgentPaths, depth: int) -> Figures:
    agent.folder.mkdir(parents=True, mode=0o700)
    async with Mailbox.opened(
        agent.mailbox, agent=agent.agent, machine_id=machine_id(), clock=SystemClock()
    ) as mailbox:
        # One check carries 256 kB: fifty of these.
        await mailbox_bench.receive_many(mailbox, 20 * 50, size=256 * 1024 // 50)
        await mailbox_bench.receive_many(mailbox, depth - 20 * 50)
    taken_ms = []
    async with _client(agent) as dev:
        for _ in range(15):
            began = time.perf_counter()
            batch = await dev.check()
            taken_ms.append((time.perf_counter() - began) * 1000)
            await dev.settle(acknowledge=[batch.lease_id])
    return {"p50_ms": statistics.median(taken_ms), "messages": len(batch.messages)}


@contextlib.contextmanager
def _silent_listener() -> Iterator[int]:
    """A port that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        port: int = server.getsockname()[1]
        yield port


def hanging_peers(count: int = 50) -> Figures:
    """``status`` with peers that accept and never answer; seconds beyond the time-out of 5."""
    with bench_mesh() as paths, _silent_listener() as port:
        for number in range(count):
            name = f"peer-{number}"
            change_config(paths, lambda c, n=name: with_peer(c, n, f"http://127.0.0.1:{port}", ""))
        began = time.perf_counter()
        subprocess.run([MESHBOT, "status"], check=False, capture_output=True)  # noqa: S603 - ours
        return {"seconds": time.perf_counter() - began}


def hanging_send() -> Figures:
    """A send to a peer that hangs: seconds until the caller has its answer."""
    with bench_mesh() as paths, _silent_listener() as port:
        change_config(paths, lambda c: with_peer(c, "slow", f"http://127.0.0.1:{port}", ""))
        return asyncio.run(_hanging_send(paths))


async def _hanging_send(paths: MeshPaths) -> Figures:
    async with _client(paths.agent("dev")) as dev:
        began = time.perf_counter()
        sent = await dev.send(to="slow", message="x")
        return {"seconds": time.perf_counter() - began, "is_queued": sent.state == "queued"}


def commands(rounds: int = 7) -> Figures:
    """``--help`` and a ``send`` to a living agent, whole commands, ms (median)."""
    with bench_mesh() as paths:
        spawn_host(paths.agent("dev"), SpawnOptions(linger_s=60)).wait()
        return {
            "help_ms": _median_ms([MESHBOT, "--help"], rounds),
            "send_ms": _median_ms([MESHBOT, "send", "dev", "hello"], rounds),
        }


def _median_ms(command: list[str], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - ours
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def idle_memory() -> Figures:
    """Resident memory of an idle ``serve`` and of its host, MB; and how soon both answer."""
    with bench_mesh() as paths:
        began = time.perf_counter()
        serve = subprocess.Popen(  # noqa: S603 - ours
            [MESHBOT, "serve", "--as", "dev"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        try:
            health_s = _until_healthy(paths, began)
            tools_s = _until_tools(serve, began)
            time.sleep(1)
            (host,) = hosts_of(paths)
            return {
                "serve_mb": psutil.Process(serve.pid).memory_info().rss / 1e6,
                "host_mb": host.memory_info().rss / 1e6,
                "health_s": health_s,
                "tools_s": tools_s,
            }
        finally:
            serve.terminate()
            serve.wait(10)
            for pipe in (serve.stdin, serve.stdout):
                if pipe is not None:
                    pipe.close()


def _until_healthy(paths: MeshPaths, began: float) -> float:
    agent = paths.agent("dev")
    while True:
        if agent.host_json.exists() and host_answers(agent):
            return time.perf_counter() - began
        time.sleep(0.005)


_HANDSHAKE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
    b'"capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}\n'
    b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n'
    b'{"jsonrpc":"2.0","id":2,"method":"tools/list"}\n'
)


def _until_tools(serve: "subprocess.Popen[bytes]", began: float) -> float:
    if serve.stdin is None or serve.stdout is None:
        raise RuntimeError("serve was started without pipes")
    serve.stdin.write(_HANDSHAKE)
    serve.stdin.flush()
    for line in serve.stdout:
        if b'"id":2' in line:
            return time.perf_counter() - began
    return float("nan")
