"""What it costs to keep screens and to show them; recordings of the real claude stand in for it."""

import asyncio
import os
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from meshbot_core.host.client import HostClient
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.session.records import SessionOptions
from meshbot_core.terminal.frames import Ended, Repaint
from tests.bench.host_bench import bench_mesh
from tests.sessions.onlooker import watching
from tests.support.recordings import Recording
from tests.support.stand_in_claude import stand_in_claude
from tests.support.waiting import until

Figures = dict[str, float]
RECORDING = Recording("alt_markdown_120x40").path
BYTES_PER_S = 5_500
_LINES = 5_000
_SECONDS = 20.0


async def _started(stack: AsyncExitStack, agent: AgentPaths, folder: Path) -> HostClient:
    """Start a session whose claude is a stand-in."""
    client = await stack.enter_async_context(
        HostClient.connected(agent, kind="test", spawn=SpawnOptions(), present=True)
    )
    options = SessionOptions(
        folder=str(folder),
        claude=str(stand_in_claude(folder / "stand-in")),
        inherited=dict(os.environ),
    )
    await SessionClient(client).start(options)
    return client


def attach() -> Figures:
    """Attaching to a session with 5,000 lines of scrollback: screen shown, all fetched, s."""
    with bench_mesh() as paths:
        return asyncio.run(_attach(paths))


async def _attach(paths: MeshPaths) -> Figures:
    folder, agent = Path(paths.home), paths.agent("dev")
    async with AsyncExitStack() as stack:
        await _started(stack, agent, folder)
        async with watching(agent, columns=120, rows=40) as person:
            await person.shows("Welcome")
            await person.client.type(f"lines {_LINES + 100}\r".encode())
            await person.shows(f"line {_LINES + 99}", limit_s=30)
        shown, fetched = zip(*[await _attached(agent) for _ in range(5)], strict=True)
        return {"shown_s": sorted(shown)[2], "scrollback_s": sorted(fetched)[2]}


async def _attached(agent: AgentPaths) -> tuple[float, float]:
    began = time.perf_counter()
    async with ScreenClient.connected(agent, columns=120, rows=40) as client:
        async for frame in client.frames():
            if isinstance(frame, Repaint):
                break
        shown_s = time.perf_counter() - began
        before, lines = None, 0
        while before is None or before > 0:
            page = await client.scrollback(before=before, limit=500)
            before, lines = page.first, lines + len(page.lines)
        if lines < _LINES:
            raise RuntimeError(f"{lines} lines of scrollback, not {_LINES}")
        return shown_s, time.perf_counter() - began


def sixteen_hosts(count: int = 16) -> Figures:
    """Hosts whose sessions all write as fast as claude answers, a viewer each: % of one core."""
    with bench_mesh() as paths:
        return asyncio.run(_replayed(paths, count))


async def _replayed(paths: MeshPaths, count: int) -> Figures:
    folder = Path(paths.home)
    async with AsyncExitStack() as stack:
        hosts, counting, received = [], [], [0] * count
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for number in range(count):
            agent = paths.agent(f"agent-{number}")
            client = await _started(stack, agent, folder)
            hosts.append(psutil.Process((await client.status()).pid))
            viewer = await stack.enter_async_context(
                ScreenClient.connected(agent, columns=120, rows=40)
            )
            counting.append(group.create_task(_counted(viewer, received, number)))
            await viewer.type(f"replay {BYTES_PER_S} {RECORDING}\r".encode())
        await until(lambda: min(received) > 2 * BYTES_PER_S, 60)
        used_s, came, began = sum(map(_cpu_s, hosts)), sum(received), time.perf_counter()
        await asyncio.sleep(_SECONDS)
        took_s = time.perf_counter() - began
        used_s, came = sum(map(_cpu_s, hosts)) - used_s, sum(received) - came
        host_mb = max(host.memory_info().rss for host in hosts) / 1e6
        for task in counting:
            task.cancel()
        return {
            "hosts": count,
            "cpu_percent_of_one_core": 100 * used_s / took_s,
            "bytes_per_s_each": came / took_s / count,
            "largest_host_mb": host_mb,
        }


async def _counted(viewer: ScreenClient, received: list[int], number: int) -> None:
    """A viewer that draws nothing, or this process would take what is to be measured."""
    async for frame in viewer.frames():
        if not isinstance(frame, Ended):
            received[number] += len(frame.data)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
