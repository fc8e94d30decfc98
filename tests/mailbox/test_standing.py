"""What waits in a mailbox, read beside its host: open questions, a full outbox."""

from meshbot_core.mailbox import standing
from meshbot_core.mailbox.reader import MailboxReader
from tests.mailbox.support import NOW_MS, Place, draft, receive, wire

HOUR_MS = 3_600_000


async def test_a_question_is_open_until_it_is_answered_however_much_comes_after_it(place: Place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("old?", id="old", kind="ask"))
        place.clock.advance(HOUR_MS)
        await receive(
            mailbox, wire("may I?", id="q1", kind="ask"), wire("and I?", id="q2", kind="ask")
        )
        for number in range(1200):
            await receive(mailbox, wire(str(number)))
        await receive(mailbox, wire("x" * 200_000, id="q3", sender="web", kind="ask"))
        await mailbox.enqueue(draft("yes", to="dev", kind="response", reply_to="q1"))
        await mailbox.enqueue(
            draft("yes", to="qa", kind="response", reply_to="q2")
        )  # not who asked

        with MailboxReader.opened(place.path) as reader:
            found = reader.open_questions(NOW_MS + HOUR_MS)
        assert [(each.id, each.sender, len(each.text)) for each in found] == [
            ("q2", "dev", 6),
            ("q3", "web", standing.QUESTION_CHARS),
        ]


async def test_of_very_many_questions_the_newest_are_told(place: Place, monkeypatch):
    monkeypatch.setattr(standing, "MAX_QUESTIONS", 3)
    async with place.opened() as mailbox:
        for number in range(5):
            place.clock.advance(1)
            await receive(mailbox, wire(id=f"q{number}", kind="ask"))
    with MailboxReader.opened(place.path) as reader:
        assert [each.id for each in reader.open_questions(0)] == ["q2", "q3", "q4"]


async def test_an_ask_that_timed_out_was_answered_or_ran_out_is_waited_for_no_more(place: Place):
    async with place.opened() as mailbox:
        for ask_id, expires_at_ms in (("open", HOUR_MS), ("given-up", HOUR_MS), ("past", 10)):
            await mailbox.enqueue(
                draft(id=ask_id, kind="ask", session="s", expires_at_ms=NOW_MS + expires_at_ms)
            )
        await mailbox.end_ask("given-up")
    with MailboxReader.opened(place.path) as reader:
        ids = ("open", "given-up", "past", "never-asked")
        assert reader.ended_asks("dev", ids, NOW_MS + 11) == {"given-up", "past"}
        assert reader.ended_asks("somebody-else", ids, NOW_MS + 11) == frozenset()


async def test_what_is_queued_is_counted_for_each_peer(place: Place):
    async with place.opened() as mailbox:
        for to in ("dev", "far", "far"):
            await mailbox.enqueue(draft(to=to))
        with MailboxReader.opened(place.path) as reader:
            assert reader.queued_by_peer() == {"dev": 1, "far": 2}
