"""What a session may say was read: the pure half of decisions 1 and 31."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from meshbot_core.mcp.leases import Leases, Settlement


def carrying(leases: Leases, call: int, lease: str, *, written_at: int | None) -> None:
    leases.began(call, 0)
    leases.carry(call, lease)
    if written_at is not None:
        leases.written(call, written_at)


def test_decision_1_a_call_acknowledges_what_was_written_before_it_began():
    leases = Leases()
    carrying(leases, 1, "first", written_at=100)

    leases.began(2, 100)

    assert leases.due(2) == Settlement(acknowledge=("first",))


def test_decision_1_a_call_that_was_sent_before_the_result_was_written_acknowledges_nothing():
    leases = Leases()
    carrying(leases, 1, "first", written_at=100)

    leases.began(2, 99)

    assert not leases.due(2)


def test_decision_1_a_call_acknowledges_nothing_of_calls_that_run_beside_it():
    leases = Leases()
    leases.began(1, 0)
    leases.began(2, 50)
    leases.carry(1, "beside")
    leases.written(1, 100)

    assert not leases.due(2)


def test_a_settled_lease_is_told_no_more():
    leases = Leases()
    carrying(leases, 1, "first", written_at=10)
    leases.began(2, 20)
    leases.began(3, 20)

    leases.settled(leases.due(2))

    assert not leases.due(3)
    assert not leases.at_end(reader_is_there=True)


def test_what_the_host_was_not_told_is_due_again():
    leases = Leases()
    carrying(leases, 1, "first", written_at=10)
    leases.began(2, 20)
    leases.written(2, 30)
    leases.began(3, 40)

    assert leases.due(3).acknowledge == ("first",)


def test_a_dropped_result_gives_its_leases_back():
    leases = Leases()
    carrying(leases, 1, "lost", written_at=None)
    leases.dropped(1)

    leases.began(2, 20)

    assert leases.due(2) == Settlement(give_back=("lost",))


def test_decision_31_an_orderly_end_acknowledges_what_was_written_and_gives_back_the_rest():
    leases = Leases()
    carrying(leases, 1, "read", written_at=10)
    carrying(leases, 2, "unwritten", written_at=None)

    assert leases.at_end(reader_is_there=True) == Settlement(("read",), ("unwritten",))


def test_decision_31_without_its_reader_everything_is_given_back():
    leases = Leases()
    carrying(leases, 1, "written", written_at=10)
    carrying(leases, 2, "unwritten", written_at=None)

    assert leases.at_end(reader_is_there=False) == Settlement((), ("written", "unwritten"))


@given(st.text())
def test_an_empty_lease_is_none(call: str):
    leases = Leases()
    leases.carry(call, "")
    leases.written(call, 1)

    assert not leases.at_end(reader_is_there=True)


class Session(RuleBasedStateMachine):
    """A client that calls in any order, with answers in any order; each call carries one lease."""

    def __init__(self) -> None:
        super().__init__()
        self.leases = Leases()
        self.place = 0
        self.began_at: dict[int, int] = {}
        self.written_at: dict[str, int] = {}
        self.open: list[int] = []
        self.given_back: set[str] = set()
        self.acknowledged: set[str] = set()

    @rule()
    def call(self) -> None:
        call = len(self.began_at) + 1
        self.began_at[call] = self.place
        self.leases.began(call, self.place)
        self.leases.carry(call, f"lease-{call}")
        self.open.append(call)
        self.place += 10

    @precondition(lambda self: self.open)
    @rule(data=st.data(), is_written=st.booleans())
    def end(self, data: st.DataObject, is_written: bool) -> None:
        call = data.draw(st.sampled_from(self.open))
        self.open.remove(call)
        if is_written:
            self.leases.written(call, self.place)
            self.written_at[f"lease-{call}"] = self.place
        else:
            self.leases.dropped(call)
            self.given_back.add(f"lease-{call}")

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(self.open))
        due = self.leases.due(call)
        for lease in due.acknowledge:
            assert self.written_at[lease] <= self.began_at[call]
            assert lease not in self.acknowledged
        assert set(due.give_back) <= self.given_back
        self.acknowledged |= set(due.acknowledge)
        self.leases.settled(due)

    @invariant()
    def nothing_is_both_and_nothing_is_forgotten(self) -> None:
        last = self.leases.at_end(reader_is_there=True)
        assert not set(last.acknowledge) & set(last.give_back)
        assert set(last.acknowledge) == set(self.written_at) - self.acknowledged
        assert {f"lease-{call}" for call in self.open} <= set(last.give_back)


TestSession = Session.TestCase
