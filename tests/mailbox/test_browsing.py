"""Leafing through a mailbox beside its host, and after it."""

import sqlite3
from contextlib import closing

import pytest

from meshbot_core.errors import MailboxSchemaError, MailboxUnavailableError, MeshError
from meshbot_core.mailbox.browsing import MailboxBrowser
from tests.mailbox.support import Place, answer_to, draft, reader, receive, wire


@pytest.fixture
def browser(place: Place):
    browser = MailboxBrowser(place.path)
    yield browser
    browser.close()


async def test_a_mailbox_is_read_while_its_host_writes_and_after_it_ended(place, browser):
    async with place.opened() as mailbox:
        for n in range(1, 4):
            await receive(mailbox, wire(f"text {n}", id=f"m{n}"))
            assert [row[0] for row in browser.places(0, 10)] == list(range(1, n + 1))
        before = place.path.with_name("mailbox.db-wal").stat().st_size
        assert before
    content = place.path.read_bytes()
    assert browser.places(1, 1) == [(2, "in", "m2", "dev", "message", place.clock.now_ms())]
    assert [row[0] for row in browser.newest(2)] == [2, 3]
    assert (browser.rows_upto(2), browser.rows_upto(99), browser.seqs(2)) == (2, 3, {1, 2})
    assert [leaf.entry.payload for leaf in browser.leaves([3, 1, 99])] == ["text 1", "text 3"]
    assert (browser.whole(2), browser.whole(99)) == ("text 2", None)
    assert place.path.read_bytes() == content


async def test_no_read_stays_open_between_questions(place, browser):
    async with place.opened() as mailbox:
        await receive(mailbox, *(wire("x" * 1000) for _ in range(50)))
        browser.places(0, 10)
        browser.leaves([1])
        browser.whole(1)
        browser.find("nothing")
        with closing(sqlite3.connect(place.path)) as other:
            blocked, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not blocked


async def test_what_a_receiver_did_is_told_by_id_and_sender(place, browser):
    async with place.opened() as mailbox:
        await receive(mailbox, wire(id="m1"), wire(id="m1", sender="web"), wire(id="m2"))
        batch = await mailbox.lease(reader(max_messages=1))
        assert browser.received(["m1", "m2", "m3"]) == {
            ("m1", "dev"): "leased", ("m1", "web"): "new", ("m2", "dev"): "new"
        }  # fmt: skip
        await mailbox.acknowledge([batch.lease_id])
        assert browser.received(["m1"])["m1", "dev"] == "done"


async def test_what_is_connected_is_found_from_the_question_and_from_the_answer(place, browser):
    async with place.opened() as mailbox:
        await mailbox.enqueue(draft("how are you?", id="q1", kind="ask"))
        await receive(mailbox, answer_to("q1", "fine", id="a1"), answer_to("q1", "well", id="a2"))
        await receive(mailbox, wire("and you?", id="q2", kind="ask"))
        await mailbox.enqueue(draft("so-so", id="a3", kind="response", reply_to="q2"))

        def texts(*ids: str) -> list[str]:
            return [leaf.entry.payload for leaf in browser.connected(ids)]

        assert texts("q1") == ["how are you?", "fine", "well"]
        assert texts("a1") == ["fine"]
        assert texts("q2") == ["and you?", "so-so"]
        assert texts("none") == []
        assert len(browser.connected([f"x{n}" for n in range(1200)] + ["q1"])) == 3


async def test_a_file_that_takes_the_place_of_another_is_read(place, browser):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("old"))
    assert browser.whole(1) == "old"
    first = browser.file
    place.path.rename(place.path.with_name("aside.db"))
    with pytest.raises(MailboxUnavailableError, match="cannot be read"):
        browser.whole(1)
    assert not browser.exists()
    async with place.opened() as mailbox:
        await receive(mailbox, wire("new"))
        assert browser.whole(1) == "new"
        assert browser.file != first


@pytest.mark.parametrize("what", ["nothing", "text", "empty", "a folder", "other tables"])
def test_what_is_no_mailbox_is_an_error_of_ours(place, browser, what):
    place.path.parent.mkdir(parents=True)
    if what == "text":
        place.path.write_bytes(b"no database at all " * 300)
    elif what == "empty":
        place.path.touch()
    elif what == "a folder":
        place.path.mkdir()
    elif what == "other tables":
        with closing(sqlite3.connect(place.path)) as other:
            other.execute("CREATE TABLE messages (x)")
            other.execute("PRAGMA user_version = 2")
    for question in (lambda: browser.places(0, 1), lambda: browser.find("text")):
        with pytest.raises(MeshError):
            question()


async def test_another_schema_is_told(place, browser):
    async with place.opened():
        pass
    for version, error in ((99, MailboxSchemaError), (1, MailboxUnavailableError)):
        with closing(sqlite3.connect(place.path)) as other:
            other.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(error):
            browser.places(0, 1)


async def test_a_mailbox_that_another_program_holds_is_told_soon_and_read_again_later(
    place, browser
):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("text"))
    with closing(sqlite3.connect(place.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(MailboxUnavailableError, match="locked"):
            browser.whole(1)
        other.execute("ROLLBACK")
    assert browser.whole(1) == "text"
