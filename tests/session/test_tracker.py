"""What a session's events come to."""

import json

import pytest

from meshbot_core.claude.framing import own_words
from meshbot_core.claude.hooks import parse_hook
from meshbot_core.claude.sessions import SessionFile
from meshbot_core.claude.stream import parse_event
from meshbot_core.session.effects import (
    ConversationBegan,
    Dropped,
    Effect,
    Shown,
    Spent,
    TurnBegan,
    TurnEnded,
)
from meshbot_core.session.silence import STALLED_AFTER_MS
from meshbot_core.session.tracker import Tracker
from tests.support.clock import FakeClock

PUSHED = (
    'type=message from="bob" age=0s (data) [begin 0123456789ab] hi\n[end 0123456789ab] id="m-1"\n'
)


def a_tracker(kind="interactive"):
    clock = FakeClock()
    return Tracker(kind, clock), clock


def hook(tracker: Tracker, name: str, **members) -> tuple[Effect, ...]:
    said = {"hook_event_name": name, "session_id": "c-1", **members}
    return tracker.hook(parse_hook(json.dumps(said).encode()))


def line(tracker: Tracker, **members) -> tuple[Effect, ...]:
    return tracker.stream(parse_event(json.dumps(members).encode()))


def test_a_turn_begins_with_a_prompt_and_ends_with_stop():
    tracker, _ = a_tracker()
    assert hook(tracker, "SessionStart", source="startup") == (ConversationBegan("c-1"),)
    assert tracker.state == "idle"

    assert hook(tracker, "UserPromptSubmit", prompt="do it") == (TurnBegan(is_by_human=True),)
    assert tracker.state == "working"
    assert hook(tracker, "Stop") == (TurnEnded(is_well=True),)
    assert (tracker.state, tracker.turn) == ("idle", 1)


def test_a_push_is_shown_when_the_prompt_names_its_id():
    tracker, _ = a_tracker()
    hook(tracker, "SessionStart")

    effects = hook(tracker, "UserPromptSubmit", prompt=PUSHED)

    assert effects == (TurnBegan(is_by_human=False), Shown(("m-1",)))


def test_a_tool_is_shown_in_a_few_words_while_it_runs():
    tracker, _ = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="test")

    hook(tracker, "PreToolUse", tool_name="Bash", tool_input={"command": "npm  test\n-- x"})
    assert tracker.doing == "Bash npm test -- x"
    hook(tracker, "PostToolUse", tool_name="Bash", tool_input={})
    assert tracker.doing == ""


def test_what_a_subagent_does_ends_no_turn():
    tracker, _ = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")

    assert hook(tracker, "Stop", agent_id="a-1") == ()
    assert tracker.is_in_turn


def test_an_idle_title_in_mid_turn_means_that_it_was_interrupted():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")
    tracker.titled("\u2733 app")
    assert tracker.looked_at() == ()

    clock.advance(2000)

    assert tracker.looked_at() == (TurnEnded(is_well=False),)
    assert tracker.state == "idle"


def said(clock: FakeClock, status: str, waiting_for: str = "") -> SessionFile:
    """What Claude Code writes of the session, as of now."""
    members = {"pid": 1, "sessionId": "c-1", "status": status, "waitingFor": waiting_for}
    return SessionFile.model_validate(members | {"statusUpdatedAt": clock.now_ms()})


def test_a_session_that_says_it_idles_was_interrupted_whatever_its_title():
    tracker, clock = a_tracker()
    before = said(clock, "idle")
    clock.advance(10)
    hook(tracker, "UserPromptSubmit", prompt="go")
    clock.advance(2000)
    assert tracker.looked_at(before) == ()  # as it idled before the turn

    idle = said(clock, "idle")
    assert tracker.looked_at(idle) == ()  # the turn's own end may be on its way
    clock.advance(2000)

    assert tracker.looked_at(idle) == (TurnEnded(is_well=False),)
    assert tracker.state == "idle"


def test_a_session_that_says_it_is_busy_was_not_interrupted_whatever_its_title():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")
    tracker.titled("\u2733 app")
    busy = said(clock, "busy")
    clock.advance(5000)

    assert tracker.looked_at(busy) == ()
    assert tracker.state == "working"


def test_a_call_that_waits_for_a_person_is_what_the_session_does_whatever_else_happens():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")
    tracker.asks("Read")
    hook(tracker, "PreToolUse", tool_name="Read", tool_input={"file_path": "b"})
    hook(tracker, "PostToolUse", tool_name="Read", tool_input={"file_path": "b"})
    tracker.titled("\u2733 app")
    clock.advance(STALLED_AFTER_MS + 5000)
    tracker.looked_at(said(clock, "waiting", "permission prompt"))
    assert (tracker.state, tracker.reason) == ("needs_approval", "Read")

    tracker.asks("")
    tracker.looked_at(said(clock, "busy"))
    assert tracker.state == "working"


def test_a_subagents_call_may_wait_beyond_the_turn():
    tracker, _ = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")
    tracker.asks("Bash")

    hook(tracker, "Stop")
    assert (tracker.state, tracker.is_in_turn) == ("needs_approval", False)

    tracker.asks("")
    assert tracker.state == "idle"


def test_a_limit_outlasts_a_dialog_about_it():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")
    hook(tracker, "StopFailure", error="rate_limit", error_details="wait")

    tracker.looked_at(said(clock, "waiting", "rate limit options"))
    assert tracker.state == "needs_approval"
    tracker.looked_at(said(clock, "idle"))
    assert (tracker.state, tracker.reason) == ("limited", "wait")


def test_a_dialog_of_which_no_hook_tells_waits_for_a_person_too():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")

    tracker.looked_at(said(clock, "waiting", "input needed"))
    assert (tracker.state, tracker.reason) == ("needs_approval", "input needed")
    tracker.looked_at(said(clock, "busy"))
    assert tracker.state == "working"


def test_a_turn_without_an_event_for_ten_minutes_has_stalled_until_the_next_one():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")
    clock.advance(STALLED_AFTER_MS + 1)

    tracker.looked_at()
    assert tracker.state == "stalled"
    hook(tracker, "PreToolUse", tool_name="Bash", tool_input={"command": "ls"})
    assert tracker.state == "working"


def test_an_hour_that_the_machine_slept_is_no_silence_of_the_session():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="test")
    tracker.looked_at()
    clock.advance(3_600_000)

    tracker.looked_at()

    assert tracker.state == "working"
    for _ in range(STALLED_AFTER_MS // 1000 + 1):
        clock.advance(1000)
        tracker.looked_at()
    assert tracker.state == "stalled"


def test_a_clock_that_was_set_back_hides_no_silence():
    tracker, clock = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="test")
    tracker.looked_at()
    clock.advance(-86_400_000)

    for _ in range(STALLED_AFTER_MS // 1000 + 2):
        tracker.looked_at()
        clock.advance(1000)

    assert tracker.state == "stalled"


def test_a_headless_line_that_nothing_answers_makes_the_session_deaf_until_an_event_comes():
    tracker, clock = a_tracker("headless")
    tracker.turn_began(is_by_human=True)
    tracker.silence.said()
    clock.advance(121_000)

    assert tracker.looked_at() == (TurnEnded(is_well=False, error="claude does not answer"),)
    assert (tracker.state, tracker.reason) == ("deaf", "claude does not answer; it is silent")
    line(tracker, type="user", isReplay=True, message={"role": "user", "content": PUSHED})
    assert tracker.state == "working"


@pytest.mark.parametrize(
    "prompt",
    [
        PUSHED,
        own_words("Reminder: agent 'ops' still waits."),
        "<cross-session-message from='uds:/x'>\nhello\n</cross-session-message>",
        "<task-notification>done</task-notification>",
    ],
)
def test_what_nobody_typed_is_no_word_of_a_human(prompt):
    tracker, _ = a_tracker()

    assert hook(tracker, "UserPromptSubmit", prompt=prompt)[0] == TurnBegan(is_by_human=False)


def test_a_line_of_ours_begins_a_headless_turn_though_it_brings_no_message():
    tracker, _ = a_tracker("headless")
    tracker.silence.said()
    content = own_words("Reminder: agent 'ops' still waits.")

    began = line(tracker, type="user", isReplay=True, message={"role": "user", "content": content})
    assert began == (TurnBegan(is_by_human=False),)
    assert tracker.state == "working"
    again = line(tracker, type="user", isReplay=True, message={"role": "user", "content": content})
    assert again == ()


@pytest.mark.parametrize("state", ["discarded", "refused", "cancelled"])
def test_a_line_that_the_model_never_gets_begins_no_turn_and_is_given_back(state):
    tracker, _ = a_tracker("headless")
    tracker.to("idle")
    tracker.silence.said()

    effects = line(tracker, type="command_lifecycle", command_uuid="f-1", state=state)

    assert effects == (Dropped("f-1"),)
    assert (tracker.state, tracker.is_in_turn) == ("idle", False)


def test_an_api_limit_is_a_state_of_its_own():
    tracker, _ = a_tracker()
    hook(tracker, "UserPromptSubmit", prompt="go")

    (effect,) = hook(tracker, "StopFailure", error="rate_limit", error_details="wait")

    assert effect == TurnEnded(is_well=False, error="wait", is_limit=True)
    assert (tracker.state, tracker.reason) == ("limited", "wait")


def test_clear_in_mid_turn_ends_the_turn_and_begins_a_conversation():
    tracker, _ = a_tracker()
    hook(tracker, "SessionStart")
    hook(tracker, "UserPromptSubmit", prompt="go")

    effects = hook(tracker, "SessionStart", session_id="c-2", source="clear")

    assert effects == (TurnEnded(is_well=False, error="cleared"), ConversationBegan("c-2"))
    assert not tracker.has_begun


def test_a_turn_that_is_heard_of_before_its_conversation_goes_on():
    tracker, _ = a_tracker("headless")
    tracker.started("")
    tracker.silence.said()
    spoken = {"role": "user", "content": "do it"}
    assert line(tracker, type="user", message=spoken, isReplay=True) == (TurnBegan(False),)

    assert hook(tracker, "SessionStart", source="startup") == (ConversationBegan("c-1"),)

    assert tracker.is_in_turn
    assert tracker.has_begun
    assert tracker.state == "working"


def test_a_headless_turn_begins_with_the_replayed_line_and_ends_with_its_result():
    tracker, _ = a_tracker("headless")
    said = {"role": "user", "content": [{"type": "text", "text": PUSHED}]}

    began = line(tracker, type="user", isReplay=True, message=said)
    ended = line(tracker, type="result", subtype="success", result="ok", total_cost_usd=0.5)

    assert began == (TurnBegan(is_by_human=False), Shown(("m-1",)))
    assert ended == (TurnEnded(is_well=True), Spent(0.5, ""))
