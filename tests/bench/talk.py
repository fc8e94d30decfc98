"""Messages between agents of this machine, put into their mailboxes before their hosts start."""

import random
import sqlite3
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, closing
from functools import partial
from pathlib import Path

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.searching import search_file
from meshbot_core.mesh.machine import machine_id
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.types import SystemClock
from tests.support.waiting import until


async def filled(
    mesh: MeshPaths, agents: Sequence[str], messages: int, text_of: Callable[[int], str]
) -> None:
    """So many messages, both sides of each; the search files are there when this ends."""
    chance = random.Random(1)  # noqa: S311 -- no secret
    began_ms = int(time.time() * 1000) - messages * 10
    rows: dict[str, list[tuple[object, ...]]] = {name: [] for name in agents}
    for number in range(messages):
        sender, to = chance.sample(agents, 2)
        text = text_of(number)
        id_, at_ms = str(uuid.uuid4()), began_ms + number * 10
        common = (at_ms, at_ms, at_ms, len(text.encode()), text)
        rows[sender].append(("out", id_, to, "delivered", *common))
        rows[to].append(("in", id_, sender, "done", *common))
    for name in agents:
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


def _opened(mesh: MeshPaths, name: str) -> AbstractAsyncContextManager[Mailbox]:
    return Mailbox.opened(
        mesh.agent(name).mailbox, agent=name, machine_id=machine_id(), clock=SystemClock()
    )


def _is_indexed(path: Path, upto: int) -> bool:
    try:
        with closing(sqlite3.connect(f"{search_file(path).as_uri()}?mode=ro", uri=True)) as search:
            found = search.execute("SELECT value FROM meta WHERE key = 'upto'").fetchone()
            return int(found[0]) == upto
    except sqlite3.Error:
        return False
