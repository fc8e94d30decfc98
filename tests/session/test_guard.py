"""The runaway guard: past a limit nothing is pushed, until a human says so."""

import pytest

from meshbot_core.errors import GuardPausedError
from meshbot_core.session.guard import HOUR_MS, MINUTE_MS, Guard
from meshbot_core.session.records import Limits

DAY_MS = 24 * HOUR_MS


def guarded(clock, **limits):
    return Guard(Limits(**limits), clock)


def send(guard, count=1):
    for _ in range(count):
        guard.may_send()
        guard.message_sent()


def take_turns(guard, count=1):
    for _ in range(count):
        guard.turn_began(by_human=False)


def test_sends_past_the_limit_of_a_minute_pause_sends_and_pushes_until_resumed(clock):
    guard = guarded(clock, messages_per_minute=3)
    send(guard, 3)
    assert guard.may_push()
    with pytest.raises(GuardPausedError, match=r"paused: 3 messages in a minute \(limit 3\)"):
        guard.may_send()

    assert not guard.may_push()
    clock.advance(10 * MINUTE_MS)
    with pytest.raises(GuardPausedError):
        guard.may_send()
    assert guard.resume() == "3 messages in a minute (limit 3)"
    send(guard, 3)
    assert guard.may_push()


def test_sends_that_are_spread_out_never_pause(clock):
    guard = guarded(clock, messages_per_minute=3)
    for _ in range(20):
        send(guard)
        clock.advance(MINUTE_MS // 3)
    assert guard.pause_reason == ""


def test_turns_without_a_humans_word_pause_pushes_but_let_the_turn_end_with_an_answer(clock):
    guard = guarded(clock, turns_per_hour=120)
    take_turns(guard, 119)
    assert guard.may_push()
    take_turns(guard)

    assert guard.pause_reason == "120 turns in an hour without a human's word (limit 120)"
    assert not guard.may_push()
    send(guard)


def test_a_humans_word_starts_the_count_of_turns_anew_and_lifts_its_pause(clock):
    guard = guarded(clock, turns_per_hour=3, messages_per_minute=1)
    take_turns(guard, 2)
    guard.turn_began(by_human=True)
    take_turns(guard, 2)
    assert guard.may_push()
    take_turns(guard)
    assert not guard.may_push()
    guard.turn_began(by_human=True)
    assert guard.may_push()

    send(guard)
    with pytest.raises(GuardPausedError):
        guard.may_send()
    guard.turn_began(by_human=True)
    assert not guard.may_push()  # what sends brought about takes `resume`


def test_turns_of_an_hour_ago_do_not_count(clock):
    guard = guarded(clock, turns_per_hour=3)
    for _ in range(9):
        take_turns(guard)
        clock.advance(HOUR_MS // 2 + 1)
    assert guard.may_push()


def test_a_clock_that_was_set_back_does_not_pause_for_ever(clock):
    guard = guarded(clock, turns_per_hour=3)
    take_turns(guard, 2)
    clock.advance(-DAY_MS)
    take_turns(guard, 2)
    assert guard.may_push()


def test_cost_is_the_difference_of_totals_and_a_total_that_went_down_is_a_new_process(clock):
    guard = guarded(clock)
    for total, conversation in ((0.5, "a"), (0.75, "a"), (0.25, "b"), (0.25, "a"), (0.5, "a")):
        guard.cost(total, conversation)
    assert guard.cost_today_usd == pytest.approx(0.75 + 0.25 + 0.5)


def test_a_days_cost_pauses_until_the_next_day_or_a_humans_word(clock):
    guard = guarded(clock, cost_per_day_usd=5)
    guard.cost(4.99, "a")
    assert guard.may_push()
    guard.cost(5.25, "a")
    assert guard.pause_reason == "$5.25 spent today (limit $5)"
    guard.turn_began(by_human=True)
    assert not guard.may_push()
    guard.resume()
    guard.cost(10.0, "a")
    assert guard.may_push()
    guard.cost(10.5, "a")
    assert guard.pause_reason == "$10.50 spent today (limit $5)"

    clock.advance(DAY_MS)
    assert (guard.may_push(), guard.cost_today_usd) == (True, 0.0)
    guard.cost(11.5, "a")
    assert guard.cost_today_usd == pytest.approx(1.0)


def test_a_chain_of_messages_longer_than_the_limit_pauses_and_resume_lets_it_go_on(clock):
    guard = guarded(clock, hops=16)
    assert guard.may_show(16)
    assert not guard.may_show(17)
    assert guard.pause_reason == "17 messages caused each other, one after the other (limit 16)"
    assert not guard.may_show(17)

    guard.resume()
    assert guard.may_show(17)
    assert guard.may_show(33)
    assert not guard.may_show(34)
    guard.resume()
    clock.advance(HOUR_MS)
    assert not guard.may_show(17)


def test_limits_that_are_switched_off_never_pause(clock):
    guard = guarded(clock, messages_per_minute=None, turns_per_hour=None, hops=None)
    send(guard, 500)
    take_turns(guard, 500)
    guard.cost(1e6, "a")
    assert guard.may_show(1000)
    assert guard.may_push()


def test_the_first_reason_stays(clock):
    guard = guarded(clock, turns_per_hour=1, hops=1)
    take_turns(guard)
    guard.may_show(2)
    assert guard.pause_reason.startswith("1 turns in an hour")


def test_a_restarted_host_keeps_todays_cost_and_the_pause(clock):
    limits = Limits(cost_per_day_usd=1)
    guard = Guard(limits, clock)
    guard.cost(0.5, "a")
    guard = Guard.restored(limits, clock, guard.snapshot())
    guard.cost(0.75, "a")
    assert guard.cost_today_usd == pytest.approx(0.75)
    guard.cost(1.5, "a")
    reason = guard.pause_reason

    again = Guard.restored(limits, clock, guard.snapshot())
    assert (again.pause_reason, again.cost_today_usd) == (reason, pytest.approx(1.5))
    clock.advance(DAY_MS)
    tomorrow = Guard.restored(limits, clock, guard.snapshot())
    assert (tomorrow.pause_reason, tomorrow.cost_today_usd) == ("", 0.0)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"cause": "whim"}'])
def test_a_state_that_makes_no_sense_is_no_state(clock, text):
    guard = Guard.restored(Limits(), clock, text)
    assert (guard.pause_reason, guard.cost_today_usd) == ("", 0.0)


def test_what_is_remembered_of_conversations_is_bounded(clock):
    guard = guarded(clock)
    for number in range(1000):
        guard.cost(1.0, f"conversation {number}")
    assert len(guard.snapshot()) < 4000
    assert guard.cost_today_usd == pytest.approx(1000)


def test_what_has_no_limit_is_not_counted_without_end(clock):
    guard = guarded(clock, messages_per_minute=None, turns_per_hour=None)
    send(guard, 500)
    take_turns(guard, 500)

    assert (len(guard._sent_ms), len(guard._turns_ms), guard.pause_reason) == (0, 0, "")
