"""What goes out: in order, idempotent by id, bounded, ended once."""

import asyncio

import pytest

from meshbot_core.errors import InvalidArgumentError, MailboxFullError, NoSuchMessageError
from meshbot_core.mailbox.records import MailboxLimits
from tests.mailbox.support import NOW_MS, draft


async def test_decision_3_what_is_queued_for_a_peer_keeps_its_order(mailbox):
    for n in range(5):
        await mailbox.enqueue(draft(str(n), to="dev" if n % 2 else "prod"))

    assert [m.payload for m in await mailbox.outbox_of("prod")] == ["0", "2", "4"]
    assert [m.payload for m in await mailbox.outbox_of("prod", limit=2)] == ["0", "2"]
    assert await mailbox.peers_with_outbox() == ("dev", "prod")
    assert await mailbox.outbox_of("nobody") == ()


async def test_decision_3_messages_that_are_queued_at_once_are_stored_in_that_order(mailbox):
    await asyncio.gather(*(mailbox.enqueue(draft(str(n))) for n in range(100)))

    assert [m.payload for m in await mailbox.outbox_of("dev")] == [str(n) for n in range(100)]


async def test_the_outbox_survives_a_restart_with_its_bytes(place):
    async with place.opened() as mailbox:
        queued = await mailbox.enqueue(draft())
    async with place.opened() as mailbox:
        assert await mailbox.outbox_of("dev") == (queued,)
        assert mailbox.counts.queued == 1
        assert (queued.stamped_at_ms, queued.attempts, queued.state) == (NOW_MS, 0, "queued")


async def test_a_draft_of_the_same_id_is_queued_once(mailbox):
    first = draft("once", id="same")

    twice = await asyncio.gather(mailbox.enqueue(first), mailbox.enqueue(first))
    again = await mailbox.enqueue(draft("other text", id="same"))

    assert twice[0] == twice[1] == again
    assert mailbox.counts.queued == 1


async def test_a_request_repeated_after_delivery_is_not_sent_again(mailbox):
    queued = await mailbox.enqueue(draft(id="same"))
    await mailbox.finish(queued.seq, "delivered")

    again = await mailbox.enqueue(draft(id="same"))

    assert again.state == "delivered"
    assert await mailbox.peers_with_outbox() == ()


async def test_decision_29_a_peers_queue_has_an_end(place):
    async with place.opened(limits=MailboxLimits(max_queued_per_peer=2)) as mailbox:
        first = await mailbox.enqueue(draft())
        await mailbox.enqueue(draft())
        with pytest.raises(MailboxFullError, match="'dev'"):
            await mailbox.enqueue(draft())
        await mailbox.enqueue(draft(to="prod"))

        await mailbox.finish(first.seq, "delivered")
        await mailbox.enqueue(draft())
        assert mailbox.counts.queued == 3


async def test_decision_2_a_message_is_restamped_only_while_it_is_queued(mailbox):
    queued = await mailbox.enqueue(draft())

    fresh = await mailbox.restamp(queued.seq, stamped_at_ms=NOW_MS + 90_000, nonce="fresh")
    await mailbox.finish(queued.seq, "delivered")
    after = await mailbox.restamp(queued.seq, stamped_at_ms=1, nonce="too late")

    assert (fresh.stamped_at_ms, fresh.nonce) == (NOW_MS + 90_000, "fresh")
    assert (after.stamped_at_ms, after.nonce) == (NOW_MS + 90_000, "fresh")


async def test_attempts_are_counted_and_the_last_error_is_kept(mailbox):
    queued = await mailbox.enqueue(draft())
    await mailbox.note_attempt(queued.seq, "refused")
    await mailbox.note_attempt(queued.seq, "timed out")

    (message,) = await mailbox.outbox_of("dev")
    assert (message.attempts, message.last_error) == (2, "timed out")
    delivered = await mailbox.finish(queued.seq, "delivered")
    assert (delivered.attempts, delivered.finished_at_ms) == (3, NOW_MS)


async def test_what_ended_stays_ended_but_delivered_is_the_truth(mailbox):
    queued = await mailbox.enqueue(draft())

    assert (await mailbox.finish(queued.seq, "failed", "404")).state == "failed"
    assert (await mailbox.finish(queued.seq, "expired")).state == "failed"
    assert (await mailbox.finish(queued.seq, "delivered")).state == "delivered"
    assert (await mailbox.finish(queued.seq, "failed")).state == "delivered"
    assert mailbox.counts.queued == 0


async def test_decision_3_what_is_past_its_time_is_withdrawn_and_asks_end_with_it(mailbox, clock):
    soon = await mailbox.enqueue(draft("soon", expires_at_ms=NOW_MS + 10))
    ask = await mailbox.enqueue(draft("ask", kind="ask", expires_at_ms=NOW_MS + 10))
    sent = await mailbox.enqueue(draft("sent", kind="ask", expires_at_ms=NOW_MS + 10))
    later = await mailbox.enqueue(draft("later", expires_at_ms=NOW_MS + 1000))
    await mailbox.finish(sent.seq, "delivered")

    assert await mailbox.expire_outbox(NOW_MS + 9) == ()
    expired = await mailbox.expire_outbox(NOW_MS + 10)

    told = [(message.seq, message.state, message.ask_state) for message in expired]
    assert told == [
        (soon.seq, "expired", None),
        (ask.seq, "expired", "timed_out"),
        (sent.seq, "delivered", "timed_out"),
    ]
    assert await mailbox.outbox_of("dev") == (later,)
    assert (mailbox.counts.queued, mailbox.counts.open_asks) == (1, 0)
    assert await mailbox.expire_outbox(NOW_MS + 10) == ()


async def test_an_ask_that_failed_for_good_ends(mailbox):
    ask = await mailbox.enqueue(draft(id="q", kind="ask"))

    await mailbox.finish(ask.seq, "failed", "404")

    status = await mailbox.ask_status("q")
    assert (status.state, status.delivery) == ("timed_out", "failed")
    assert mailbox.counts.open_asks == 0


async def test_half_a_surrogate_pair_is_refused_before_it_is_queued(mailbox):
    for broken in (draft("\ud800"), draft(id="\ud800"), draft(reply_to="\udfff")):
        with pytest.raises(InvalidArgumentError, match="surrogate"):
            await mailbox.enqueue(broken)
    with pytest.raises(InvalidArgumentError):
        await mailbox.message("\ud800")
    assert await mailbox.peers_with_outbox() == ()


async def test_a_message_that_is_not_ours_cannot_be_finished(mailbox):
    with pytest.raises(NoSuchMessageError):
        await mailbox.finish(4711, "delivered")
