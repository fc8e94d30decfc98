"""What the end of a claude means."""

import signal
from dataclasses import replace

import pytest

from meshbot_core.session.death import Death

A_CRASH = Death(1, is_resumed=False, is_by_us=False, is_before_prompt=False, typed_ago_ms=1_000_000)
AT_A_DIALOG = replace(A_CRASH, is_before_prompt=True, typed_ago_ms=100)


@pytest.mark.parametrize("status", [0, 1])
def test_a_person_who_just_typed_at_a_dialog_before_the_prompt_said_no(status):
    assert replace(AT_A_DIALOG, status=status).is_declined


@pytest.mark.parametrize(
    "members",
    [
        {"status": -signal.SIGKILL},
        {"is_resumed": True},
        {"is_before_prompt": False},
        {"typed_ago_ms": 2000},
        {"typed_ago_ms": -1},  # by a clock that was set back
    ],
)
def test_an_end_that_no_answer_explains_is_no_persons_no(members):
    assert not replace(AT_A_DIALOG, **members).is_declined


def test_a_conversation_is_lost_when_a_claude_that_shall_resume_it_refuses_at_once():
    refused = replace(A_CRASH, is_resumed=True, is_before_prompt=True)

    assert refused.is_lost
    assert not replace(refused, is_by_us=True).is_lost
    assert not replace(refused, is_before_prompt=False).is_lost
    assert not replace(refused, status=-signal.SIGKILL).is_lost
    assert not replace(refused, is_resumed=False).is_lost


def test_an_end_in_order_is_wanted_unless_it_comes_at_once_before_any_turn():
    ended = replace(A_CRASH, status=0)

    assert ended.is_wanted(3000, has_begun=False)
    assert ended.is_wanted(0, has_begun=True)
    assert not ended.is_wanted(2999, has_begun=False)
    assert not A_CRASH.is_wanted(1_000_000, has_begun=True)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (3, "ended with status 3"),
        (-signal.SIGKILL, "was ended by SIGKILL"),
        (-250, "was ended by signal 250"),
    ],
)
def test_an_end_is_told_in_words(status, text):
    assert str(replace(A_CRASH, status=status)) == text
