"""kill -9 of whatever a session consists of, while messages come; ``make bench`` plays longer."""

import pytest

from meshbot_core.demo.binaries import OLDEST
from tests.sessions.kill_rounds import KillRounds, Victim, rounds

pytestmark = [pytest.mark.claude, pytest.mark.slow, pytest.mark.timeout(300)]


async def test_decision_2_nothing_is_lost_whatever_is_killed_and_what_comes_twice_is_marked(
    agents, ops, newest
):
    async with rounds(agents, ops, newest) as played:
        await _twice(played, "claude", "serve", "host")
    _nothing_was_lost(played)


async def test_decision_9_nothing_is_lost_when_waiters_are_killed(agents, ops):
    async with rounds(agents, ops, OLDEST) as played:
        await _twice(played, "waiter")
        await played.play("serve")
    _nothing_was_lost(played)


async def _twice(played: KillRounds, *victims: Victim) -> None:
    for victim in victims:
        await played.play(victim)
        await played.play(victim)


def _nothing_was_lost(played: KillRounds) -> None:
    assert len(played.acknowledged) > 20
    assert (played.lost, played.shown.unmarked) == (set(), set())
