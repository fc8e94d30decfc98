"""Lines of headless sessions, status lines and session files, as they were seen."""

import json
from pathlib import Path

import pytest
from hypothesis import given

from meshbot_core.claude.sessions import parse_session, session_file
from meshbot_core.claude.statusline import parse_status
from meshbot_core.claude.stream import (
    NOT_LOGGED_IN,
    AssistantSpoke,
    LineState,
    RateLimited,
    RequestAnswered,
    Retrying,
    StreamEvent,
    TurnBegan,
    TurnEnded,
    UnknownEvent,
    UserSpoke,
    interrupt_line,
    parse_event,
    user_line,
)
from meshbot_core.errors import ClaudeEventError, ClaudeEventTooLargeError
from tests.claude_code.garbage import almost


def event(**members: object) -> StreamEvent:
    return parse_event(json.dumps(members).encode() + b"\n")


def test_a_turn_begins_with_its_tools_and_servers():
    seen = event(
        type="system",
        subtype="init",
        cwd="/src",
        session_id="e463",
        tools=["Bash", "mcp__mesh__reply"],
        mcp_servers=[{"name": "mesh", "status": "connected", "source": "dynamic"}],
        model="claude-opus-5-5",
        permissionMode="default",
        claude_code_version="2.1.330",
        messaging_socket_path="/run/cc-socks/1.sock",
    )

    assert isinstance(seen, TurnBegan)
    assert (seen.session_id, seen.version, seen.socket) == (
        "e463",
        "2.1.330",
        "/run/cc-socks/1.sock",
    )
    assert [(server.name, server.status) for server in seen.servers] == [("mesh", "connected")]


def test_the_model_speaks_and_calls_tools():
    seen = event(
        type="assistant",
        message={
            "role": "assistant",
            "content": [
                {"type": "text", "text": "Let me see."},
                {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}},
            ],
        },
        parent_tool_use_id=None,
        session_id="e463",
    )

    assert isinstance(seen, AssistantSpoke)
    assert seen.text == "Let me see."
    assert seen.blocks[1].name == "Bash"
    assert not seen.is_of_subagent
    assert not seen.is_limit


def test_what_a_subagent_says_is_known_by_the_call_that_began_it():
    seen = event(type="assistant", message={"content": "hi"}, parent_tool_use_id="toolu_1")

    assert seen.is_of_subagent
    assert seen.text == "hi"


def test_a_line_of_ours_is_replayed_when_the_model_gets_it():
    line = json.loads(user_line("hello", uuid="u-1"))

    seen = event(**line, isReplay=True, session_id="e463")

    assert isinstance(seen, UserSpoke)
    assert (seen.is_replay, seen.uuid, seen.text) == (True, "u-1", "hello")


def test_a_turn_ends_with_its_cost_and_denials():
    seen = event(
        type="result",
        subtype="success",
        is_error=False,
        api_error_status=None,
        duration_ms=167,
        num_turns=2,
        result="Done.",
        total_cost_usd=0.00006,
        permission_denials=[{"tool_name": "Bash", "tool_input": {"command": "touch zz"}}],
        terminal_reason="completed",
    )

    assert isinstance(seen, TurnEnded)
    assert (seen.text, seen.turns, seen.cost_usd) == ("Done.", 2, 0.00006)
    assert seen.denials[0].tool == "Bash"


def test_a_limit_of_the_api_and_a_missing_login_are_told_apart():
    limited = event(type="assistant", error="rate_limit", message={"content": []})
    outside = event(type="assistant", error="authentication_failed", message={"content": []})
    ended = event(type="result", is_error=True, api_error_status=429, result="API Error")

    assert limited.is_limit
    assert outside.error == NOT_LOGGED_IN
    assert not outside.is_limit
    assert (ended.is_error, ended.api_status) == (True, 429)


def test_a_limit_of_the_account_says_until_when():
    seen = event(
        type="rate_limit_event",
        rate_limit_info={
            "status": "rejected",
            "resetsAt": 1795476189,
            "rateLimitType": "five_hour",
        },
    )

    assert isinstance(seen, RateLimited)
    assert seen.is_rejected
    assert seen.until_ms == 1795476189000
    assert event(type="rate_limit_event").until_ms is None


def test_retries_answers_and_the_way_of_a_line_are_read():
    retrying = event(type="system", subtype="api_retry", attempt=1, retry_delay_ms=500)
    answered = event(type="control_response", response={"subtype": "success", "request_id": "r1"})
    started = event(type="command_lifecycle", command_uuid="u-1", state="started")

    assert isinstance(retrying, Retrying)
    assert retrying.delay_ms == 500
    assert isinstance(answered, RequestAnswered)
    assert answered.response.request_id == "r1"
    assert isinstance(started, LineState)
    assert (started.line, started.state) == ("u-1", "started")


def test_lines_that_we_do_not_know_pass():
    seen = event(type="system", subtype="task_started", task={"id": 1})

    assert isinstance(seen, UnknownEvent)
    assert (seen.kind, seen.detail) == ("system", "task_started")


@pytest.mark.parametrize("line", [b"", b"Welcome!\n", b"[]", b'{"subtype": "x"}', b"\x00"])
def test_garbage_instead_of_json_is_a_clear_error(line):
    with pytest.raises(ClaudeEventError, match="stream event"):
        parse_event(line)


def test_a_line_that_is_too_large_is_refused():
    with pytest.raises(ClaudeEventTooLargeError):
        parse_event(b"x" * 101, max_bytes=100)


@given(
    almost(
        *("message", "mcp_servers", "tools", "permission_denials", "rate_limit_info"),
        *("response", "result", "session_id", "command_uuid", "state", "isReplay"),
        kinds=tuple(
            ("type", kind)
            for kind in (
                "user",
                "assistant",
                "result",
                "command_lifecycle",
                "rate_limit_event",
                "x",
            )
        ),
    )
)
def test_no_line_breaks_the_reading_of_a_stream(line):
    try:
        seen = parse_event(line)
    except ClaudeEventError as error:
        assert len(str(error)) < 1000  # noqa: PT017 - either end is right
    else:
        assert isinstance(seen, StreamEvent)


def test_lines_of_ours_are_one_line_each_whatever_they_hold():
    line = user_line("two\nlines and \u2028 and half a pair \ud83d", uuid="u-1")

    assert line.count(b"\n") == 1
    assert json.loads(interrupt_line("r1")) == {
        "type": "control_request",
        "request_id": "r1",
        "request": {"subtype": "interrupt"},
    }


@pytest.mark.parametrize(
    ("limits", "ends_ms"),
    [
        (None, 0),
        ({"five_hour": {"used_percentage": 40, "resets_at": 1795476189}}, 0),
        ({"five_hour": {"used_percentage": 100, "resets_at": 1795476189}}, 1795476189000),
        (
            {
                "five_hour": {"used_percentage": 100, "resets_at": 1795476189},
                "seven_day": {"used_percentage": 101.5, "resets_at": 1795900000},
            },
            1795900000000,
        ),
        ({"five_hour": {"used_percentage": 100}}, 0),
    ],
)
def test_a_status_line_tells_when_a_limit_that_was_reached_is_over(limits, ends_ms):
    report = parse_status(json.dumps({"session_id": "6dd6", "rate_limits": limits}).encode())

    assert report.limit_ends_ms == ends_ms


def test_a_status_line_tells_cost_and_context():
    report = parse_status(
        json.dumps(
            {
                "session_id": "6dd6",
                "session_name": "dev",
                "model": {"id": "claude-opus-5-5", "display_name": "Opus 5.5"},
                "workspace": {"current_dir": "/src", "project_dir": "/src", "added_dirs": []},
                "version": "2.1.330",
                "cost": {"total_cost_usd": 0.5, "total_duration_ms": 2854},
                "context_window": {"context_window_size": 1000000, "used_percentage": 12},
                "rate_limits": {"five_hour": {"used_percentage": 40, "resets_at": 1795476189}},
            }
        ).encode()
    )

    assert (report.name, report.model.display_name) == ("dev", "Opus 5.5")
    assert (report.cost.total_cost_usd, report.context.used_percentage) == (0.5, 12)
    assert report.limits.five_hour.used_percentage == 40


def test_a_status_line_before_the_first_answer_knows_no_percentage():
    report = parse_status(b'{"session_id": "s", "context_window": {"used_percentage": null}}')

    assert report.context.used_percentage is None


def test_a_session_file_tells_state_and_socket():
    session = parse_session(
        b'{"pid":22823,"sessionId":"6dd6","cwd":"/src","startedAt":1795476151283,'
        b'"procStart":"635970","version":"2.1.330","kind":"interactive",'
        b'"messagingSocketPath":"/run/cc-socks/22823.sock","name":"w-6d","status":"waiting",'
        b'"waitingFor":"permission","statusUpdatedAt":1795476153157}'
    )

    assert (session.pid, session.session_id, session.process_started) == (22823, "6dd6", "635970")
    assert session.socket == "/run/cc-socks/22823.sock"
    assert (session.status, session.waiting_for) == ("waiting", "permission")
    assert session_file(7, Path("/home/ann")) == Path("/home/ann/.claude/sessions/7.json")
    assert session_file(7, Path("/h"), config_folder="/c") == Path("/c/sessions/7.json")


def test_a_session_file_of_2_1_197_has_no_socket():
    session = parse_session(b'{"pid":1,"sessionId":"s","status":"idle"}')

    assert session.socket == ""


@given(almost("pid", "sessionId", "status", "cost", "context_window", kinds=(("session_id", "s"),)))
def test_no_bytes_break_the_reading_of_files_and_status_lines(data):
    for parse in (parse_session, parse_status):
        try:
            parse(data)
        except ClaudeEventError as error:
            assert len(str(error)) < 1000  # noqa: PT017 - either end is right
