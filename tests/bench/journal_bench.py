"""100,000 messages between 16 agents of this machine, read as the console reads them."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import psutil

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.journals import Journals
from tests.bench.talk import filled

Figures = dict[str, float]
Result = TypeVar("Result")
AGENTS = tuple(f"agent-{number:02}" for number in range(16))
MESSAGES = 100_000
_WORDS = "build test deploy report failed ok server migration index restart the of 日本語".split()  # noqa: SIM905 -- read as a line


def _texts() -> Callable[[int], str]:
    chance = random.Random(1)  # noqa: S311 -- no secret
    return lambda number: f"message {number}: " + " ".join(chance.choices(_WORDS, k=32))


async def _ms(work: Awaitable[Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = await work
    return (time.perf_counter() - began) * 1000, result


async def _measured(mesh: MeshPaths) -> Figures:
    await filled(mesh, AGENTS, MESSAGES, _texts())
    before = psutil.Process().memory_info().rss
    figures: Figures = {}
    async with Journals.opened(mesh, AGENTS) as journals:
        figures["newest_ms"], _ = await _ms(journals.newest())
        figures["index_ms"], index = await _ms(journals.index())
        figures["memory_mb"] = (psutil.Process().memory_info().rss - before) / 1e6
        figures["changed_ms"], _ = await _ms(journals.changed(AGENTS[:1]))
        for name, start in (("rows_60_ms", len(index) - 60), ("jump_ms", 0)):
            keys = [index.key_at(place) for place in range(start, start + 60)]
            figures[name], _ = await _ms(journals.rows(keys))
        for name, text in (("search_rare_ms", "message 9999"), ("search_common_ms", "index of")):
            figures[name], keys_found = await _ms(journals.search(text))
            began = time.perf_counter()
            figures[name.replace("_ms", "_hits")] = len(index.filtered(keys=keys_found))
            figures[name] += (time.perf_counter() - began) * 1000
        figures["search_two_letters_ms"], _ = await _ms(journals.search("zq"))
        figures["thread_ms"], _ = await _ms(journals.thread("none"))
    return figures


def run() -> Figures:
    """Milliseconds, and what the index takes in memory."""
    with TemporaryDirectory(prefix="meshbot-bench-") as folder:
        return asyncio.run(_measured(MeshPaths(Path(folder), "bench")))
