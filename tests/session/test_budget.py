"""Restarts after crashes: how many, how soon, and whatever the clock does."""

from meshbot_core.session.budget import MOST, WINDOW_MS, CrashBudget

NOW_MS = 1_767_232_600_000


def test_pauses_grow_until_none_is_left():
    budget = CrashBudget()

    assert [budget.take(NOW_MS + n) for n in range(MOST + 1)] == [0.5, 1.0, 2.0, 4.0, 8.0, None]


def test_restarts_before_the_machine_slept_an_hour_do_not_count():
    budget = CrashBudget([NOW_MS] * MOST)

    assert budget.left(NOW_MS + WINDOW_MS - 1) == 0
    assert budget.left(NOW_MS + 3_600_000) == MOST


def test_a_clock_that_was_set_back_does_not_keep_a_session_down():
    budget = CrashBudget([NOW_MS] * MOST)

    assert budget.left(NOW_MS - 86_400_000) == MOST
