"""Handing messages to readers and taking them back."""

import pytest

from tests.mailbox.support import draft, reader, receive, wire


async def test_messages_are_handed_over_oldest_first_and_once(mailbox):
    await receive(mailbox, *(wire(str(n)) for n in range(5)))

    first = await mailbox.lease(reader(max_messages=3))
    second = await mailbox.lease(reader("s2"))

    assert [message.payload for message in first.messages] == ["0", "1", "2"]
    assert [message.payload for message in second.messages] == ["3", "4"]
    assert (first.remaining, second.remaining) == (2, 0)
    assert {message.state for message in first.messages} == {"leased"}
    assert first.lease_id != second.lease_id
    assert await mailbox.leased_sessions() == ("s1", "s2")


async def test_an_empty_inbox_gives_an_empty_lease(mailbox):
    batch = await mailbox.lease(reader())

    assert (batch.lease_id, batch.messages, batch.remaining) == ("", (), 0)


@pytest.mark.parametrize("takes_ask", [False, True])
async def test_decision_1_a_lease_asked_for_again_is_the_same_lease_and_the_same_showing(
    mailbox, takes_ask
):
    await receive(mailbox, wire("a", kind="ask"))

    async def leased():
        request = reader(lease_id="chosen by the reader")
        if takes_ask:
            return await mailbox.lease_ask_from("dev", request)
        return await mailbox.lease(request)

    first = await leased()
    await receive(mailbox, wire("b"))
    again = await leased()

    assert first.lease_id == again.lease_id == "chosen by the reader"
    assert [message.payload for message in first.messages] == ["a"]
    assert again.messages == first.messages
    assert await mailbox.acknowledge([first.lease_id]) == 1
    assert mailbox.counts.unread == 1


async def test_decision_1_only_the_lease_that_is_acknowledged_is_done(mailbox):
    await receive(mailbox, wire("a"), wire("b"))
    first = await mailbox.lease(reader(max_messages=1))
    second = await mailbox.lease(reader(max_messages=1))

    assert await mailbox.acknowledge([first.lease_id, first.lease_id, "unknown"]) == 1

    assert (await mailbox.message(first.messages[0].id)).state == "done"
    assert (await mailbox.message(second.messages[0].id)).state == "leased"
    assert (mailbox.counts.leased, mailbox.counts.unread) == (1, 0)


async def test_decision_1_an_acknowledged_message_never_comes_back(mailbox):
    await receive(mailbox, wire())
    batch = await mailbox.lease(reader())
    await mailbox.acknowledge([batch.lease_id])

    assert await mailbox.give_back(session="s1", lease_ids=[batch.lease_id]) == 0
    assert await mailbox.acknowledge([batch.lease_id]) == 0
    assert (await mailbox.lease(reader())).messages == ()


async def test_decision_2_a_message_shown_again_says_how_often_it_was_shown(mailbox):
    await receive(mailbox, wire())
    seen = []
    for _ in range(3):
        batch = await mailbox.lease(reader())
        seen.append(batch.messages[0].shown_count)
        await mailbox.give_back(lease_ids=[batch.lease_id])

    assert seen == [0, 1, 2]


async def test_protocol_9_what_a_dead_session_held_is_new_again_in_the_old_order(mailbox):
    await receive(mailbox, *(wire(str(n)) for n in range(4)))
    await mailbox.lease(reader("dies", max_messages=1))
    await mailbox.lease(reader("lives", max_messages=1))
    await mailbox.lease(reader("dies", max_messages=1))

    assert await mailbox.give_back(session="dies") == 2

    batch = await mailbox.lease(reader())
    assert [message.payload for message in batch.messages] == ["0", "2", "3"]
    assert [message.shown_count for message in batch.messages] == [1, 1, 0]


async def test_protocol_9_leases_survive_a_restart(place):
    async with place.opened() as mailbox:
        await receive(mailbox, wire("held"), wire("new"))
        await mailbox.lease(reader(max_messages=1))

    async with place.opened() as mailbox:
        assert (mailbox.counts.leased, mailbox.counts.unread) == (1, 1)
        assert await mailbox.leased_sessions() == ("s1",)
        await mailbox.give_back(session="s1")
        batch = await mailbox.lease(reader("s2"))
        assert [message.payload for message in batch.messages] == ["held", "new"]


@pytest.mark.parametrize(
    ("sizes", "limits", "handed"),
    [
        ([300_000, 1], {}, 1),  # at least one, whatever it weighs
        ([100_000, 100_000, 100_000], {}, 2),  # up to 256 kB
        ([16_000] * 5, {"max_bytes": 64_000, "cut_bytes": 16_000}, 4),
        ([1_000_000] * 5, {"max_bytes": 64_000, "cut_bytes": 16_000}, 4),
        ([10] * 5, {"max_messages": 2}, 2),
        ([10] * 5, {"max_messages": 0}, 0),
        ([10] * 5, {"max_bytes": 0}, 1),
    ],
)
async def test_decision_34_a_lease_holds_what_fits(mailbox, sizes, limits, handed):
    await receive(mailbox, *(wire("x" * size) for size in sizes))

    batch = await mailbox.lease(reader(**limits))

    assert len(batch.messages) == handed
    assert batch.remaining == len(sizes) - handed


async def test_decision_34_sizes_are_bytes_of_utf_8(mailbox):
    await receive(mailbox, wire("漢" * 4), wire("漢" * 4))

    assert len((await mailbox.lease(reader(max_bytes=23))).messages) == 1
    assert mailbox.counts.unread_bytes == 24


async def test_decision_34_a_small_message_behind_a_big_one_does_not_overtake_it(mailbox):
    await receive(mailbox, wire("a"), wire("x" * 100), wire("b"))

    batch = await mailbox.lease(reader(max_bytes=10))

    assert [message.payload for message in batch.messages] == ["a"]


async def test_what_goes_out_is_never_handed_to_a_reader(mailbox):
    await mailbox.enqueue(draft())
    await receive(mailbox, wire("in"))

    assert [message.payload for message in (await mailbox.lease(reader())).messages] == ["in"]
