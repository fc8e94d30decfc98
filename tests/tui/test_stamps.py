"""When something was learned, by a clock that people set."""

from meshbot_tui.connections.stamps import Stamps


class Times:
    """A wall clock and a steady one."""

    def __init__(self) -> None:
        self.wall_s, self.steady_s = 1000.0, 5.0

    def passes(self, s: float, *, wall_s: float | None = None) -> None:
        self.steady_s += s
        self.wall_s += s if wall_s is None else wall_s


def test_stamps_only_grow_and_tell_the_time():
    times = Times()
    stamps = Stamps(lambda: times.wall_s, lambda: times.steady_s)
    assert [stamps.next() for _ in range(3)] == [1_000_000, 1_000_001, 1_000_002]
    times.passes(2)
    assert stamps.next() == 1_002_000


def test_a_clock_that_is_set_back_stops_no_stamp_and_what_lasts_has_its_length():
    times = Times()
    stamps = Stamps(lambda: times.wall_s, lambda: times.steady_s)
    before = stamps.next()
    times.passes(1, wall_s=-3600)
    assert stamps.next() == before + 1000
    times.passes(10)
    assert stamps.next() == before + 11_000


def test_a_machine_that_slept_goes_on_by_the_wall():
    times = Times()
    stamps = Stamps(lambda: times.wall_s, lambda: times.steady_s)
    before = stamps.next()
    times.passes(0, wall_s=7200)
    assert stamps.next() == before + 7_200_000
