"""The stand-in plays a session over a real ``meshbot serve``."""

import json

import pytest

from meshbot_core.claude.headless import (
    CalledTool,
    McpServer,
    SessionStarted,
    Spoke,
    ToolAnswered,
    TurnEnded,
)
from meshbot_core.demo.agent import serve_command
from meshbot_core.demo.claude_home import prepare_home
from meshbot_core.demo.model import serving
from meshbot_core.demo.script import Plan, Rule, Turn, call, say
from meshbot_core.demo.session import SessionGoneError, running

pytestmark = pytest.mark.slow

PLAN = Plan(
    (
        Rule("who", (Turn("Let me see.", call("list_agents").calls), say("Nobody."))),
        Rule("greet", (call("send_message", to="nobody", message="hello"), say("Never mind."))),
    )
)
SERVER = McpServer("mesh", serve_command("dev"), {})


async def test_it_tells_of_a_turn_as_claude_does(tmp_path, mesh_paths):
    prepare_home(tmp_path / "claude", tmp_path)
    async with (
        serving(PLAN) as model,
        running(
            None, SERVER, home=tmp_path / "claude", folder=tmp_path, model_url=model.url
        ) as session,
    ):
        events = await session.turn("who is there?")
        failed = await session.turn("greet them")

    kinds = [type(event) for event in events]
    assert kinds == [SessionStarted, Spoke, CalledTool, ToolAnswered, Spoke, TurnEnded]
    started, _, _, answered, _, ended = events
    assert "mcp__mesh__send_message" in started.tools
    assert json.loads(answered.parts[0]) == []
    assert ended.text == "Nobody."
    [refusal] = [event for event in failed if isinstance(event, ToolAnswered)]
    assert refusal.is_error
    assert len(model.requests) == 4
    assert session.process.returncode == 0


async def test_a_model_that_refuses_ends_it_with_the_reason(tmp_path, mesh_paths):
    async with running(
        None, SERVER, home=tmp_path, folder=tmp_path, model_url="http://127.0.0.1:9"
    ) as session:
        with pytest.raises(SessionGoneError):
            await session.turn("who is there?")
