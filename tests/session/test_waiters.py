"""Who is woken: one waiter of each conversation, and only one whose claude is alive."""

import asyncio
import os
import subprocess
import sys

import pytest

from meshbot_core.session.waiters import Waiter, Waiters

OURS = os.getpid()
NOBODY = 2**22 + 1
"""No process has it: Linux numbers up to 2**22, macOS up to 99,999."""


def is_dismissed(waiter: Waiter) -> bool:
    return waiter.text.done() and waiter.text.result() is None


@pytest.fixture
def changes() -> list[str]:
    return []


@pytest.fixture
def waiters(changes: list[str]) -> Waiters:
    return Waiters(changed=lambda: changes.append("changed"))


async def test_the_newest_waiter_of_a_conversation_stands_and_the_others_are_dismissed(waiters):
    first, second, third = (Waiter("a", OURS) for _ in range(3))
    for waiter in (first, second, third):
        waiters.came(waiter)

    assert is_dismissed(first)
    assert is_dismissed(second)
    assert waiters.is_waiting("a")
    assert not third.text.done()


async def test_a_dismissed_waiter_that_leaves_late_does_not_take_the_newest_with_it(waiters):
    first, second = Waiter("a", OURS), Waiter("a", OURS)
    waiters.came(first)
    waiters.came(second)
    waiters.left(first)

    assert waiters.is_waiting("a")


async def test_a_conversation_that_begins_ends_the_waiters_of_those_before_it(waiters):
    before, after = Waiter("a", OURS), Waiter("b", OURS, begins=True)
    waiters.came(before)
    waiters.came(after)

    assert is_dismissed(before)
    assert waiters.is_waiting("b")
    assert not waiters.is_waiting("a")


async def test_a_late_waiter_of_a_conversation_that_is_over_leaves_the_new_one_its_own(waiters):
    waiters.came(Waiter("b", OURS, begins=True))
    waiters.came(Waiter("a", OURS))

    assert waiters.is_waiting("b")


async def test_waiters_of_many_conversations_do_not_pile_up(waiters):
    many = [Waiter(f"c{number}", OURS) for number in range(50)]
    for waiter in many:
        waiters.came(waiter)

    assert [is_dismissed(waiter) for waiter in many] == [True] * 46 + [False] * 4


@pytest.mark.parametrize("pid", [0, 1, -1, NOBODY, 10**30])
async def test_a_waiter_without_a_living_claude_is_sent_away_at_once(waiters, changes, pid):
    waiter = Waiter("a", pid)
    waiters.came(waiter)

    assert is_dismissed(waiter)
    assert not waiters.is_waiting("a")
    assert not changes


@pytest.mark.slow
async def test_nothing_is_handed_to_a_waiter_whose_claude_has_died(waiters):
    claude = subprocess.Popen(  # noqa: ASYNC220 - it reads to its end
        [sys.executable, "-SE", "-c", "input()"], stdin=subprocess.PIPE
    )
    waiter = Waiter("a", claude.pid)
    waiters.came(waiter)
    assert waiters.is_waiting("a")
    claude.communicate()

    assert not waiters.is_waiting("a")
    assert not await waiters.wake("a", "hello")
    assert not waiter.text.done()


async def test_a_wake_counts_once_the_waiter_says_that_it_wrote_the_text(waiters):
    waiter = Waiter("a", OURS)
    waiters.came(waiter)

    async with asyncio.TaskGroup() as group:
        woken = group.create_task(waiters.wake("a", "hello"))
        assert await waiter.text == "hello"
        assert not waiters.is_waiting("a"), "its text would be read twice"
        assert not woken.done()
        waiter.settle(is_written=True)
        waiters.left(waiter)

    assert woken.result()


async def test_a_wake_fails_at_once_when_the_waiter_leaves_without_a_word(waiters):
    waiter = Waiter("a", OURS)
    waiters.came(waiter)

    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        woken = group.create_task(waiters.wake("a", "hello"))
        await waiter.text
        waiters.left(waiter)

    assert not woken.result()


async def test_nobody_is_woken_in_another_conversation_or_when_nobody_waits(waiters):
    assert not await waiters.wake("a", "hello")
    waiter = Waiter("a", OURS)
    waiters.came(waiter)

    assert not await waiters.wake("b", "hello")
    assert not waiter.text.done()


async def test_all_are_dismissed_together(waiters):
    both = Waiter("a", OURS), Waiter("b", OURS)
    for waiter in both:
        waiters.came(waiter)
    waiters.dismiss_all()

    assert all(is_dismissed(waiter) for waiter in both)
    assert not waiters.is_waiting("a")


async def test_who_waits_is_told_when_one_comes_and_when_it_goes(waiters, changes):
    waiter = Waiter("a", OURS)
    waiters.came(waiter)
    waiters.left(waiter)
    waiters.left(waiter)

    assert len(changes) == 2
