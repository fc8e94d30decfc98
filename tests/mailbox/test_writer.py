"""The writer thread: one commit a batch, and it outlives whatever fails."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from meshbot_core.errors import MailboxError, MailboxUnavailableError
from tests.mailbox.support import UNTIL_MS, draft, reader, receive, wire


def take(mailbox, message):
    return mailbox.receive(message, nonce_until_ms=UNTIL_MS)


async def test_decision_20_the_row_of_a_cancelled_caller_is_committed(mailbox):
    message = wire()
    caller = asyncio.get_running_loop().create_task(take(mailbox, message))
    await asyncio.sleep(0)  # It has handed the row over, and waits.
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller

    await receive(mailbox, wire())

    assert (await mailbox.message(message.id)).payload == message.payload


async def test_decision_20_what_waits_together_is_answered_by_one_call_into_the_loop(mailbox):
    loop = asyncio.get_running_loop()
    calls = []
    original = loop.call_soon_threadsafe
    loop.call_soon_threadsafe = lambda *call, **more: calls.append(call) or original(*call, **more)
    with held(mailbox):
        waiting = [loop.create_task(take(mailbox, wire())) for _ in range(50)]
        await asyncio.sleep(0)  # The first is being written, the others wait behind it.
    await asyncio.gather(*waiting)

    assert len(calls) <= 2


async def test_decision_20_a_commit_that_fails_fails_its_batch_and_the_thread_lives(mailbox):
    with held(mailbox), short_patience(mailbox):
        outcomes = await asyncio.gather(
            *(take(mailbox, wire()) for _ in range(5)), return_exceptions=True
        )
    assert {type(one) for one in outcomes} == {MailboxUnavailableError}
    assert len({id(one) for one in outcomes}) == 5
    assert "locked" in str(outcomes[0])

    await receive(mailbox, wire())

    assert mailbox.counts.unread == 1


async def test_decision_20_an_error_inside_a_batch_fails_one_caller(mailbox):
    def broken(ledger):
        ledger.execute("DELETE FROM messages")
        ledger.tally.unread = 99
        raise ValueError("no")

    await receive(mailbox, wire("kept"))
    outcomes = await asyncio.gather(
        take(mailbox, wire()), mailbox._write(broken), take(mailbox, wire()), return_exceptions=True
    )

    assert isinstance(outcomes[1], MailboxError)
    assert [one.outcome for one in outcomes[::2]] == ["stored", "stored"]
    assert mailbox.counts.unread == len(await mailbox.journal()) == 3


async def test_decision_20_a_fault_of_our_own_fails_its_batch_and_the_thread_lives(mailbox):
    def faulty(ledger):
        raise ZeroDivisionError

    with pytest.raises(MailboxError, match="ZeroDivisionError"):
        await mailbox._write(faulty)
    with pytest.raises(MailboxError, match="ZeroDivisionError"):
        await mailbox._read(faulty)
    await receive(mailbox, wire())

    assert len(await mailbox.journal()) == 1


async def test_decision_20_the_wal_does_not_grow_while_something_reads(mailbox, place):
    wal = place.path.with_name("mailbox.db-wal")
    for _ in range(6):
        await asyncio.gather(
            *(take(mailbox, wire("x" * 100_000)) for _ in range(100)),
            *(mailbox.journal(limit=10) for _ in range(20)),
        )

    assert wal.stat().st_size < 64 * 1024 * 1024
    assert place.path.stat().st_size > 20 * 1024 * 1024  # Most of it was moved into the file.


async def test_decision_20_the_wal_is_moved_into_the_file_when_it_is_quiet(mailbox, place):
    await asyncio.gather(*(take(mailbox, wire("x" * 10_000)) for _ in range(100)))

    async with asyncio.timeout(10):
        while place.path.stat().st_size < 1_000_000:  # noqa: ASYNC110 -- files send no events
            await asyncio.sleep(0.05)


async def test_counts_are_those_of_the_file_after_anything(mailbox, place):
    await receive(mailbox, *(wire("漢") for _ in range(6)))
    done = await mailbox.lease(reader(max_messages=2))
    await mailbox.lease(reader("s2", max_messages=1))
    await mailbox.acknowledge([done.lease_id])
    await mailbox.enqueue(draft(kind="ask", id="q"))
    with pytest.raises(MailboxError):
        await mailbox._write(lambda ledger: int("no number"))

    seen = mailbox.counts
    assert (seen.unread, seen.unread_bytes, seen.leased) == (3, 12, 1)
    assert (seen.queued, seen.open_asks) == (1, 1)
    async with asyncio.timeout(5):
        async with place.opened() as second:
            assert second.counts == seen


async def test_a_closed_mailbox_says_so(place):
    async with place.opened() as mailbox:
        pass
    with pytest.raises(MailboxUnavailableError, match="closed"):
        await take(mailbox, wire())
    with pytest.raises(MailboxUnavailableError, match="closed"):
        await mailbox.journal()


async def test_closing_commits_what_was_handed_over(place):
    loop = asyncio.get_running_loop()
    async with place.opened() as mailbox:
        waiting = [loop.create_task(take(mailbox, wire())) for _ in range(40)]
        await asyncio.sleep(0)
    assert [one.outcome for one in await asyncio.gather(*waiting)] == ["stored"] * 40
    assert not place.path.with_name("mailbox.db-wal").exists()


class held:  # noqa: N801 -- reads like a verb
    """Another program holds the mailbox for writing."""

    def __init__(self, mailbox):
        self._path = mailbox._path

    def __enter__(self):
        self._other = sqlite3.connect(self._path, isolation_level=None)
        self._other.execute("BEGIN IMMEDIATE")

    def __exit__(self, *error):
        with closing(self._other):
            self._other.execute("ROLLBACK")


class short_patience:  # noqa: N801 -- reads like a verb
    """The writer waits 50 ms for a locked file instead of two seconds."""

    def __init__(self, mailbox):
        self._connection = mailbox._store._connection

    def __enter__(self):
        self._connection.execute("PRAGMA busy_timeout = 50")

    def __exit__(self, *error):
        self._connection.execute("PRAGMA busy_timeout = 2000")
