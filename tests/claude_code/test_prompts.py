"""Whom a prompt is of that Claude Code took in."""

import pytest

from meshbot_core.claude.framing import own_words
from meshbot_core.claude.hook_settings import WAKE_SUMMARY
from meshbot_core.claude.prompts import is_of_person, is_wake

PUSHED = (
    'type=message from="bob" age=0s (data) [begin 0123456789ab] hi\n[end 0123456789ab] id="m-1"\n'
)


def test_what_a_person_types_is_of_a_person():
    assert is_of_person("do it")
    assert is_of_person(f"what does {WAKE_SUMMARY!r} mean?")


@pytest.mark.parametrize("prompt", [PUSHED, own_words("Reminder: agent 'ops' still waits.")])
def test_a_push_is_no_persons_prompt(prompt):
    assert not is_of_person(prompt)
    assert not is_wake(prompt)


def test_what_a_waiter_brought_wakes_and_other_notices_do_not():
    assert is_wake(f"<task-notification>\n{WAKE_SUMMARY}\n</task-notification>")
    assert not is_wake("<task-notification>done</task-notification>")
    assert not is_wake(f"what does {WAKE_SUMMARY!r} mean?")
