"""The files: private, of today's schema, of this machine, and sound; or set aside."""

import asyncio
import os
import shutil
import sqlite3
import stat
from contextlib import closing

import pytest

from meshbot_core.errors import (
    MailboxSchemaError,
    MailboxUnavailableError,
    UnsupportedPlatformError,
)
from meshbot_core.mailbox import schema
from meshbot_core.mailbox.mailbox import Mailbox
from meshbot_core.mailbox.reader import MailboxReader
from tests.mailbox.support import UNTIL_MS, draft, reader, receive, wire


def names(place):
    return sorted(path.name for path in place.path.parent.iterdir())


async def test_every_file_is_600_whatever_the_umask(place):
    old = os.umask(0)
    try:
        async with place.opened() as mailbox:
            await receive(mailbox, wire())
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in _files(place)}
    finally:
        os.umask(old)

    assert modes == dict.fromkeys(("mailbox.db", "mailbox.db-shm", "mailbox.db-wal"), 0o600)
    assert stat.S_IMODE(place.path.parent.stat().st_mode) == 0o700


def _files(place):
    return list(place.path.parent.glob("mailbox.db*"))


async def test_files_that_were_readable_to_others_are_closed_to_them(place):
    async with place.opened():
        pass
    place.path.chmod(0o644)
    async with place.opened():
        assert stat.S_IMODE(place.path.stat().st_mode) == 0o600


async def test_a_network_file_system_is_refused(place, monkeypatch):
    monkeypatch.setattr("meshbot_core.mailbox.disk.is_network_filesystem", lambda path: True)
    with pytest.raises(UnsupportedPlatformError, match="network file system"):
        async with place.opened():
            pass
    assert not place.path.exists()


async def test_decision_33_a_newer_schema_is_refused_and_left_untouched(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire())
    with closing(sqlite3.connect(place.path)) as other:
        other.execute("PRAGMA user_version = 99")
    before = place.path.read_bytes()

    with pytest.raises(MailboxSchemaError, match="schema 99"):
        async with place.opened():
            pass
    with pytest.raises(MailboxSchemaError), MailboxReader.opened(place.path):
        pass

    assert place.path.read_bytes() == before
    assert [name for name in names(place) if "db." in name or "-2" in name] == []


async def test_an_older_schema_is_brought_forward_with_its_messages(place, monkeypatch):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("old", id="m"))
    newer = (
        *schema.MIGRATIONS,
        ("ALTER TABLE messages ADD COLUMN mood TEXT NOT NULL DEFAULT 'calm'",),
        ("CREATE TABLE extra (x)", "INSERT INTO extra VALUES (1)"),
    )
    monkeypatch.setattr(schema, "MIGRATIONS", newer)

    with pytest.raises(MailboxUnavailableError, match="older"), MailboxReader.opened(place.path):
        pass
    async with place.opened() as mailbox:
        assert (await mailbox.message("m")).payload == "old"
        mood = await mailbox._read(lambda c: c.execute("SELECT mood FROM messages").fetchall())
        assert mood == [("calm",)]
    with closing(sqlite3.connect(place.path)) as other:
        assert schema.known_version_of(other) == len(schema.MIGRATIONS) == 4


async def test_a_migration_that_fails_leaves_the_old_schema(place, monkeypatch):
    async with place.opened() as mailbox:
        await receive(mailbox, wire())
    broken = (*schema.MIGRATIONS, ("CREATE TABLE extra (x)", "NO SQL"))
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", broken)
        with pytest.raises(MailboxUnavailableError):
            async with place.opened():
                pass
    async with place.opened() as mailbox:
        assert mailbox.counts.unread == 1


async def test_decision_22_a_mailbox_of_another_machine_is_set_aside_whole(place):
    async with place.opened(machine_id="elsewhere") as mailbox:
        await receive(mailbox, wire("theirs"))
        await mailbox.enqueue(draft("theirs too"))
        copied = place.path.parent.with_name("copied")
        shutil.copytree(place.path.parent, copied)  # As scp does it, with -wal and -shm.
    shutil.rmtree(place.path.parent)
    copied.rename(place.path.parent)

    async with place.opened() as mailbox:
        assert await mailbox.peers_with_outbox() == ()
        assert mailbox.counts.unread == 0
        (notice,) = mailbox.notices
        await receive(mailbox, wire("ours"))

    assert "another machine" in notice
    (aside,) = place.path.parent.glob("mailbox.foreign-*.db")
    assert aside.name in notice
    with MailboxReader.opened(aside) as left:
        assert [entry.payload for entry in left.journal()] == ["theirs", "theirs too"]


async def test_decision_22_on_the_same_machine_nothing_is_set_aside(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire())
    async with place.opened() as mailbox:
        assert (mailbox.notices, mailbox.counts.unread) == ((), 1)
    assert names(place) == ["mailbox.db"]


async def test_decision_33_a_file_that_is_no_mailbox_is_set_aside(place):
    place.path.parent.mkdir(parents=True)
    place.path.write_bytes(b"this is not a database, only some text" * 100)

    async with place.opened() as mailbox:
        await receive(mailbox, wire())
        assert "damaged" in mailbox.notices[0]

    (aside,) = place.path.parent.glob("mailbox.damaged-*.db")
    assert aside.read_bytes().startswith(b"this is not")


async def test_decision_33_damage_found_while_reading_sets_the_file_aside(place):
    await _fill(place)
    _damage(place.path)
    heard = asyncio.Event()
    opened = Mailbox.opened(
        place.path,
        agent="ops",
        machine_id="this-machine",
        clock=place.clock,
        on_notice=lambda text: heard.set(),
    )
    async with opened as mailbox:
        with pytest.raises(MailboxUnavailableError):
            await _read_all(mailbox)
        async with asyncio.timeout(5):
            await heard.wait()
        await receive(mailbox, wire("after"))
        assert [entry.payload for entry in await mailbox.journal()] == ["after"]
        assert mailbox.counts.unread == 1
        assert len(mailbox.notices) == 1


async def test_decision_33_damage_found_while_writing_sets_the_file_aside(place):
    await _fill(place)
    _damage(place.path)
    async with place.opened() as mailbox:
        await mailbox.leased_sessions()  # The reader has the old file open.
        with pytest.raises(MailboxUnavailableError):
            await _lease_all(mailbox)
        receipt = await mailbox.receive(wire(), nonce_until_ms=UNTIL_MS)
        assert receipt.outcome == "stored"
        assert [entry.seq for entry in await mailbox.journal()] == [1]
        assert mailbox.counts.unread == 1
        assert "damaged" in mailbox.notices[0]


async def test_decision_33_after_an_unclean_end_the_file_is_checked_beside_the_work(place):
    await _fill(place)
    with closing(sqlite3.connect(place.path)) as other:
        schema.set_meta(other, is_open="yes")
        other.commit()
    _damage(place.path)
    heard = asyncio.Event()
    opened = Mailbox.opened(
        place.path,
        agent="ops",
        machine_id="this-machine",
        clock=place.clock,
        on_notice=lambda text: heard.set(),
    )
    async with opened as mailbox:
        async with asyncio.timeout(10):
            await heard.wait()
        assert "damaged" in mailbox.notices[0]
        await receive(mailbox, wire())


async def test_decision_33_after_an_orderly_end_nothing_is_checked(place, monkeypatch):
    def forbidden(connection):
        raise AssertionError("checked")

    monkeypatch.setattr("meshbot_core.mailbox.disk.quick_check", forbidden)
    await _fill(place)
    async with place.opened() as mailbox:
        assert not mailbox._checkup._thread.is_alive()
        assert mailbox.counts.unread == 400


async def test_a_wal_whose_file_is_gone_is_not_played_into_a_new_one(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire())
        wal = place.path.with_name("mailbox.db-wal")
        orphan = wal.read_bytes()
    place.path.unlink()
    wal.write_bytes(orphan)

    async with place.opened() as mailbox:
        assert mailbox.counts.unread == 0
    assert any(name.startswith("mailbox.db-wal.orphan-") for name in names(place))


async def test_a_folder_in_the_files_place_is_an_error_of_ours(place):
    place.path.mkdir(parents=True)
    with pytest.raises(MailboxUnavailableError):
        async with place.opened():
            pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_folder_that_cannot_be_written_is_an_error_of_ours(place):
    place.path.parent.mkdir(parents=True, mode=0o500)
    with pytest.raises(MailboxUnavailableError):
        async with place.opened():
            pass


async def _read_all(mailbox) -> None:
    for after in range(0, 400, 10):
        await mailbox.journal(after=after, limit=10)


async def _lease_all(mailbox) -> None:
    while mailbox.counts.unread:
        await mailbox.lease(reader(max_messages=10))


async def _fill(place) -> None:
    async with place.opened() as mailbox:
        messages = (wire("x" * 500) for _ in range(400))
        await asyncio.gather(*(mailbox.receive(m, nonce_until_ms=UNTIL_MS) for m in messages))


def _damage(path) -> None:
    """Overwrite the pages in the middle of the file by what is none: noise may look like one."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4 // 4096 * 4096)
        file.write(b"damaged " * (size // 2 // 4096 * 512))
