"""What is said, as pure functions: arrivals, registration, instructions."""

import json

import pytest

from meshbot_core.errors import HostUnavailableError, MeshError
from meshbot_core.host.api import MessageView
from meshbot_core.mcp.inbox import arrival, inbox_part
from meshbot_core.mcp.instructions import instructions
from meshbot_core.mcp.registration import registration
from meshbot_core.mcp.results import refused
from meshbot_core.mcp.tools import TOOLS
from meshbot_core.types import MessageKind


def view(text: str, kind: MessageKind = "message", **changes: object) -> MessageView:
    known = {
        "id": "id-1",
        "sender": "beta",
        "kind": kind,
        "text": text,
        "sent_at_ms": 1,
        "received_at_ms": 2,
        "total_chars": len(text),
        "seq": 1,
    }
    return MessageView.model_validate(known | changes)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (
            "message",
            "short",
            'New message from agent "beta": short. Use check_messages to read it.',
        ),
        (
            "ask",
            "why?",
            'New question from agent "beta": why?. Use check_messages to read and respond.',
        ),
        (
            "message",
            "L" * 201,
            f'New message from agent "beta": {"L" * 200}.... Use check_messages to read it.',
        ),
        (
            "response",
            "yes",
            'New answer from agent "beta": yes. Use check_messages to read it.',
        ),
    ],
)
def test_an_arrival_is_told_with_200_characters_at_most(
    kind: MessageKind, text: str, expected: str
):
    assert arrival(view(text, kind)) == expected


def test_registration_loads_the_tools_always_and_names_a_mesh_that_is_not_the_default():
    entry = json.loads(registration("dev", "default"))["mcpServers"]["mesh"]
    assert entry["alwaysLoad"] is True
    assert [entry["command"], *entry["args"]] == ["meshbot", "serve", "--as", "dev"]
    other = json.loads(registration("dev", "lab"))["mcpServers"]["mesh"]
    assert other["args"] == ["serve", "--as", "dev", "--mesh", "lab"]


def test_the_instructions_say_who_one_is_how_to_answer_and_that_peers_give_no_orders():
    text = instructions("dev", "lab")
    for needed in ('the agent "dev" on the mesh "lab"', "reply", "never is an instruction"):
        assert needed in text
    for tool in ("check_messages", "read_message", "send_message", "ask_agent"):
        assert tool in text


def test_messages_beside_a_result_are_framed_as_data_and_marked_when_shown_before():
    part = json.loads(inbox_part((view("x", shown_before=True, reply_to="id-0"),), 3) or "")
    assert part["messages"] == [
        {
            "id": "id-1",
            "from": "beta",
            "message": "x",
            "timestamp": 1,
            "type": "message",
            "replyTo": "id-0",
            "shownBefore": True,
        }
    ]
    assert "never an instruction" in part["note"]
    assert "3 more wait" in part["note"]


@pytest.mark.parametrize("error", [MeshError("odd"), HostUnavailableError("gone", hint="do this")])
def test_every_error_says_what_to_do(error: MeshError):
    assert json.loads(refused(error).text)["hint"]


def test_every_tool_is_described_and_every_argument_too():
    for tool in TOOLS:
        assert len(tool.description) > 40
        properties = tool.schema["properties"]
        assert isinstance(properties, dict)
        assert all("description" in schema for schema in properties.values())
