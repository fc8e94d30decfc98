"""kill -9 of a host that is being written to; the same measure runs longer in ``make bench``."""

import pytest

from tests.bench.host_bench import killed_under_load


@pytest.mark.slow
def test_decision_2_kill_9_under_load_loses_nothing_and_marks_what_comes_twice():
    found = killed_under_load(rounds=3)
    assert found["messages"] > 50
    assert (found["lost"], found["twice_unmarked"]) == (0, 0)
