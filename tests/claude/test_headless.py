"""What a headless session is started with, and what its lines mean."""

import json

from meshbot_core.claude.headless import (
    CalledTool,
    McpServer,
    SessionStarted,
    Spoke,
    ToolAnswered,
    TurnEnded,
    events_of,
    mcp_config,
    session_arguments,
    user_line,
)

SERVER = McpServer("mesh", ("meshbot", "serve", "--as", "dev"), {"A": "b"})


def line(**members: object) -> bytes:
    return json.dumps(members).encode() + b"\n"


def test_the_servers_tools_are_loaded_at_once_and_no_other_server_is():
    entry = json.loads(mcp_config(SERVER))["mcpServers"]["mesh"]

    assert entry["alwaysLoad"] is True
    assert (entry["command"], entry["args"]) == ("meshbot", ["serve", "--as", "dev"])
    assert "--strict-mcp-config" in session_arguments(SERVER)


def test_every_tool_of_the_server_is_allowed():
    arguments = session_arguments(SERVER)

    assert arguments[arguments.index("--allowedTools") + 1] == "mcp__mesh"


def test_what_the_user_says_is_one_line():
    assert user_line("two\nlines").count(b"\n") == 1


def test_the_start_of_a_turn_tells_tools_and_servers():
    told = events_of(
        line(
            type="system",
            subtype="init",
            session_id="s",
            tools=["mcp__mesh__reply"],
            mcp_servers=[{"name": "mesh", "status": "connected"}],
        )
    )

    assert told == (SessionStarted("s", ("mcp__mesh__reply",), {"mesh": "connected"}),)


def test_text_calls_and_results_come_in_order():
    said = line(
        type="assistant",
        message={
            "content": [
                {"type": "text", "text": "well"},
                {"type": "tool_use", "id": "1", "name": "t", "input": {"a": 1}},
                {"type": "thinking", "thinking": "hm"},
            ]
        },
    )
    answered = line(
        type="user",
        message={
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "1",
                    "content": [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}],
                },
                {"type": "tool_result", "tool_use_id": "2", "content": "z", "is_error": True},
            ]
        },
    )

    assert events_of(said) == (Spoke("well"), CalledTool("1", "t", {"a": 1}))
    assert events_of(answered) == (
        ToolAnswered("1", ("x", "y"), False),
        ToolAnswered("2", ("z",), True),
    )


def test_the_end_of_a_turn_names_denied_tools():
    ended = line(
        type="result", result="bye", is_error=False, permission_denials=[{"tool_name": "t"}]
    )

    assert events_of(ended) == (TurnEnded("bye", False, ("t",)),)


def test_lines_of_no_interest_tell_nothing():
    assert events_of(line(type="rate_limit_event")) == ()
    assert events_of(b"not json\n") == ()
    assert events_of(line(type="user", message={"role": "user", "content": "plain"})) == ()
