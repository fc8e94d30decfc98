"""What comes in: stored once, on disk before the answer, within limits."""

import asyncio
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest

from meshbot_core.errors import (
    MailboxFullError,
    MeshError,
    RefusedMessageError,
    ReplayedMessageError,
)
from meshbot_core.mailbox.records import MailboxLimits
from tests.mailbox.support import NOW_MS, UNTIL_MS, answer_to, draft, reader, receive, wire


async def test_a_message_is_new_in_the_inbox_with_all_it_said(mailbox):
    message = wire("näive Ω 漢字 🚀", reply_to="earlier")

    receipt = await mailbox.receive(message, nonce_until_ms=UNTIL_MS)

    assert receipt.outcome == "stored"
    assert receipt.message == await mailbox.message(message.id)
    stored = receipt.message
    assert (stored.sender, stored.kind, stored.payload) == ("dev", "message", message.payload)
    assert (stored.reply_to, stored.sent_at_ms, stored.received_at_ms) == (
        "earlier",
        NOW_MS,
        NOW_MS,
    )
    assert (stored.state, stored.shown_count) == ("new", 0)
    assert mailbox.counts.unread_bytes == len(message.payload.encode())


async def test_protocol_7_what_was_received_is_on_disk_before_the_call_returns(place, mailbox):
    await asyncio.gather(
        *(mailbox.receive(wire(str(n)), nonce_until_ms=UNTIL_MS) for n in range(150))
    )

    with closing(sqlite3.connect(f"file:{place.path}?mode=ro", uri=True)) as other:
        (count,) = other.execute("SELECT count(*) FROM messages WHERE state = 'new'").fetchone()
        assert count == 150


async def test_protocol_3_a_nonce_is_taken_once_also_after_a_restart(place):
    message = wire()
    async with place.opened() as mailbox:
        await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
        with pytest.raises(ReplayedMessageError, match=r"^Duplicate nonce \(replay detected\)$"):
            await mailbox.receive(message, nonce_until_ms=UNTIL_MS)

    async with place.opened() as mailbox:
        with pytest.raises(ReplayedMessageError):
            await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
        with pytest.raises(ReplayedMessageError):
            await mailbox.receive(wire(nonce=message.nonce), nonce_until_ms=UNTIL_MS)
        assert mailbox.counts.unread == 1


async def test_protocol_3_of_identical_requests_at_the_same_moment_one_is_taken(mailbox):
    twin, others = wire(), [wire() for _ in range(70)]

    outcomes = await asyncio.gather(
        *(mailbox.receive(m, nonce_until_ms=UNTIL_MS) for m in [*others, twin, twin, *others]),
        return_exceptions=True,
    )

    assert sum(isinstance(outcome, ReplayedMessageError) for outcome in outcomes) == 71
    assert mailbox.counts.unread == 71


async def test_decision_8_nonces_are_kept_until_their_time_and_no_longer(place, mailbox, clock):
    early, late = wire(), wire()
    await mailbox.receive(early, nonce_until_ms=NOW_MS + 1000)
    await mailbox.receive(late, nonce_until_ms=NOW_MS + 60_000)

    clock.advance(1001)
    await mailbox.tidy(clock.now_ms())

    with pytest.raises(ReplayedMessageError):
        await mailbox.receive(late, nonce_until_ms=UNTIL_MS)
    again = await mailbox.receive(wire(nonce=early.nonce), nonce_until_ms=UNTIL_MS)
    assert again.outcome == "stored"
    with closing(sqlite3.connect(place.path)) as other:
        (runs,) = other.execute("SELECT count(*) FROM nonce_log").fetchone()
    assert runs == 2


async def test_a_replay_after_the_clock_went_forth_and_back_is_not_stored_again(mailbox, clock):
    message = wire()
    await mailbox.receive(message, nonce_until_ms=UNTIL_MS)
    clock.advance(3_600_000)
    await mailbox.tidy(clock.now_ms())
    clock.advance(-3_600_000)

    receipt = await mailbox.receive(message, nonce_until_ms=UNTIL_MS)

    assert receipt.outcome == "duplicate"
    assert mailbox.counts.unread == 1


async def test_protocol_8_the_same_message_with_a_fresh_nonce_is_not_stored_twice(mailbox):
    first = wire("once")
    await receive(mailbox, first)

    again = await mailbox.receive(wire("once", id=first.id), nonce_until_ms=UNTIL_MS)
    other = await mailbox.receive(
        wire("another's", id=first.id, sender="prod"), nonce_until_ms=UNTIL_MS
    )

    assert (again.outcome, again.message) == ("duplicate", None)
    assert other.outcome == "stored"
    assert mailbox.counts.unread == 2


async def test_protocol_8_a_duplicate_is_known_when_it_was_read_long_ago(mailbox):
    first = wire()
    await receive(mailbox, first)
    batch = await mailbox.lease(reader())
    await mailbox.acknowledge([batch.lease_id])

    again = await mailbox.receive(wire(id=first.id), nonce_until_ms=UNTIL_MS)

    assert again.outcome == "duplicate"


async def test_retries_among_fresh_messages_of_one_batch_hold_nothing_up(mailbox):
    first = wire("first")
    await receive(mailbox, first)
    batch = [wire("a"), wire("b", id=first.id), wire("c", nonce=first.nonce), wire("d")]

    outcomes = await asyncio.gather(
        *(mailbox.receive(m, nonce_until_ms=UNTIL_MS) for m in batch), return_exceptions=True
    )

    kinds = [getattr(one, "outcome", type(one)) for one in outcomes]
    assert kinds == ["stored", "duplicate", ReplayedMessageError, "stored"]
    shown = (await mailbox.lease(reader())).messages
    assert [message.payload for message in shown] == ["first", "a", "d"]


async def test_decision_29_an_inbox_over_its_count_answers_503_and_takes_more_once_read(place):
    async with place.opened(limits=MailboxLimits(max_unread=3)) as mailbox:
        messages = [wire(str(n)) for n in range(5)]
        outcomes = await asyncio.gather(
            *(mailbox.receive(m, nonce_until_ms=UNTIL_MS) for m in messages),
            return_exceptions=True,
        )
        full = [one for one in outcomes if isinstance(one, MailboxFullError)]
        assert (len(full), full[0].http_status) == (2, 503)

        leased = await mailbox.lease(reader())
        with pytest.raises(MailboxFullError):
            await receive(mailbox, wire())
        await mailbox.acknowledge([leased.lease_id])

        # What was refused left no nonce behind: the very same bytes are taken now.
        await receive(mailbox, messages[3], messages[4])
        assert mailbox.counts.unread == 2


async def test_decision_29_an_inbox_over_its_bytes_answers_503(place):
    async with place.opened(limits=MailboxLimits(max_unread_bytes=10)) as mailbox:
        await receive(mailbox, wire("12345"), wire("12345"))
        with pytest.raises(MailboxFullError):
            await receive(mailbox, wire("x"))


async def test_decision_29_the_answer_that_a_session_waits_for_comes_into_a_full_inbox(place):
    async with place.opened(limits=MailboxLimits(max_unread=1)) as mailbox:
        await mailbox.enqueue(draft(id="q", kind="ask", session="s1"))
        await receive(mailbox, wire())
        receipt = await mailbox.receive(answer_to("q"), nonce_until_ms=UNTIL_MS)
        assert receipt.outcome == "answered"
        with pytest.raises(MailboxFullError):
            await receive(mailbox, answer_to("q"))


@pytest.mark.parametrize(
    "text", ["", "a\x00b\x1f\x7f", "x" * 1024 * 1024, "'; DROP TABLE messages"]
)
async def test_any_text_comes_back_as_it_was(mailbox, text):
    message = wire(text)
    await receive(mailbox, message)

    assert (await mailbox.message(message.id)).payload == text
    assert (await mailbox.lease(reader())).messages[0].payload == text


@pytest.mark.parametrize("member", ["id", "payload", "nonce", "reply_to"])
async def test_half_a_surrogate_pair_is_refused_and_hurts_nobody_else(mailbox, member):
    # The wire refuses it earlier; the writer must outlive it in any case.
    broken = SimpleNamespace(**(wire().model_dump() | {member: "\ud800"}))

    outcomes = await asyncio.gather(
        mailbox.receive(wire(), nonce_until_ms=UNTIL_MS),
        mailbox.receive(broken, nonce_until_ms=UNTIL_MS),
        return_exceptions=True,
    )

    assert outcomes[0].outcome == "stored"
    assert isinstance(outcomes[1], RefusedMessageError)


async def test_a_number_that_no_file_holds_fails_alone_and_the_thread_lives(mailbox):
    monster = SimpleNamespace(**(wire().model_dump() | {"timestamp": 2**70}))

    outcomes = await asyncio.gather(
        mailbox.receive(wire(), nonce_until_ms=UNTIL_MS),
        mailbox.receive(monster, nonce_until_ms=UNTIL_MS),
        mailbox.receive(wire(), nonce_until_ms=UNTIL_MS),
        return_exceptions=True,
    )

    assert isinstance(outcomes[1], MeshError)
    assert [getattr(one, "outcome", "") for one in outcomes[::2]] == ["stored", "stored"]
