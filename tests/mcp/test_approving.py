"""The permission tool of headless sessions: a real serve, and a host that decides as told."""

import json
import sys

import pytest

from meshbot_core.claude.binary import inspect_claude
from meshbot_core.claude.flags import UserFlags
from meshbot_core.claude.headless import McpServer
from meshbot_core.claude.launch import (
    PATIENT_WITH_SERVERS,
    SessionPlan,
    launch,
    session_environment,
)
from meshbot_core.claude.stream import StreamEvent, TurnEnded
from meshbot_core.claude.tools import APPROVAL_TOOL, APPROVAL_VARIABLE
from meshbot_core.demo.binaries import VERSIONS
from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import serving as serving_model
from meshbot_core.demo.script import Plan, Rule, ToolCall, Turn
from meshbot_core.errors import InvalidArgumentError
from meshbot_core.mcp.calls import Calls
from meshbot_core.mcp.deeds import Call
from meshbot_core.mcp.leases import Leases
from meshbot_core.session.headless_process import HeadlessProcess
from meshbot_core.types import new_id
from tests.mcp.driving import Serve, serving
from tests.mcp.scripted_host import scripted_host
from tests.support.claude import required_claude
from tests.support.waiting import until

_ASKED = {"tool_name": "Bash", "input": {"command": "ls"}, "tool_use_id": "toolu_1"}


@pytest.fixture
async def host(paths):
    async with scripted_host(paths.agent("alpha")) as found:
        yield found


@pytest.fixture
async def serve(host, monkeypatch):
    monkeypatch.setenv(APPROVAL_VARIABLE, "1")
    async with serving("alpha", ready=False) as found:
        await found.initialize()
        yield found


async def _tools(serve: Serve) -> list[str]:
    listed = (await serve.request("tools/list"))["result"]["tools"]
    return [tool["name"] for tool in listed]


@pytest.mark.slow
async def test_a_person_allows_and_denies_and_no_message_or_lease_is_touched(host, serve):
    assert APPROVAL_TOOL in await _tools(serve)

    host.verdict = "allow"
    allowed = await serve.tool(APPROVAL_TOOL, **_ASKED)
    host.verdict, host.reason = "deny", "not in this folder"
    denied = await serve.tool(APPROVAL_TOOL, **_ASKED)

    assert allowed.said == {"behavior": "allow", "updatedInput": {"command": "ls"}}
    assert denied.said == {"behavior": "deny", "message": "not in this folder"}
    assert len(allowed.texts) == len(denied.texts) == 1
    assert not allowed.is_error
    first, second = host.requests
    assert (first.tool, first.tool_input, first.call_id) == ("Bash", {"command": "ls"}, "toolu_1")
    assert first.id != second.id
    assert (host.leases, host.settled) == (0, [])


@pytest.mark.slow
async def test_a_call_that_is_withdrawn_is_withdrawn_at_the_host_and_others_go_on(host, serve):
    call = serve.begin_tool(APPROVAL_TOOL, **_ASKED)
    await until(lambda: bool(host.requests), 10)
    assert (await serve.tool("list_agents")).texts

    serve.notify("notifications/cancelled", {"requestId": call})

    await until(lambda: host.withdrawn == [host.requests[0].id], 10)
    assert call not in serve.answers


@pytest.mark.slow
async def test_a_host_that_cannot_ask_anybody_is_a_no_that_says_why(host, serve):
    host.has_session = False

    refused = await serve.tool(APPROVAL_TOOL, **_ASKED)
    malformed = await serve.tool(APPROVAL_TOOL, tool_name="Bash")

    assert refused.said["behavior"] == malformed.said["behavior"] == "deny"
    assert "no session of this host runs" in refused.said["message"]
    assert "input" in malformed.said["message"]


class _NoHost:
    async def client(self):
        raise InvalidArgumentError("the host is away")


async def test_a_host_that_is_away_is_a_no_that_says_why():
    calls = Calls(_NoHost(), Leases(), can_approve=True)

    (text,) = (await calls.call(Call(1), APPROVAL_TOOL, _ASKED)).parts

    assert json.loads(text)["behavior"] == "deny"
    assert "the host is away" in json.loads(text)["message"]


async def test_sessions_that_ask_in_their_terminal_do_not_have_the_tool():
    (text,) = (await Calls(_NoHost(), Leases()).call(Call(1), APPROVAL_TOOL, _ASKED)).parts

    assert "not found" in text


@pytest.mark.slow
@pytest.mark.claude
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_real_claude_asks_before_a_tool_and_heeds_the_answer(version, paths, tmp_path):
    binary = required_claude(version)
    home, project = tmp_path / "user", tmp_path / "project"
    project.mkdir()
    prepare_home(home, project)
    command = (sys.executable, "-m", "meshbot_core.cli.main", "serve", "--as", "alpha")
    plan = SessionPlan(
        kind="headless",
        version=inspect_claude(binary).version,
        server=McpServer("mesh", command, {}),
        approval_tool=APPROVAL_TOOL,
    )
    touch = ToolCall("Bash", {"command": "touch made", "description": "Make a file"})
    events: list[StreamEvent] = []

    def ended() -> list[TurnEnded]:
        return [event for event in events if isinstance(event, TurnEnded)]

    async with (
        scripted_host(paths.agent("alpha")) as host,
        serving_model(Plan((Rule("make it", (Turn(calls=(touch,)),)),))) as model,
    ):
        environment = session_environment(
            clean_environment(home),
            {**model_environment(model.url), **PATIENT_WITH_SERVERS, APPROVAL_VARIABLE: "1"},
        )
        async with HeadlessProcess.started(
            [str(binary), *launch(plan, UserFlags()).arguments],
            environment=environment,
            folder=project,
            on_event=events.append,
            on_garbage=print,
        ) as process:
            host.verdict, host.reason = "deny", "not today"
            await process.say("make it", uuid=new_id())
            await until(lambda: len(ended()) == 1, 30)
            assert not (project / "made").exists()
            assert "not today" in model.requests[-1].results[-1].text

            host.verdict = "allow"
            await process.say("please make it", uuid=new_id())
            await until(lambda: len(ended()) == 2, 30)
            assert (project / "made").exists()

            assert [asked.tool for asked in host.requests] == ["Bash", "Bash"]
            assert host.requests[0].call_id.startswith("toolu_")
            assert "mcp__mesh__send_message" in model.requests[-1].tool_names
            assert await process.end(grace_s=10) == 0
