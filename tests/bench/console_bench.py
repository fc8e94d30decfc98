"""The console under a pty, measured from outside; recordings of the real claude stand in for it."""

import asyncio
import os
import re
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

from meshbot_core.host.client import HostClient
from meshbot_core.host.screen_client import ScreenClient
from meshbot_core.host.session_client import SessionClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.mesh.config import change_config, read_config
from meshbot_core.mesh.paths import AgentPaths, MeshPaths
from meshbot_core.mesh.peers import with_peer
from meshbot_core.session.records import SessionOptions
from tests.bench.host_bench import bench_mesh
from tests.bench.screen_bench import BYTES_PER_S, RECORDING
from tests.bench.talk import filled
from tests.console.terminal import Terminal, console
from tests.support.stand_in_claude import stand_in_claude
from tests.support.waiting import until

Figures = dict[str, float]
_SECONDS = 15.0
_KEYS = 60
_PAGES = 12
_MESSAGES = 100_000
_CHOSEN = re.compile(r"▌x (?:down +)?(peer-\d{3})")
_LAST = "the very last one"


@asynccontextmanager
async def scene(paths: MeshPaths, agents: int) -> AsyncIterator[tuple[HostClient, ...]]:
    """So many agents with sessions whose claude is a stand-in."""
    async with AsyncExitStack() as stack:
        clients: list[HostClient] = []
        for number in range(agents):
            client = await stack.enter_async_context(
                HostClient.connected(
                    paths.agent(f"agent-{number:02}"),
                    kind="test",
                    spawn=SpawnOptions(),
                    present=True,
                )
            )
            options = SessionOptions(
                folder=str(paths.home),
                claude=str(stand_in_claude(Path(paths.home) / "stand-in")),
                inherited=dict(os.environ),
            )
            await SessionClient(client).start(options)
            clients.append(client)
        yield tuple(clients)


def _text(number: int) -> str:
    text = f"message {number} of build {number % 997}: " + "all is well. " * 12
    return _LAST if number == _MESSAGES - 1 else text


def opened() -> Figures:
    """16 agents, 100,000 messages: first frame, then open, jump and search in the messages, s."""
    with bench_mesh() as paths:
        return asyncio.run(_opened(paths))


async def _opened(paths: MeshPaths) -> Figures:
    await filled(paths, [f"agent-{number:02}" for number in range(16)], _MESSAGES, _text)
    async with scene(paths, 16):
        began = time.perf_counter()
        async with console(paths.home, "-m", paths.mesh) as terminal:
            await terminal.shows("16/16 online", "this machine (16)", limit_s=30)
            first_s = time.perf_counter() - began
            open_s = await _taken(terminal, "m", _LAST)
            await terminal.shows("100,000 messages", limit_s=30)
            jump_s = await _taken(terminal, b"\x1b[H", "message 0 of")
            terminal.press("/")
            await terminal.hides("y Copy")
            search_s = await _taken(terminal, "build 996:", "100 of 100,000")
            memory_mb = psutil.Process(terminal.pid).memory_info().rss / 1e6
        return {
            "first_frame_s": first_s,
            "open_s": open_s,
            "jump_s": jump_s,
            "search_s": search_s,
            "memory_mb": memory_mb,
        }


async def _taken(terminal: Terminal, keys: str | bytes, text: str) -> float:
    began = time.perf_counter()
    terminal.press(keys)
    while text not in terminal.text:
        if time.perf_counter() - began > 20:
            raise RuntimeError(f"{text!r} does not come:\n{terminal.text}")
        await asyncio.sleep(0.002)
    return time.perf_counter() - began


def peers(count: int = 500) -> Figures:
    """One page of so many peers that do not answer, in the health table and in the list, ms."""
    with bench_mesh() as paths:
        config = read_config(paths)
        for number in range(count):
            config = with_peer(config, f"peer-{number:03}", "http://127.0.0.1:9", "")
        change_config(paths, lambda _: config)
        return asyncio.run(_paged(paths, count))


async def _paged(paths: MeshPaths, count: int) -> Figures:
    async with scene(paths, 1), console(paths.home, "-m", paths.mesh) as terminal:
        await terminal.shows(f"1/{count + 1} online", limit_s=60)
        figures: Figures = {}
        for view, opens in ("list", ""), ("health", "h"):
            terminal.press(b"\x1b[H", opens)
            await terminal.shows("peer-010", "what is wrong" if opens else "", limit_s=60)
            await _page(terminal)  # it only moves the cursor down
            taken = [await _page(terminal) for _ in range(_PAGES)]
            figures |= {f"{view}_p50_ms": statistics.median(taken), f"{view}_max_ms": max(taken)}
        return figures


async def _page(terminal: Terminal) -> float:
    """Until a peer of the next page is the chosen one, ms."""
    chosen = _CHOSEN.findall(terminal.text)
    began = time.perf_counter()
    terminal.press(b"\x1b[6~")
    while _CHOSEN.findall(terminal.text) in ([], chosen):
        if time.perf_counter() - began > 20:
            raise RuntimeError(f"no other page comes:\n{terminal.text}")
        await asyncio.sleep(0.001)
    return (time.perf_counter() - began) * 1000


def keys() -> Figures:
    """A key typed into a pane until its echo is on the console's screen, ms."""
    with bench_mesh() as paths:
        return asyncio.run(_typed(paths))


async def _typed(paths: MeshPaths) -> Figures:
    async with scene(paths, 1), console(paths.home, "-m", paths.mesh) as terminal:
        await terminal.shows("Welcome")
        terminal.press("\r")
        await terminal.shows("keys go here")
        taken: list[float] = []
        for number in range(_KEYS):
            text = "abcdefghij"[: number % 10 + 1]
            taken.append(await _taken(terminal, text[-1], text) * 1000)
            if len(text) == 10:
                terminal.press(b"\x15")
                await terminal.hides(text)
        ordered = sorted(taken)
        return {"p50_ms": statistics.median(ordered), "p95_ms": ordered[int(0.95 * len(ordered))]}


def idle() -> Figures:
    """The console beside 16 agents that idle: % of one core, memory, bytes to the terminal."""
    with bench_mesh() as paths:
        return asyncio.run(_watched(paths, is_streaming=False))


def streaming() -> Figures:
    """The same while all write, 4 of them visible in the grid."""
    with bench_mesh() as paths:
        return asyncio.run(_watched(paths, is_streaming=True))


async def _watched(paths: MeshPaths, *, is_streaming: bool) -> Figures:
    async with scene(paths, 16), console(paths.home, "-m", paths.mesh) as terminal:
        await terminal.shows("16/16 online", limit_s=30)
        if is_streaming:
            for number in range(16):
                await _replayed(paths.agent(f"agent-{number:02}"))
            terminal.press("g")
        await asyncio.sleep(5)
        process = psutil.Process(terminal.pid)
        used_s, came, began = _cpu_s(process), len(terminal.received), time.perf_counter()
        await asyncio.sleep(_SECONDS)
        took_s = time.perf_counter() - began
        return {
            "cpu_percent_of_one_core": 100 * (_cpu_s(process) - used_s) / took_s,
            "memory_mb": process.memory_info().rss / 1e6,
            "terminal_bytes_per_s": (len(terminal.received) - came) / took_s,
        }


async def _replayed(agent: AgentPaths) -> None:
    async with ScreenClient.connected(agent, columns=120, rows=40) as viewer:
        await viewer.type(f"replay {BYTES_PER_S} {RECORDING}\r".encode())
        async for _ in viewer.frames():
            break


def flood() -> Figures:
    """10 MB written at once in a pane: until its end is shown, s; keys answered meanwhile, ms."""
    with bench_mesh() as paths:
        return asyncio.run(_flooded(paths))


async def _flooded(paths: MeshPaths) -> Figures:
    lines = 10_000_000 // len("line 123456 ")
    async with scene(paths, 1), console(paths.home, "-m", paths.mesh) as terminal:
        await terminal.shows("Welcome")
        terminal.press("\r")
        await terminal.shows("keys go here")
        terminal.press(f"lines {lines}")
        await terminal.shows(f"lines {lines}")
        shown_s = await _taken(terminal, "\r", f"line {lines - 1}")
        await terminal.types(f"lines {lines}")
        await terminal.shows("line 1")
        answered = [await _gone(terminal, b"\x1d", "keys go here")]
        for key, text in ("m", "Nobody has said anything yet"), ("h", "latency"), ("m", "Nobody"):
            answered.append(await _taken(terminal, key, text))
        terminal.press("t")
        await terminal.hides("Nobody has said")
        if f"line {lines - 1}" in terminal.text:
            raise RuntimeError("it was over before the keys were answered")
        return {
            "shown_s": shown_s,
            "keys_p50_ms": statistics.median(answered) * 1000,
            "keys_max_ms": max(answered) * 1000,
        }


async def _gone(terminal: Terminal, keys: bytes, text: str) -> float:
    began = time.perf_counter()
    terminal.press(keys)
    await terminal.hides(text)
    return time.perf_counter() - began


def message() -> Figures:
    """A message sent by one agent until it stands in the console, ms."""
    with bench_mesh() as paths:
        return asyncio.run(_sent(paths))


async def _sent(paths: MeshPaths) -> Figures:
    async with scene(paths, 2) as (one, _), console(paths.home, "-m", paths.mesh) as terminal:
        await terminal.shows("2/2 online")
        terminal.press("m")
        await terminal.shows("Nobody has said anything yet")
        await until(lambda: "agent-01" in terminal.text)
        taken: list[float] = []
        for number in range(20):
            text = f"number {number} is said"
            async with asyncio.TaskGroup() as group:
                group.create_task(one.send(to="agent-01", message=text, wait=False))
                taken.append(await _taken(terminal, "", text) * 1000)
        return {"p50_ms": statistics.median(taken), "max_ms": max(taken)}


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
