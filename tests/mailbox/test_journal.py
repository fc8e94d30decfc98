"""Everything that went in or out, paged by its place; and what is removed from it."""

import pytest

from meshbot_core.errors import MailboxUnavailableError
from meshbot_core.mailbox.reader import MailboxReader
from meshbot_core.mailbox.records import MailboxLimits
from tests.mailbox.support import NOW_MS, draft, reader, receive, wire

DAY_MS = 86_400_000


async def test_the_journal_tells_both_ways_in_order(mailbox):
    await receive(mailbox, wire("in"))
    sent = await mailbox.enqueue(draft("out"))
    await mailbox.finish(sent.seq, "failed", "404")

    first, second = await mailbox.journal()

    assert (first.direction, first.peer, first.payload, first.state) == ("in", "dev", "in", "new")
    assert (second.direction, second.payload, second.state) == ("out", "out", "failed")
    assert (second.last_error, second.attempts, second.finished_at_ms) == ("404", 1, NOW_MS)


async def test_the_journal_is_paged_from_either_end(mailbox):
    await receive(mailbox, *(wire(str(n)) for n in range(1, 8)))

    async def page(**where: int) -> list[int]:
        return [entry.seq for entry in await mailbox.journal(**where)]

    assert await page(limit=3) == [5, 6, 7]
    assert await page(before=5, limit=3) == [2, 3, 4]
    assert await page(before=2, limit=3) == [1]
    assert await page(after=0, limit=3) == [1, 2, 3]
    assert await page(after=3, limit=3) == [4, 5, 6]
    assert await page(after=2, before=6) == [3, 4, 5]
    assert await page(after=7) == []
    assert await page(limit=0) == await page(limit=-1) == []


async def test_a_reader_sees_what_a_stopped_agent_left_and_changes_nothing(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("kept", id="m"))
        with MailboxReader.opened(place.path) as beside:
            assert beside.counts() == mailbox.counts
    before = place.path.read_bytes()

    with MailboxReader.opened(place.path) as stopped:
        assert stopped.counts().unread == 1
        assert stopped.message("m").payload == "kept"
        assert [entry.id for entry in stopped.journal()] == ["m"]

    assert place.path.read_bytes() == before


def test_a_reader_says_so_when_there_is_no_mailbox(place):
    with pytest.raises(MailboxUnavailableError), MailboxReader.opened(place.path):
        pass
    assert not place.path.exists()


async def test_decision_33_retention_removes_finished_messages_only(place, clock):
    limits = MailboxLimits(keep_finished_ms=DAY_MS)
    async with place.opened(limits=limits) as mailbox:
        await receive(mailbox, wire("done"), wire("leased"), wire("new"))
        done = await mailbox.lease(reader(max_messages=1))
        await mailbox.lease(reader(max_messages=1))
        await mailbox.acknowledge([done.lease_id])
        sent = await mailbox.enqueue(draft("delivered"))
        await mailbox.finish(sent.seq, "delivered")
        await mailbox.enqueue(draft("queued"))
        ask = await mailbox.enqueue(draft("asked", kind="ask", expires_at_ms=NOW_MS + 9 * DAY_MS))
        await mailbox.finish(ask.seq, "delivered")

        clock.advance(DAY_MS)
        await mailbox.tidy(clock.now_ms())
        assert len(await mailbox.journal()) == 6
        clock.advance(1)
        await mailbox.tidy(clock.now_ms())

        left = [entry.payload for entry in await mailbox.journal()]
        assert left == ["leased", "new", "queued", "asked"]


async def test_decision_33_of_too_many_finished_messages_the_oldest_go(place, clock):
    async with place.opened(limits=MailboxLimits(keep_finished_messages=2)) as mailbox:
        for n in range(5):
            await receive(mailbox, wire(str(n)))
            batch = await mailbox.lease(reader())
            await mailbox.acknowledge([batch.lease_id])
            clock.advance(1)

        await mailbox.tidy(clock.now_ms())

        assert [entry.payload for entry in await mailbox.journal()] == ["3", "4"]


async def test_a_place_in_the_journal_is_never_given_twice(place, clock):
    limits = MailboxLimits(keep_finished_ms=0)
    async with place.opened(limits=limits) as mailbox:
        await receive(mailbox, wire())
        batch = await mailbox.lease(reader())
        await mailbox.acknowledge([batch.lease_id])
        clock.advance(1)
        await mailbox.tidy(clock.now_ms())
        assert await mailbox.journal() == ()
    async with place.opened(limits=limits) as mailbox:
        await receive(mailbox, wire())
        assert [entry.seq for entry in await mailbox.journal()] == [2]


async def test_tidying_goes_on_until_nothing_is_left(place, clock, monkeypatch):
    monkeypatch.setattr("meshbot_core.mailbox.retention.STEP", 2)
    monkeypatch.setattr("meshbot_core.mailbox.nonces._RUNS_AT_ONCE", 2)
    async with place.opened(limits=MailboxLimits(keep_finished_ms=0)) as mailbox:
        await receive(mailbox, *(wire() for _ in range(7)))
        batch = await mailbox.lease(reader())
        await mailbox.acknowledge([batch.lease_id])
        clock.advance(120_000)

        assert await mailbox.tidy(clock.now_ms()) == 14
        assert await mailbox.journal() == ()
