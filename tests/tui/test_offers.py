"""When an approval comes in front of everything else."""

from meshbot_tui.screens.offers import QUIET_S, Offers
from tests.tui import scene

PICTURE = scene.scene()
NOW_S = 1000.0


def offered(offers: Offers, *, is_busy: bool = False, now_s: float = NOW_S) -> str:
    found = offers.next(PICTURE, is_busy=is_busy, now_s=now_s)
    return found.id if found is not None else ""


def test_each_is_offered_once_the_oldest_first():
    offers = Offers()
    waiting = [approval.id for approval in PICTURE.approvals]
    assert [offered(offers) for _ in waiting] == waiting
    assert offered(offers) == ""


def test_nothing_comes_while_the_person_is_busy_or_has_just_pressed_a_key():
    offers = Offers()
    offers.key(NOW_S)
    assert offered(offers, is_busy=True, now_s=NOW_S + 60) == ""
    assert offered(offers, now_s=NOW_S + QUIET_S - 0.1) == ""
    assert offered(offers, now_s=NOW_S + QUIET_S) == PICTURE.approvals[0].id


def test_what_was_seen_in_the_list_is_not_offered():
    offers = Offers()
    offers.seen(PICTURE)
    assert offered(offers) == ""
