"""Hook events, as two versions of Claude Code were seen to send them, and what answers them."""

import json

import pytest
from hypothesis import given

from meshbot_core.claude import answers
from meshbot_core.claude.hooks import (
    HookEvent,
    Notification,
    PermissionRequest,
    PostToolUse,
    PreToolUse,
    SessionEnd,
    SessionStart,
    Stop,
    StopFailure,
    SubagentStart,
    SubagentStop,
    UnknownHook,
    UserPromptSubmit,
    parse_hook,
)
from meshbot_core.errors import ClaudeEventError, ClaudeEventTooLargeError
from tests.claude_code.garbage import almost

_COMMON = {
    "session_id": "17a91ba3",
    "transcript_path": "/home/ann/.claude/projects/-src/17a91ba3.jsonl",
    "cwd": "/src",
}


def event(name: str, **members: object) -> HookEvent:
    return parse_hook(json.dumps({**_COMMON, "hook_event_name": name, **members}).encode())


def test_every_event_tells_session_folder_and_name():
    seen = event("SessionStart", source="startup", model="claude-opus-5-5")

    assert isinstance(seen, SessionStart)
    assert (seen.session_id, seen.cwd, seen.name) == ("17a91ba3", "/src", "SessionStart")
    assert (seen.source, seen.model) == ("startup", "claude-opus-5-5")
    assert not seen.is_of_subagent


def test_a_prompt_comes_with_the_turn_it_begins():
    seen = event("UserPromptSubmit", prompt="hello", prompt_id="b6ef", permission_mode="default")

    assert isinstance(seen, UserPromptSubmit)
    assert (seen.prompt, seen.prompt_id, seen.permission_mode) == ("hello", "b6ef", "default")


def test_tool_events_tell_tool_input_and_result():
    call = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "tool_use_id": "toolu_1"}

    before = event("PreToolUse", **call, effort={"level": "high"})
    after = event("PostToolUse", **call, tool_response={"stdout": ""}, duration_ms=152)

    assert isinstance(before, PreToolUse)
    assert (before.tool, before.tool_input, before.call_id) == (
        "Bash",
        {"command": "ls"},
        "toolu_1",
    )
    assert isinstance(after, PostToolUse)
    assert (after.response, after.duration_ms) == ({"stdout": ""}, 152)


def test_a_permission_request_carries_the_rules_that_claude_offers():
    offered = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}

    seen = event(
        "PermissionRequest",
        tool_name="Bash",
        tool_input={"command": "touch zz"},
        permission_suggestions=[offered],
    )

    assert isinstance(seen, PermissionRequest)
    assert seen.suggestions == (offered,)
    assert seen.call_id is None


def test_turns_end_well_or_by_an_error_of_the_api():
    well = event("Stop", stop_hook_active=False, last_assistant_message="Hi.", background_tasks=[])
    badly = event("StopFailure", error="rate_limit", last_assistant_message="API Error: 429")

    assert isinstance(well, Stop)
    assert well.last_text == "Hi."
    assert isinstance(badly, StopFailure)
    assert badly.is_limit
    assert not event("StopFailure", error="unknown").is_limit


def test_decision_1_events_of_subagents_are_known_by_their_agent_id():
    of_agent = {"agent_id": "a286", "agent_type": "general-purpose"}

    assert isinstance(event("SubagentStart", **of_agent), SubagentStart)
    assert isinstance(event("SubagentStop", **of_agent, last_assistant_message="x"), SubagentStop)
    assert event("PostToolUse", tool_name="Read", **of_agent).is_of_subagent
    assert event("StopFailure", error="unknown", **of_agent).is_of_subagent


def test_the_rest_of_the_events_is_read():
    called = event("Notification", message="needs you", notification_type="permission_prompt")

    assert isinstance(called, Notification)
    assert called.kind == "permission_prompt"
    assert event("PreCompact", trigger="auto").name == "PreCompact"
    assert isinstance(event("SessionEnd", reason="prompt_input_exit"), SessionEnd)


def test_events_and_members_that_we_do_not_know_pass():
    unknown = event("BrandNew", what={"ever": 1})

    assert isinstance(unknown, UnknownHook)
    assert unknown.name == "BrandNew"


def test_texts_may_be_null():
    assert event("Stop", last_assistant_message=None).last_text == ""


def test_half_a_character_at_a_cut_becomes_a_mark():
    data = (
        b'{"hook_event_name": "Stop", "session_id": "s", "last_assistant_message": "ab\\ud83d..."}'
    )

    assert parse_hook(data).last_text == "ab\ufffd..."


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'"\\ud83d', "no JSON"),
        (b"[]", "hook event"),
        (b'{"hook_event_name": "Stop"}', "session_id"),
        (b'{"session_id": "s"}', "hook_event_name"),
        (b'{"hook_event_name": "PreToolUse", "session_id": "s"}', "tool_name"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_what_is_no_event_is_a_clear_error(data, said):
    with pytest.raises(ClaudeEventError, match=said):
        parse_hook(data)


def test_an_event_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(ClaudeEventTooLargeError) as caught:
        parse_hook(b"x" * 20_000_000)

    assert caught.value.http_status == 413


@given(
    almost(
        *("session_id", "tool_name", "tool_input", "permission_suggestions", "agent_id"),
        *("stop_hook_active", "last_assistant_message", "prompt", "duration_ms"),
        kinds=(
            *(("hook_event_name", name) for name in ("Stop", "PreToolUse", "PermissionRequest")),
            ("hook_event_name", "New"),
        ),
    )
)
def test_no_bytes_break_the_reading_of_hooks(data):
    try:
        seen = parse_hook(data)
    except ClaudeEventError as error:
        assert len(str(error)) < 1000  # noqa: PT017 - either end is right
    else:
        assert isinstance(seen, HookEvent)


def test_answers_have_the_shape_that_claude_takes():
    assert json.loads(answers.NO_ANSWER) == {}
    assert json.loads(answers.with_context("PostToolUse", "news")) == {
        "hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "news"}
    }
    assert json.loads(answers.permission_denied("not now", ends_turn=True)) == {
        "hookSpecificOutput": {
            "hookEventName": "PermissionRequest",
            "decision": {"behavior": "deny", "message": "not now", "interrupt": True},
        }
    }
    assert json.loads(answers.go_on("more")) == {"decision": "block", "reason": "more"}
    assert json.loads(answers.tool_refused("no"))["hookSpecificOutput"]["permissionDecision"] == (
        "deny"
    )


def test_an_allowed_permission_can_change_the_input_and_keep_rules():
    plain = json.loads(answers.permission_allowed())
    rich = json.loads(
        answers.permission_allowed(changed_input={"a": 1}, kept_rules=[{"type": "setMode"}])
    )

    assert plain["hookSpecificOutput"]["decision"] == {"behavior": "allow"}
    assert rich["hookSpecificOutput"]["decision"] == {
        "behavior": "allow",
        "updatedInput": {"a": 1},
        "updatedPermissions": [{"type": "setMode"}],
    }


def test_the_permission_tool_gives_the_input_back_as_2_1_197_wants_it():
    assert json.loads(answers.tool_allowed_text({"command": "ls"})) == {
        "behavior": "allow",
        "updatedInput": {"command": "ls"},
    }
    assert json.loads(answers.tool_denied_text("")) == {"behavior": "deny", "message": "denied"}
