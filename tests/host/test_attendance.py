"""How long a host stays, without a host."""

from meshbot_core.host.api import ClientView
from meshbot_core.host.attendance import Attendance, pid_of


def client(session: str = "serve-1-a") -> ClientView:
    return ClientView(kind="serve", session=session, pid=1)


def attendance() -> Attendance:
    return Attendance(linger_s=10, stay_until_s=10)


def test_decision_10_a_new_host_that_nobody_comes_to_stays_as_long_as_it_lingers():
    assert attendance().needed_until(0) == 10


def test_decision_10_a_present_client_keeps_the_host():
    there = attendance()
    there.came(client())
    assert there.needed_until(1000) is None


def test_decision_10_the_last_goodbye_ends_the_host_at_once():
    there = attendance()
    there.came(client())
    there.said_goodbye("serve-1-a", 5)
    assert there.needed_until(5) == 5


def test_decision_10_a_goodbye_with_others_there_changes_nothing_for_them():
    there = attendance()
    there.came(client("serve-1-a"))
    there.came(client("serve-2-b"))
    there.said_goodbye("serve-1-a", 5)
    assert there.needed_until(1000) is None


def test_decision_10_a_client_that_vanishes_is_awaited_for_ten_seconds():
    there = attendance()
    there.came(client())
    assert there.left(client(), 100)
    assert there.needed_until(100) == 110
    assert there.given_up(109) == ()
    assert there.given_up(110) == ("serve-1-a",)
    assert there.given_up(111) == ()


def test_a_client_that_comes_back_is_no_longer_awaited():
    there = attendance()
    there.came(client())
    there.left(client(), 100)
    there.came(client())
    assert there.given_up(1000) == ()


def test_a_stream_that_closes_after_the_goodbye_is_not_a_vanished_client():
    there = attendance()
    there.came(client())
    there.said_goodbye("serve-1-a", 5)
    assert not there.left(client(), 6)


def test_a_session_with_two_streams_vanishes_with_the_second():
    there = attendance()
    there.came(client())
    there.came(client())
    assert not there.left(client(), 1)
    assert there.left(client(), 2)


def test_a_request_under_way_keeps_the_host():
    there = attendance()
    there.request_began()
    assert there.needed_until(1000) is None
    there.request_ended(1000)
    assert there.needed_until(1000) == 1010


def test_the_pid_is_read_out_of_a_session_id():
    assert pid_of("serve-123-abc") == 123
    assert pid_of("whatever") is None
    assert pid_of("a-b-c") is None
