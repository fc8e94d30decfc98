"""Asks of ours and the answers to them."""

import pytest

from meshbot_core.errors import NoSuchMessageError
from tests.mailbox.support import NOW_MS, UNTIL_MS, answer_to, draft, reader, receive, wire


def ask(ask_id: str = "q", **members: object):
    usual = {"id": ask_id, "kind": "ask", "session": "s1", "expires_at_ms": NOW_MS + 5000}
    return draft("ready?", **(usual | members))


async def test_an_answer_is_leased_to_the_session_that_asked(mailbox):
    await mailbox.enqueue(ask())
    assert (await mailbox.ask_status("q")).state == "open"
    assert mailbox.counts.open_asks == 1

    receipt = await mailbox.receive(answer_to("q", "yes"), nonce_until_ms=UNTIL_MS)

    status = await mailbox.ask_status("q")
    assert receipt.outcome == "answered"
    assert (status.state, status.answer, status.timeout_ms) == ("answered", receipt.message, 5000)
    assert (receipt.message.state, receipt.message.shown_count) == ("leased", 0)
    assert (mailbox.counts.open_asks, mailbox.counts.unread) == (0, 0)
    assert await mailbox.leased_sessions() == ("s1",)
    assert await mailbox.acknowledge([status.lease_id]) == 1
    assert (await mailbox.ask_status("q")).lease_id == ""


async def test_protocol_9_an_answer_whose_session_died_falls_back_to_the_inbox(mailbox):
    await mailbox.enqueue(ask())
    await receive(mailbox, answer_to("q", "yes"))

    await mailbox.give_back(session="s1")

    (message,) = (await mailbox.lease(reader("s2"))).messages
    assert (message.payload, message.reply_to, message.shown_count) == ("yes", "q", 1)


async def test_an_answer_to_an_ask_without_a_session_is_new_in_the_inbox(mailbox):
    await mailbox.enqueue(ask(session=None))

    receipt = await mailbox.receive(answer_to("q"), nonce_until_ms=UNTIL_MS)

    assert (receipt.outcome, receipt.message.state) == ("answered", "new")
    assert mailbox.counts.unread == 1


async def test_decision_5_the_answer_to_a_detached_ask_is_new_in_the_inbox(mailbox):
    await mailbox.enqueue(ask())

    assert (await mailbox.detach_ask("q")).state == "open"
    await receive(mailbox, answer_to("q"))

    assert (await mailbox.ask_status("q")).state == "answered"
    assert mailbox.counts.unread == 1


async def test_decision_5_the_ask_of_the_peer_that_is_asked_is_found(mailbox):
    await mailbox.enqueue(ask())
    await receive(mailbox, wire("before"), wire("other", kind="ask", sender="prod"))
    crossing = wire("and you?", kind="ask")
    await receive(mailbox, crossing)

    assert await mailbox.open_ask_to("dev") == "q"
    assert await mailbox.open_ask_to("prod") is None
    batch = await mailbox.lease_ask_from("dev", reader())
    assert [message.id for message in batch.messages] == [crossing.id]
    assert batch.remaining == 2
    assert (await mailbox.lease_ask_from("dev", reader())).messages == ()


async def test_protocol_4_an_answer_counts_only_from_the_peer_that_was_asked(mailbox):
    await mailbox.enqueue(ask())

    receipt = await mailbox.receive(answer_to("q", sender="mallory"), nonce_until_ms=UNTIL_MS)

    assert (receipt.outcome, receipt.message) == ("unmatched", None)
    assert (await mailbox.ask_status("q")).state == "open"
    assert await mailbox.journal(after=1) == ()


async def test_protocol_4_a_message_never_answers_an_ask(mailbox):
    await mailbox.enqueue(ask())

    receipt = await mailbox.receive(wire(reply_to="q"), nonce_until_ms=UNTIL_MS)

    assert receipt.outcome == "stored"
    assert (await mailbox.ask_status("q")).state == "open"


async def test_protocol_6_an_answer_that_comes_before_the_sending_is_noted_counts(mailbox):
    queued = await mailbox.enqueue(ask())

    await receive(mailbox, answer_to("q"))
    finished = await mailbox.finish(queued.seq, "failed", "no answer in time")

    assert (finished.state, finished.ask_state) == ("delivered", "answered")
    assert mailbox.counts.queued == 0


async def test_protocol_6_an_answer_after_the_ask_ended_goes_to_the_inbox(mailbox):
    queued = await mailbox.enqueue(ask())
    await mailbox.finish(queued.seq, "delivered")
    assert (await mailbox.end_ask("q")).state == "timed_out"

    receipt = await mailbox.receive(answer_to("q", "late"), nonce_until_ms=UNTIL_MS)

    status = await mailbox.ask_status("q")
    assert (receipt.outcome, receipt.message.state) == ("late", "new")
    assert (status.state, status.answer.payload) == ("late", "late")
    (message,) = (await mailbox.lease(reader())).messages
    assert (message.reply_to, message.payload) == ("q", "late")


async def test_protocol_6_an_answer_past_the_time_is_late_though_nobody_ended_the_ask(
    mailbox, clock
):
    await mailbox.enqueue(ask())
    clock.advance(5000)

    receipt = await mailbox.receive(answer_to("q"), nonce_until_ms=UNTIL_MS)

    assert receipt.outcome == "late"
    assert mailbox.counts.open_asks == 0


async def test_a_second_answer_is_kept_as_a_message(mailbox):
    await mailbox.enqueue(ask())
    await receive(mailbox, answer_to("q", "first"))

    receipt = await mailbox.receive(answer_to("q", "second"), nonce_until_ms=UNTIL_MS)

    assert receipt.outcome == "late"
    assert (await mailbox.ask_status("q")).answer.payload == "first"
    assert mailbox.counts.unread == 1


async def test_an_answer_sent_again_is_a_duplicate(mailbox):
    await mailbox.enqueue(ask())
    answer = answer_to("q")
    await receive(mailbox, answer)

    receipt = await mailbox.receive(answer_to("q", id=answer.id), nonce_until_ms=UNTIL_MS)

    assert receipt.outcome == "duplicate"


async def test_a_response_to_a_plain_message_of_ours_is_not_lost(mailbox):
    await mailbox.enqueue(draft(id="m"))

    receipt = await mailbox.receive(answer_to("m"), nonce_until_ms=UNTIL_MS)

    assert (receipt.outcome, mailbox.counts.unread) == ("late", 1)


async def test_a_response_to_nothing_of_ours_keeps_only_its_nonce(mailbox):
    receipt = await mailbox.receive(answer_to("never-sent"), nonce_until_ms=UNTIL_MS)

    assert (receipt.outcome, receipt.message) == ("unmatched", None)
    assert await mailbox.journal() == ()


async def test_ending_an_ask_that_was_not_delivered_withdraws_it(mailbox):
    queued = await mailbox.enqueue(ask())
    await mailbox.note_attempt(queued.seq, "connection refused")

    status = await mailbox.end_ask("q")

    assert (status.state, status.delivery) == ("timed_out", "expired")
    assert await mailbox.outbox_of("dev") == ()
    assert (await mailbox.outbox_message("q")).last_error == "connection refused"


async def test_ending_an_answered_ask_leaves_it_answered(mailbox):
    await mailbox.enqueue(ask())
    await receive(mailbox, answer_to("q"))

    assert (await mailbox.end_ask("q")).state == "answered"


async def test_an_ask_that_was_never_made_is_said_so(mailbox):
    assert await mailbox.ask_status("nothing") is None
    with pytest.raises(NoSuchMessageError):
        await mailbox.end_ask("nothing")
    with pytest.raises(NoSuchMessageError):
        await mailbox.detach_ask("nothing")


async def test_an_open_ask_survives_a_restart(place):
    async with place.opened() as mailbox:
        await mailbox.enqueue(ask())
    async with place.opened() as mailbox:
        assert mailbox.counts.open_asks == 1
        receipt = await mailbox.receive(answer_to("q"), nonce_until_ms=UNTIL_MS)
        assert receipt.outcome == "answered"


async def test_asks_that_were_shown_and_not_answered_are_told(mailbox, clock):
    await receive(mailbox, wire(id="plain"), *(wire(id=f"ask-{n}", kind="ask") for n in range(3)))
    assert await mailbox.unanswered_asks() == ()  # not shown yet

    batch = await mailbox.lease(reader("s1"))
    await receive(mailbox, wire(id="other", kind="ask", sender="qa"))
    await mailbox.lease(reader("s2"))
    assert await _unanswered(mailbox) == ["ask-0", "ask-1", "ask-2", "other"]
    assert await _unanswered(mailbox, "s2") == ["other"]

    await mailbox.acknowledge([batch.lease_id])
    await mailbox.enqueue(draft(kind="response", to="dev", reply_to="ask-1"))
    await mailbox.enqueue(draft(kind="response", to="dev", reply_to="other"))  # not who asked
    assert await _unanswered(mailbox, "s1") == ["ask-0", "ask-2"]
    assert await _unanswered(mailbox, "s2") == ["other"]

    clock.advance(24 * 3600 * 1000 + 1)
    assert await mailbox.unanswered_asks() == ()


async def _unanswered(mailbox, session=None):
    return [ask.id for ask in await mailbox.unanswered_asks(session)]
