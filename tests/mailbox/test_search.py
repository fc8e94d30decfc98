"""Finding texts: by the search file behind the mailbox, by looking where that does not go."""

import os
import sqlite3
import stat
import threading
import time
from contextlib import closing

import pytest

from meshbot_core.mailbox import indexing
from meshbot_core.mailbox.browsing import MailboxBrowser
from meshbot_core.mailbox.records import MailboxLimits
from meshbot_core.mailbox.searching import search_file
from tests.mailbox.support import Place, draft, reader, receive, wire
from tests.support.waiting import until

TEXTS = (
    "100 % sure_of C++ and a-b",
    "say \"foo\" or 'bar'; DROP TABLE texts",
    "漢字 in the middle of it: 重新启动服务器",
    "Ärger im Übermaß",
    "emoji \U0001f469‍\U0001f469‍\U0001f467 and e\u0301",
    "NEAR(a b) AND OR NOT * ^ column:x",
    "before\0after the NUL",
)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Index without waiting for quiet."""
    monkeypatch.setattr(indexing, "_QUIET_S", 0.01)
    monkeypatch.setattr(indexing, "_FAILED_S", 0.01)


def found(place: Place, text: str, *, limit: int = 100, limit_s: float = 5.0) -> list[int]:
    browser = MailboxBrowser(place.path)
    try:
        return list(browser.find(text, limit=limit, limit_s=limit_s))
    finally:
        browser.close()


def upto(place: Place) -> int:
    """How far the search file goes; -1 while there is none."""
    try:
        with closing(
            sqlite3.connect(f"{search_file(place.path).as_uri()}?mode=ro", uri=True)
        ) as it:
            return int(it.execute("SELECT value FROM meta WHERE key = 'upto'").fetchone()[0])
    except (sqlite3.Error, TypeError):
        return -1


def indexed(place: Place) -> list[int]:
    """What the search file holds; nothing while it is being made."""
    try:
        with closing(
            sqlite3.connect(f"{search_file(place.path).as_uri()}?mode=ro", uri=True)
        ) as it:
            return [seq for (seq,) in it.execute("SELECT rowid FROM texts ORDER BY rowid")]
    except sqlite3.Error:
        return []


async def indexed_to(place: Place, seq: int) -> None:
    await until(lambda: upto(place) == seq)


@pytest.mark.parametrize("is_indexed", [True, False])
async def test_decision_28_what_is_typed_is_looked_for_as_it_stands(place, is_indexed):
    async with place.opened() as mailbox:
        await receive(mailbox, *(wire(text) for text in TEXTS))
        if is_indexed:
            await indexed_to(place, len(TEXTS))
    if not is_indexed:
        search_file(place.path).unlink(missing_ok=True)

    wanted = {
        "0 % s": [1], "SURE_OF c++": [1], "a-b": [1], "sureXof": [],
        '"foo"': [2], "'bar'; drop": [2], '"': [2],
        "漢字": [3], "启动服": [3], "服务": [3],
        "ärger": [4], "ÜBERMASS": [], "üBERMAß": [4], "Ä": [4],
        "\U0001f469‍\U0001f467": [5], "e\u0301": [5],
        "near(A b) and or not": [6], "column:x": [6], "*": [6],
        "in the": [3], "": [], "x" * 5000: [], "y" * 300: [], "\ud800": [],
    }  # fmt: skip
    assert {text: found(place, text) for text in wanted} == wanted
    if is_indexed:
        assert found(place, "after the nul") == [7]


async def test_the_newest_are_found_first_and_no_more_than_wanted(place):
    async with place.opened() as mailbox:
        await receive(mailbox, *(wire(f"number {n}") for n in range(5)))
        await indexed_to(place, 5)
        assert found(place, "number") == [5, 4, 3, 2, 1]
        assert found(place, "number", limit=2) == [5, 4]
        assert found(place, "r", limit=2) == [5, 4]
        assert found(place, "number", limit=0) == []


async def test_what_is_not_indexed_yet_is_found_all_the_same_and_once(place, monkeypatch):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("needle one"))
        await indexed_to(place, 1)
        monkeypatch.setattr(indexing, "_QUIET_S", 60)
        await receive(mailbox, wire("needle two"))
        await mailbox.enqueue(draft("needle three"))
        assert found(place, "needle") == [3, 2, 1]
    assert found(place, "needle") == [3, 2, 1]


async def test_only_the_start_of_a_text_is_searched_indexed_or_not(place):
    text = "start " + "字" * 4080 + " within " + "x" * 100_000 + " beyond"
    async with place.opened() as mailbox:
        await receive(mailbox, wire(text))
        await indexed_to(place, 1)
        for _ in range(2):
            assert (found(place, "within"), found(place, "beyond")) == ([1], [])
            search_file(place.path).unlink(missing_ok=True)


async def test_the_search_file_is_600_from_its_first_byte(place):
    old = os.umask(0)
    try:
        async with place.opened() as mailbox:
            await receive(mailbox, wire())
            await indexed_to(place, 1)
            files = list(place.path.parent.glob("search.db*"))
            modes = {stat.S_IMODE(file.stat().st_mode) for file in files}
    finally:
        os.umask(old)
    assert (bool(files), modes) == (True, {0o600})


@pytest.mark.parametrize("damage", ["gone", "garbage", "another form", "half made"])
async def test_a_search_file_may_be_lost_at_any_time_and_is_made_anew(place, damage):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("first"))
        await indexed_to(place, 1)
        path = search_file(place.path)
        if damage == "another form":
            with closing(sqlite3.connect(path)) as other:
                other.execute("UPDATE meta SET value = '0' WHERE key = 'form'")
                other.commit()
        path.with_suffix(".new").write_bytes(b"this is no database " * 500)
        if damage != "another form":
            path.unlink()
        if damage == "garbage":
            path.with_suffix(".new").rename(path)
        if damage == "half made":
            path.touch()
        assert found(place, "first") == [1]
        await receive(mailbox, wire("second"))
        assert found(place, "first") == [1]
        await until(lambda: upto(place) >= 1 or damage == "another form")
        await receive(mailbox, wire("third"))
        await indexed_to(place, 3)
        assert found(place, "first") == [1]
    async with place.opened():
        await until(lambda: indexed(place) == [1, 2, 3])


async def test_a_search_file_of_another_mailbox_is_not_believed(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("theirs"), wire("theirs"))
        await indexed_to(place, 2)
    place.path.unlink()
    async with place.opened() as mailbox:
        await receive(mailbox, wire("ours"), wire("ours"))
        assert found(place, "theirs") == []
        await until(lambda: found(place, "ours") == [2, 1] and indexed(place) == [1, 2])
        assert found(place, "theirs") == []


async def test_a_mailbox_taken_back_from_a_backup_is_indexed_anew(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("kept"))
    backup = place.path.read_bytes()
    async with place.opened() as mailbox:
        await receive(mailbox, wire("lost"), wire("lost"))
        await indexed_to(place, 3)
    place.path.write_bytes(backup)

    assert found(place, "lost") == []
    async with place.opened() as mailbox:
        await until(lambda: upto(place) == 1)
        await receive(mailbox, wire("new"))
        await indexed_to(place, 2)
        assert (found(place, "lost"), found(place, "kept"), found(place, "new")) == ([], [1], [2])


async def test_a_mailbox_that_is_set_aside_takes_its_index_along(place):
    async with place.opened(machine_id="elsewhere") as mailbox:
        await receive(mailbox, wire("foreign words"))
        await indexed_to(place, 1)
    async with place.opened() as mailbox:
        await receive(mailbox, wire("own words"))
        await until(lambda: found(place, "own words") == [1] and upto(place) == 1)
        assert found(place, "foreign") == []
        await until(lambda: indexed(place) == [1])


async def test_what_retention_removes_is_removed_from_the_search_file_too(place, clock):
    limits = MailboxLimits(keep_finished_ms=0)
    async with place.opened(limits=limits) as mailbox:
        await receive(mailbox, *(wire(f"secret {n}") for n in range(200)))
        batch = await mailbox.lease(reader(max_messages=150))
        await mailbox.acknowledge([batch.lease_id])
        await indexed_to(place, 200)
        clock.advance(1)
        await mailbox.tidy(clock.now_ms())
        await until(lambda: indexed(place) == list(range(151, 201)))
        assert len(found(place, "secret")) == 50


async def test_what_was_removed_while_nobody_indexed_is_removed_at_the_next_start(
    place, clock, monkeypatch
):
    limits = MailboxLimits(keep_finished_ms=0)
    async with place.opened(limits=limits) as mailbox:
        await receive(mailbox, wire("secret"), wire("kept"))
        await indexed_to(place, 2)
        monkeypatch.setattr(indexing, "_QUIET_S", 60)
        batch = await mailbox.lease(reader(max_messages=1))
        await mailbox.acknowledge([batch.lease_id])
        clock.advance(1)
        await mailbox.tidy(clock.now_ms())
    assert indexed(place) == [1, 2]
    monkeypatch.setattr(indexing, "_QUIET_S", 0.01)
    async with place.opened(limits=limits):
        await until(lambda: indexed(place) == [2])


async def test_a_search_ends_in_time_with_what_it_found_by_then(place):
    async with place.opened() as mailbox:
        await receive(mailbox, *(wire("x" * 4000) for _ in range(300)))
        assert len(found(place, "x", limit=1000)) == 300
        assert len(found(place, "x", limit=1000, limit_s=0.0)) < 300
        assert found(place, "q", limit_s=0.0) == []
        assert len(found(place, "x", limit=1000)) == 300


async def test_an_sqlite_without_trigrams_searches_by_looking(place, monkeypatch):
    monkeypatch.setattr(
        indexing, "_MADE", ("CREATE VIRTUAL TABLE texts USING fts5(text, tokenize = 'none such')",)
    )
    async with place.opened() as mailbox:
        await receive(mailbox, wire("needle"))
        await until(lambda: not any(one.name == "mailbox-indexer" for one in threading.enumerate()))
        assert found(place, "needle") == [1]


async def test_the_thread_ends_with_its_mailbox_whatever_it_does(place, monkeypatch):
    monkeypatch.setattr(indexing, "_QUIET_S", 0.0)
    async with place.opened() as mailbox:
        await receive(mailbox, *(wire("long " * 1000) for _ in range(300)))
        began = time.monotonic()
    assert time.monotonic() - began < 2.0
    assert not any(one.name == "mailbox-indexer" for one in threading.enumerate())
