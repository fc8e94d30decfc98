"""What a session under the real claude costs, and how soon messages reach it."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import psutil

from meshbot_core.demo.binaries import NEWEST
from meshbot_core.demo.script import ModelRequest, Plan, Rule, Turn, call
from meshbot_core.host.client import HostClient
from meshbot_core.host.spawn import SpawnOptions
from meshbot_core.terminal.pty_process import PtyProcess
from tests.bench.host_bench import bench_mesh
from tests.sessions.agents import Agent, Agents
from tests.sessions.onlooker import watching
from tests.support.waiting import until

Figures = dict[str, float]
ROUNDS = 20
PROMPT = "\u276f"


def _answer(request: ModelRequest) -> Turn:
    text = request.user_text
    message_id = text.rsplit(' id="', 1)[1].split('"', 1)[0]
    return call("reply", to="ops", messageId=message_id, message="It is.")


PLAN = Plan((Rule("type=ask", (_answer,)),))


@asynccontextmanager
async def scene() -> AsyncIterator[tuple[Agents, HostClient]]:
    """A mesh with something to start agents with, and a client of agent ``ops``."""
    with bench_mesh() as paths:
        async with AsyncExitStack() as stack:
            agents = Agents(paths, Path(paths.home), stack)
            ops = await stack.enter_async_context(
                HostClient.connected(
                    paths.agent("ops"), kind="test", spawn=SpawnOptions(), present=True
                )
            )
            yield agents, ops


def wake(kind: str, version: str = NEWEST) -> Figures:
    """A message to an idle session, from the sender's call until the model is asked, ms."""
    return asyncio.run(_wake(kind, version))


async def _wake(kind: str, version: str) -> Figures:
    async with scene() as (agents, ops):
        dev = await agents.start("dev", PLAN, version, kind=kind)
        taken = [await _woken(dev, ops, number) for number in range(ROUNDS)]
        return _percentiles(taken[1:])


async def _woken(dev: Agent, ops: HostClient, number: int) -> float:
    await _is_ready(dev)
    text = f"wake number {number}."
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(ops.send(to="dev", message=text))
        await dev.model.asked(lambda request: text in request.model_dump_json())
        taken_ms = (time.perf_counter() - began) * 1000
    await dev.has_read_all()
    return taken_ms


async def _is_ready(dev: Agent) -> None:
    """The session idles, and can be woken."""
    kind = dev.options.kind
    ways = ("native", "waiter") if kind == "interactive" else ("stream",)
    await dev.sees(lambda view: view.state == "idle" and view.hop in ways)


def ask(kind: str) -> Figures:
    """An ask to an idle agent until its answer is there, ms."""
    return asyncio.run(_ask(kind))


async def _ask(kind: str) -> Figures:
    async with scene() as (agents, ops):
        dev = await agents.start("dev", PLAN, NEWEST, kind=kind)
        taken = []
        for number in range(10):
            await _is_ready(dev)
            began = time.perf_counter()
            asked = await ops.ask(to="dev", message=f"question {number}?", timeout_s=20)
            while asked.state == "open":
                asked = await ops.ask_state(asked.id, wait_s=20)
            taken.append((time.perf_counter() - began) * 1000)
            await ops.settle(acknowledge=[asked.lease_id])
            await dev.has_read_all()
        return _percentiles(taken[1:])


def burst(messages: int = 200) -> Figures:
    """Messages in a burst to one headless agent: turns, and what was read not exactly once."""
    return asyncio.run(_burst(messages))


async def _burst(messages: int) -> Figures:
    async with scene() as (agents, ops):
        dev = await agents.start("dev", PLAN, NEWEST, kind="headless")
        await dev.is_in("idle")
        async with asyncio.TaskGroup() as group:
            sending = [
                group.create_task(ops.send(to="dev", message=f"burst {number}", wait=False))
                for number in range(messages)
            ]
        ids = [task.result().id for task in sending]

        async def all_read() -> bool:
            rows = await dev.client.journal(limit=1000)
            done = {row.id for row in rows if row.direction == "in" and row.state == "done"}
            return set(ids) <= done

        await until(all_read, 60)
        view = await dev.is_in("idle")
        conversation = dev.model.requests[-1].model_dump_json()
        odd = sum(conversation.count(f'id=\\"{each}\\"') != 1 for each in ids)
        return {"messages": messages, "turns": view.turns, "not exactly once": odd}


def start() -> Figures:
    """``start`` until claude's first screen, and beyond claude's own time, ms."""
    return asyncio.run(_start())


async def _start() -> Figures:
    async with scene() as (agents, _):
        began = time.perf_counter()
        dev = await agents.start("dev", PLAN, NEWEST)
        async with watching(dev.paths) as person:
            await until(lambda: "Claude Code" in person.text)
        hosted_ms = (time.perf_counter() - began) * 1000
        bare_ms = await _bare_start(dev)
        return {"hosted_ms": hosted_ms, "bare_ms": bare_ms, "beyond_ms": hosted_ms - bare_ms}


async def _bare_start(dev: Agent) -> float:
    seen = bytearray()
    options = dev.options
    began = time.perf_counter()
    async with PtyProcess.started(
        [options.claude or "claude"],
        environment=options.inherited,
        folder=Path(options.folder),
        columns=100,
        rows=30,
        on_output=seen.extend,
    ):
        await until(lambda: b"Claude" in seen)
        return (time.perf_counter() - began) * 1000


def keys() -> Figures:
    """A key through the host to claude until its echo is back, and on a bare terminal, ms."""
    return asyncio.run(_keys())


async def _keys() -> Figures:
    async with scene() as (agents, _):
        dev = await agents.start("dev", PLAN, NEWEST)
        await dev.is_in("idle")
        async with watching(dev.paths) as person:
            await until(lambda: PROMPT in person.text)
            hosted = await _echoes(lambda: len(person.received), person.press)
        seen = bytearray()
        options = dev.options
        async with PtyProcess.started(
            [options.claude or "claude"],
            environment=options.inherited,
            folder=Path(options.folder),
            columns=100,
            rows=30,
            on_output=seen.extend,
        ) as bare:
            await until(lambda: PROMPT.encode() in seen, 15)

            async def press(key: bytes) -> None:
                bare.write(key)

            plain = await _echoes(lambda: len(seen), press)
        return {"hosted_p50_ms": hosted, "bare_p50_ms": plain, "beyond_ms": hosted - plain}


async def _echoes(length: Callable[[], int], press: Callable[[bytes], object]) -> float:
    taken = []
    for _ in range(40):
        await asyncio.sleep(0.12)  # let the last key's drawing end
        before = length()
        began = time.perf_counter()
        done = press(b"x")
        if asyncio.iscoroutine(done):
            await done
        while length() == before:  # noqa: ASYNC110 - the finest look that there is
            await asyncio.sleep(0)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def idle() -> Figures:
    """Memory and processor time of a host whose session idles."""
    return asyncio.run(_idle())


async def _idle() -> Figures:
    async with scene() as (agents, _):
        dev = await agents.start("dev", PLAN, NEWEST)
        await dev.is_in("idle")
        host = psutil.Process((await dev.client.status()).pid)
        host.cpu_percent()
        await asyncio.sleep(8)
        cpu = host.cpu_percent()
        return {"host_mb": host.memory_info().rss / 1e6, "cpu_percent": cpu}


def _percentiles(taken: list[float]) -> Figures:
    ordered = sorted(taken)
    return {
        "p50_ms": statistics.median(ordered),
        "p95_ms": ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))],
    }
