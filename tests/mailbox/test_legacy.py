"""Taking over the reference's ``queue.json``."""

import json

from meshbot_core.mailbox.records import MailboxLimits
from tests.mailbox.support import NOW_MS, reader, receive, wire


def entry(number: int, **members: object) -> dict[str, object]:
    usual = {
        "id": f"id-{number}",
        "from": "beta",
        "message": f"text {number}",
        "timestamp": NOW_MS + number,
        "type": "ask" if number % 2 else "message",
    }
    return usual | members


async def test_decision_23_messages_are_taken_over_once_and_the_file_is_renamed(mailbox, tmp_path):
    queue = tmp_path / "queue.json"
    queue.write_text(json.dumps([entry(0), entry(1, extra="ignored")]))

    assert await mailbox.import_queue(queue) == 2
    assert await mailbox.import_queue(queue) == 0

    first, second = (await mailbox.lease(reader())).messages
    assert (first.id, first.sender, first.payload, first.kind) == (
        "id-0",
        "beta",
        "text 0",
        "message",
    )
    assert (second.kind, second.sent_at_ms) == ("ask", NOW_MS + 1)
    assert not queue.exists()
    assert (tmp_path / "queue.json.imported").exists()
    assert "2 messages were taken over" in mailbox.notices[0]


async def test_decision_23_an_import_that_was_cut_short_is_finished_the_next_time(
    mailbox, tmp_path
):
    queue = tmp_path / "queue.json"
    for taken in (2, 1):
        queue.write_text(json.dumps([entry(0), entry(taken)]))
        await mailbox.import_queue(queue)

    shown = (await mailbox.lease(reader())).messages
    assert [message.id for message in shown] == ["id-0", "id-2", "id-1"]
    assert (tmp_path / "queue.json.imported-2").exists()


async def test_a_damaged_queue_is_kept_and_said(mailbox, tmp_path):
    queue = tmp_path / "queue.json"
    for text in (b'[{"id": "a"', b'{"no": "list"}', b"", b"\xff\xfe"):
        queue.write_bytes(text)
        assert await mailbox.import_queue(queue) == 0
        assert queue.read_bytes() == text
    assert len(mailbox.notices) == 4
    assert "left as it is" in mailbox.notices[0]


async def test_entries_that_are_no_messages_do_not_hold_up_the_rest(mailbox, tmp_path):
    queue = tmp_path / "queue.json"
    broken = [entry(1, **{"from": "../etc"}), entry(2, message=7), entry(3, timestamp=-1), 4, None]
    queue.write_text(json.dumps([*broken, entry(5)]))

    assert await mailbox.import_queue(queue) == 1
    assert "5 entries" in mailbox.notices[0]
    assert (tmp_path / "queue.json.imported").exists()


async def test_a_full_inbox_still_takes_what_was_accepted_before(place, tmp_path):
    queue = tmp_path / "queue.json"
    queue.write_text(json.dumps([entry(0), entry(1)]))
    async with place.opened(limits=MailboxLimits(max_unread=1)) as mailbox:
        await receive(mailbox, wire())
        assert await mailbox.import_queue(queue) == 2
        assert mailbox.counts.unread == 3
