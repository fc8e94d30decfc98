"""When messages are handed to a session, and what makes them done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from meshbot_core.claude.answers import fits_context
from meshbot_core.claude.framing import ids_in
from meshbot_core.errors import MailboxError
from meshbot_core.mailbox.records import InboxMessage, LeaseRequest
from meshbot_core.session.leases import Leases
from meshbot_core.session.pusher import Pusher
from meshbot_core.session.tracker import Tracker
from meshbot_core.session.ways import Push
from tests.mailbox.support import UNTIL_MS, Place, answer_to, draft, wire
from tests.support.clock import FakeClock
from tests.support.waiting import until


@dataclass
class Ways:
    """Notes what it is given."""

    hop: str = "waiter"
    given: list[str] = field(default_factory=list)
    takes: bool = True
    pushes: bool = True

    def best(self, idle_ms: int) -> str:
        return self.hop

    async def hand_over(self, hop: str, push: Push) -> bool:
        if self.takes:
            self.given.append(push.text)
        return self.takes

    def may_push(self) -> bool:
        return self.pushes

    def may_wake(self) -> bool:
        return True

    def may_show(self, message: InboxMessage) -> bool:
        return message.hops < 3


class Scene:
    """A mailbox, a session that idles, and the pusher between them."""

    def __init__(self, mailbox, clock, tracker, ways, pusher):
        self.leases = pusher.leases
        self.mailbox = mailbox
        self.clock = clock
        self.tracker = tracker
        self.ways = ways
        self.pusher = pusher

    async def comes(self, text: str, **members: object) -> str:
        message = wire(text, **members)
        await self.mailbox.receive(message, nonce_until_ms=UNTIL_MS)
        self.pusher.poke()
        return message.id

    async def pushed(self, count: int) -> str:
        await until(lambda: len(self.ways.given) >= count)
        return self.ways.given[-1]

    async def steps(self) -> None:
        """Let the pusher look, and do what it has to do."""
        for _ in range(3):
            self.pusher.poke()
            await asyncio.sleep(0)
            await self.mailbox.set_note("step", "")

    async def turn(self, *, is_well: bool = True) -> None:
        """The session is given the last push, and its turn ends."""
        self.tracker.turn_began(is_by_human=False)
        self.pusher.shown(ids_in(self.ways.given[-1]))
        self.tracker._is_in_turn = False
        self.tracker.to("idle")
        self.clock.advance(1)
        await self.pusher.turn_ended(
            is_well=is_well, turn=self.tracker.turn, ended_at_ms=self.clock.now_ms()
        )


@pytest.fixture
async def scene(tmp_path) -> AsyncIterator[Scene]:
    clock = FakeClock()
    async with Place(tmp_path / "mailbox.db", clock).opened() as mailbox:
        tracker, ways = Tracker("interactive", clock), Ways()
        tracker.to("idle")
        leases = Leases("session-1-a", mailbox, tracker, clock, ways.may_show)
        pusher = Pusher(leases, mailbox, tracker, ways, clock)
        async with _running(pusher):
            yield Scene(mailbox, clock, tracker, ways, pusher)


@asynccontextmanager
async def _running(pusher: Pusher) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(pusher.run())
        yield
        task.cancel()


async def test_a_message_is_pushed_at_once_and_done_when_the_turn_ended_well(scene):
    message = await scene.comes("hello")

    assert ids_in(await scene.pushed(1)) == (message,)
    assert scene.mailbox.counts.leased == 1
    await scene.turn()
    assert (scene.mailbox.counts.leased, scene.mailbox.counts.unread) == (0, 0)


async def test_what_comes_while_a_push_is_unseen_waits_and_goes_as_one(scene):
    await scene.comes("first")
    await scene.pushed(1)
    ids = [await scene.comes(f"later {number}") for number in range(20)]

    await scene.turn()

    assert ids_in(await scene.pushed(2)) == tuple(ids)


async def test_decision_1_a_turn_that_failed_gives_back_and_shows_again_marked(scene):
    await scene.comes("hello")
    await scene.pushed(1)

    await scene.turn(is_well=False)
    scene.clock.advance(10_000)
    scene.pusher.poke()

    assert "shownBefore=true" in await scene.pushed(2)


async def test_a_push_that_nobody_proves_is_given_back_in_time(scene):
    message = await scene.comes("hello")
    await scene.pushed(1)

    scene.clock.advance(60_000)
    scene.pusher.poke()

    assert ids_in(await scene.pushed(2)) == (message,)


async def test_nothing_is_pushed_while_the_session_works(scene):
    scene.tracker.turn_began(is_by_human=True)
    message = await scene.comes("hello")

    text = await scene.pusher.inject()

    assert ids_in(text) == (message,)
    assert not scene.ways.given


async def test_a_way_that_is_gone_gives_back(scene):
    scene.ways.takes = False
    await scene.comes("hello")
    await until(lambda: scene.mailbox.counts.unread == 1 and scene.mailbox.counts.leased == 0)

    scene.ways.takes = True

    assert "hello" in await scene.pushed(1)


async def test_a_session_that_nothing_leads_into_is_deaf_and_says_so(scene):
    scene.ways.hop = "none"
    await scene.comes("hello")
    scene.clock.advance(5_000)
    scene.pusher.poke()
    await until(lambda: scene.tracker.state == "deaf")

    scene.ways.hop = "waiter"
    scene.pusher.poke()

    await scene.pushed(1)
    assert scene.tracker.state == "idle"


async def test_an_ask_that_a_turn_left_open_is_reminded_of_once(scene):
    ask = await scene.comes("ready?", kind="ask")
    await scene.pushed(1)

    await scene.turn()
    reminder = await scene.pushed(2)
    assert ask in reminder
    assert "Reminder" in reminder
    await scene.turn()
    await scene.comes("another")
    assert "Reminder" not in await scene.pushed(3)


@pytest.mark.parametrize("what", ["acknowledge_asks", "unanswered_asks"])
async def test_a_mailbox_that_fails_at_a_turns_end_costs_no_reminder(scene, monkeypatch, what):
    ask = await scene.comes("ready?", kind="ask")
    await scene.pushed(1)

    async def fails(*_: object) -> None:
        raise MailboxError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(scene.mailbox, what, fails)
        with pytest.raises(MailboxError):
            await scene.turn()
    await scene.pusher.turn_ended(
        is_well=True, turn=scene.tracker.turn, ended_at_ms=scene.clock.now_ms()
    )

    assert scene.mailbox.counts.leased == 0
    reminder = await scene.pushed(2)
    assert ask in reminder
    assert "Reminder" in reminder


async def test_a_dead_process_gives_all_back(scene):
    await scene.comes("hello")
    await scene.pushed(1)

    await scene.pusher.gone()

    assert "shownBefore=true" in await scene.pushed(2)


async def test_a_paused_session_is_pushed_nothing(scene):
    scene.ways.pushes = False
    await scene.comes("hello")
    await scene.pusher.inject()
    assert not scene.ways.given

    scene.ways.pushes = True
    scene.pusher.poke()
    await scene.pushed(1)


async def test_a_push_whose_writer_died_before_it_wrote_comes_again_at_once_and_marked(scene):
    scene.ways.hop = "native"
    await scene.comes("hello")
    await scene.pushed(1)

    scene.pusher.native_left()

    assert "shownBefore=true" in await scene.pushed(2)


async def test_a_push_that_was_written_is_waited_for_though_its_writer_died(scene):
    scene.ways.hop = "native"
    await scene.comes("hello")
    await scene.pushed(1)
    [handed] = scene.leases._handed

    scene.leases.written(handed.frame_id)
    scene.pusher.native_left()

    assert not handed.is_stranded


@pytest.mark.parametrize(("count", "size"), [(60, 10), (5, 4000), (1, 15_000), (3, 6000)])
async def test_what_goes_beside_a_tool_result_is_never_more_than_a_hook_can_show(
    scene, count, size
):
    scene.tracker.turn_began(is_by_human=True)
    ids = [await scene.comes("\U0001f600" * (size // 4)) for _ in range(count)]

    shown: list[str] = []
    while text := await scene.pusher.inject():
        assert fits_context(text)
        shown += ids_in(text)

    assert shown == ids


async def test_what_the_model_answers_carries_the_hops_of_what_it_read_before_that_is_proven(scene):
    assert scene.leases.next_hops == 0
    await scene.comes("third of a chain", hops=2)
    await scene.pushed(1)

    scene.tracker.turn_began(is_by_human=False)

    assert scene.leases.next_hops == 3
    scene.pusher.shown(ids_in(scene.ways.given[-1]))
    assert scene.leases.next_hops == 3


async def test_a_turn_that_is_over_leaves_no_hops_to_the_next(scene):
    await scene.comes("third of a chain", hops=2)
    await scene.pushed(1)
    await scene.turn()
    assert scene.leases.next_hops == 0

    scene.tracker.turn_began(is_by_human=True)
    await scene.comes("first of another", hops=0)
    batch = await scene.mailbox.lease(LeaseRequest(session="reader", channel="tool_result"))
    scene.leases.saw(batch.messages)
    assert scene.leases.next_hops == 1

    scene.tracker._is_in_turn = False
    scene.tracker.turn_began(is_by_human=True)
    assert scene.leases.next_hops == 0


async def test_a_hook_that_is_given_up_leaves_nothing_on_lease(scene):
    scene.tracker.turn_began(is_by_human=True)
    await scene.comes("hello")
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(scene.pusher.inject())
        await asyncio.sleep(0)  # until it waits for the mailbox
        asking.cancel()

    assert asking.cancelled()
    await until(lambda: (scene.mailbox.counts.leased, scene.mailbox.counts.unread) == (0, 1))


async def test_a_turn_whose_end_nobody_told_holds_its_messages_for_ten_silent_minutes(scene):
    message = await scene.comes("hello")
    await scene.pushed(1)
    scene.pusher.shown((message,))

    scene.clock.advance(9 * 60_000)
    await scene.steps()
    assert scene.mailbox.counts.leased == 1
    scene.tracker.silence.heard()  # it says something, and that counts anew
    scene.clock.advance(9 * 60_000)
    await scene.steps()
    assert scene.mailbox.counts.leased == 1
    scene.clock.advance(2 * 60_000)
    scene.pusher.poke()

    assert "shownBefore=true" in await scene.pushed(2)


async def read_by_a_tool(scene, session: str) -> str:
    """A message that stands in a tool's result now; its lease."""
    await scene.comes("fetched")
    return (await scene.mailbox.lease(LeaseRequest(session=session, channel="check"))).lease_id


async def test_decision_1_a_turn_that_ended_well_has_read_what_stood_in_its_tools_results(scene):
    scene.tracker.turn_began(is_by_human=True)
    ask = await scene.comes("may I?", type="ask")
    written = await scene.mailbox.lease(LeaseRequest(session="serve-1-a", channel="check"))
    never_written = await read_by_a_tool(scene, "serve-1-a")
    scene.leases.results_written([written.lease_id])
    scene.clock.advance(1)
    ended_at_ms = scene.clock.now_ms()
    of_the_next = await read_by_a_tool(scene, "serve-1-a")
    scene.leases.results_written([of_the_next])
    scene.tracker._is_in_turn = False
    scene.tracker.to("idle")

    await scene.pusher.turn_ended(is_well=True, turn=scene.tracker.turn, ended_at_ms=ended_at_ms)

    assert scene.mailbox.counts.leased == 2
    assert await scene.mailbox.give_back(lease_ids=[never_written, of_the_next]) == 2
    reminder = await scene.pushed(1)
    assert ask in reminder
    assert "still waits for your answer" in reminder


async def test_decision_6_an_answer_that_nobody_read_before_the_call_was_withdrawn_is_shown(scene):
    scene.tracker.turn_began(is_by_human=True)
    await scene.mailbox.enqueue(draft("may I?", id="q-1", kind="ask", session="serve-1-a"))
    await scene.mailbox.receive(answer_to("q-1", "You may."), nonce_until_ms=UNTIL_MS)

    await scene.mailbox.end_ask("q-1")

    assert (scene.mailbox.counts.leased, scene.mailbox.counts.unread) == (0, 1)
    scene.tracker._is_in_turn = False
    scene.tracker.to("idle")
    scene.pusher.poke()
    assert "You may." in await scene.pushed(1)


async def test_two_hooks_that_are_given_up_at_once_leave_nothing_on_lease(scene):
    scene.tracker.turn_began(is_by_human=True)
    for number in range(20):
        await scene.comes(f"message {number}")
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(scene.pusher.inject()) for _ in range(2)]
        await asyncio.sleep(0)
        for each in asking:
            each.cancel()

    await until(lambda: (scene.mailbox.counts.leased, scene.mailbox.counts.unread) == (0, 20))


async def test_a_session_without_hooks_is_told_of_a_burst_once_and_ever_less_often_again(scene):
    scene.tracker.hears_hooks = False
    for number in range(20):
        await scene.comes(f"message {number}")
        scene.pusher.arrived()
        await scene.steps()
    first = scene.ways.given[-1]
    assert len(scene.ways.given) == 1
    assert "hello" not in first

    scene.clock.advance(5_000)
    await scene.steps()
    assert len(scene.ways.given) == 2
    assert "20 messages wait for you" in scene.ways.given[-1]
    for minutes in (1, 2, 4, 8):
        scene.clock.advance(minutes * 60_000 - 1_000)
        await scene.steps()
        before = len(scene.ways.given)
        scene.clock.advance(1_000)
        await scene.steps()
        assert len(scene.ways.given) == before + 1
