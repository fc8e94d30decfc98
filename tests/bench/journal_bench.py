"""100,000 messages between 16 agents of this machine, read as the console reads them."""

import asyncio
import random
import sqlite3
import time
import uuid
from collections.abc import Awaitable
from contextlib import closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import psutil

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.searching import search_file
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.types import SystemClock
from meshbot_tui.connections.journals import Journals
from tests.support.waiting import until

Figures = dict[str, float]
Result = TypeVar("Result")
AGENTS = tuple(f"agent-{number:02}" for number in range(16))
MESSAGES = 100_000
_WORDS = "build test deploy report failed ok server migration index restart the of 日本語".split()  # noqa: SIM905 -- read as a line


async def _filled(mesh: MeshPaths) -> None:
    """Mailboxes with both sides of every message, and their search files."""
    chance = random.Random(1)  # noqa: S311 -- no secret
    began_ms = int(time.time() * 1000) - MESSAGES * 10
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in AGENTS}
    for number in range(MESSAGES):
        sender, to = chance.sample(AGENTS, 2)
        text = f"message {number}: " + " ".join(chance.choices(_WORDS, k=32))
        id_, at_ms = str(uuid.uuid4()), began_ms + number * 10
        common = (at_ms, at_ms, at_ms, len(text.encode()), text)
        rows[sender].append(("out", id_, to, "delivered", *common))
        rows[to].append(("in", id_, sender, "done", *common))
    for name in AGENTS:
        path = mesh.agent(name).mailbox
        async with _opened(mesh, name):
            pass
        with closing(sqlite3.connect(path)) as box, box:
            box.executemany(
                "INSERT INTO messages (direction, id, peer, kind, state, at_ms, stamped_at_ms,"
                " finished_at_ms, size, payload) VALUES (?, ?, ?, 'message', ?, ?, ?, ?, ?, ?)",
                rows[name],
            )
        async with _opened(mesh, name):
            await until(partial(_is_indexed, path, len(rows[name])), limit_s=60)


def _opened(mesh: MeshPaths, name: str):
    return Mailbox.opened(
        mesh.agent(name).mailbox, agent=name, machine_id="bench", clock=SystemClock()
    )


def _is_indexed(path: Path, upto: int) -> bool:
    try:
        with closing(sqlite3.connect(f"{search_file(path).as_uri()}?mode=ro", uri=True)) as search:
            found = search.execute("SELECT value FROM meta WHERE key = 'upto'").fetchone()
            return int(found[0]) == upto
    except sqlite3.Error:
        return False


async def _ms(work: Awaitable[Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = await work
    return (time.perf_counter() - began) * 1000, result


async def _measured(mesh: MeshPaths) -> Figures:
    await _filled(mesh)
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
