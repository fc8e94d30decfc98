"""What the mailbox does a second, at several depths; run by `make bench`, or by hand.

Everything is real: one file, an fsync before each answer, 64 callers in one event loop.
"""

import asyncio
import itertools
import json
import sys
import tempfile
import time
from pathlib import Path

from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.records import LeaseRequest, MailboxLimits
from meshbot_core.types import SystemClock, new_id
from meshbot_core.wire.message import WireMessage

IN_FLIGHT = 64
_LIMITS = MailboxLimits(max_unread=10_000_000, max_unread_bytes=1 << 40)


def _message(size: int) -> WireMessage:
    return WireMessage(
        id=new_id(),
        sender="dev",
        to="ops",
        kind="message",
        payload="x" * size,
        timestamp=1_767_232_600_000,
        nonce=new_id(),
        hmac="0" * 64,
    )


async def receive_many(mailbox: Mailbox, rows: int, *, size: int = 200) -> float:
    """Rows a second, with ``IN_FLIGHT`` callers that each wait for their row."""
    messages = [_message(size) for _ in range(rows)]
    numbers = itertools.count()

    async def caller() -> None:
        while (number := next(numbers)) < rows:
            await mailbox.receive(messages[number], nonce_until_ms=1_767_232_660_000)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(caller())
    return rows / (time.perf_counter() - began)


async def _fill(mailbox: Mailbox, depth: int) -> None:
    while (missing := depth - mailbox.counts.unread) > 0:
        await receive_many(mailbox, min(missing, 10_000))


async def _lease_ms(mailbox: Mailbox, rounds: int = 20) -> float:
    """Median milliseconds of a lease of 50."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await mailbox.lease(LeaseRequest(session="bench", channel="check", max_messages=50))
        took.append((time.perf_counter() - began) * 1000)
    await mailbox.give_back(session="bench")
    return sorted(took)[rounds // 2]


async def _measure(folder: Path, rows: int) -> dict[str, float]:
    figures: dict[str, float] = {}
    for depth in (0, 10_000, 100_000):
        path = folder / f"{depth}" / "mailbox.db"
        opened = Mailbox.opened(
            path, agent="ops", machine_id="bench", clock=SystemClock(), limits=_LIMITS
        )
        async with opened as mailbox:
            await _fill(mailbox, depth)
            figures[f"rows_per_s_at_{depth}"] = await receive_many(mailbox, rows)
            figures[f"lease_50_ms_at_{depth}"] = await _lease_ms(mailbox)
            if not depth:
                figures["rows_per_s_100_kb"] = await receive_many(mailbox, 500, size=100_000)
    return figures


def run(rows: int = 10_000) -> dict[str, float]:
    """Measure on a throw-away mailbox under the temporary folder."""
    with tempfile.TemporaryDirectory(prefix="meshbot-bench-") as folder:
        return asyncio.run(_measure(Path(folder), rows))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(), indent=2) + "\n")
