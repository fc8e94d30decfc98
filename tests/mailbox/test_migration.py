"""A file of an older schema becomes one of today's with all that is in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from meshbot_core.errors import ReplayedMessageError
from meshbot_core.mailbox import schema
from tests.mailbox.support import UNTIL_MS, draft, reader, receive, wire

FIRST = Path(__file__).with_name("data") / "schema-1.sql"


@pytest.fixture
def first_schema(place):
    """A place whose mailbox is of schema 1."""
    place.path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(place.path)) as file:
        file.executescript(FIRST.read_text())
    return place


async def test_a_mailbox_of_schema_1_goes_on_with_its_messages_leases_asks_and_nonces(
    first_schema,
):
    async with first_schema.opened() as mailbox:
        assert mailbox.notices == ()
        counts = mailbox.counts
        assert (counts.unread, counts.leased, counts.queued, counts.open_asks) == (1, 1, 1, 1)
        (queued,) = await mailbox.outbox_of("dev")
        assert (queued.id, queued.nonce, queued.hops) == ("queued-1", "nonce-1", 0)
        batch = await mailbox.lease(reader())
        assert [(one.id, one.hops) for one in batch.messages] == [("new-1", 0)]
        assert [one.id for one in await mailbox.unanswered_asks("s1")] == ["leased-1"]
        with pytest.raises(ReplayedMessageError):
            await receive(mailbox, wire(nonce="seen-1"))
        await receive(mailbox, wire("further", id="further", hops=3))
        assert (await mailbox.message("further")).hops == 3

    with closing(sqlite3.connect(first_schema.path)) as file:
        assert schema.known_version_of(file) == len(schema.MIGRATIONS)


async def test_schema_1_made_by_the_migrations_is_the_one_that_is_tested(first_schema, tmp_path):
    with (
        closing(sqlite3.connect(":memory:")) as made,
        closing(sqlite3.connect(first_schema.path)) as kept,
    ):
        for statement in schema.MIGRATIONS[0]:
            made.execute(statement)
        tables = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
        assert made.execute(tables).fetchall() == kept.execute(tables).fetchall()


async def test_hops_are_kept_with_what_goes_out_and_what_comes_in(mailbox):
    put = await mailbox.enqueue(draft(hops=2))
    assert (put.hops, (await mailbox.outbox_message(put.id)).hops) == (2, 2)

    together = [wire(str(number), hops=number) for number in range(3)]
    receipts = [await mailbox.receive(one, nonce_until_ms=UNTIL_MS) for one in together]
    assert [receipt.message.hops for receipt in receipts] == [0, 1, 2]
    batch = await mailbox.lease(reader())
    assert [one.hops for one in batch.messages] == [0, 1, 2]
