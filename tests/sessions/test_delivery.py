"""Messages that come at awkward moments, and what a person set up for themselves."""

import asyncio
import json
import sys

import pytest

from meshbot_core.demo.script import (
    ModelRequest,
    Plan,
    Rule,
    ScriptError,
    ToolCall,
    Turn,
    call,
    say,
)
from tests.cli.running import meshbot
from tests.sessions.onlooker import watching
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]


def bash(command: str) -> Turn:
    return Turn(calls=(ToolCall("Bash", {"command": command, "description": "run it"}),))


def refuse(request: ModelRequest) -> Turn:
    raise ScriptError("the model is not well")


def answer(request: ModelRequest) -> Turn:
    text = request.user_text
    head = text[text.index("type=ask") :]
    sender, message_id = (head.split(f'{name}="', 1)[1].split('"', 1)[0] for name in ("from", "id"))
    return call("reply", to=sender, messageId=message_id, message="It is free.")


PLAN = Plan(
    (
        Rule("type=ask", (answer,)),
        Rule("Ask prod", (call("ask_agent", to="prod", message="Is it free?"),)),
        Rule(
            "wait for the file", (bash("until [ -e go ]; do sleep 0.05; done"), say("It is there"))
        ),
        Rule("make a folder", (bash("mkdir made-here"), say("It is made"))),
        Rule("are you well again?", (say("Yes."),)),
        Rule("fail", (refuse,)),
    )
)


async def test_a_message_comes_in_mid_turn_with_the_next_tool_result(agents, ops, version):
    dev = await agents.start(
        "dev", PLAN, version, "--allowedTools", "Bash", "--permission-mode", "default"
    )
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("wait for the file")
        await dev.sees(lambda view: view.doing.startswith("Bash"))

        await ops.send(to="dev", message="while you worked")
        (agents.folder / "project-dev" / "go").touch()

        await person.shows("It is there")
        assert dev.asked("while you worked")
        await dev.has_read_all()
    assert (await dev.is_in("idle")).turns == 1


async def test_a_session_is_woken_after_an_error_of_the_api(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("fail")
        await dev.sees(lambda view: view.state == "idle" and bool(view.reason))

        await ops.send(to="dev", message="are you well again?")

        await dev.heard("are you well again?")
        await dev.has_read_all()


async def test_two_interactive_agents_ask_and_answer_each_other(agents, version):
    dev = await agents.start("dev", PLAN, version)
    prod = await agents.start("prod", PLAN, version)
    await prod.is_in("idle")
    async with watching(dev.paths) as person:
        await dev.has_tools()
        await prod.has_tools()

        await person.types("Ask prod")

        await until(lambda: bool(dev.asked("It is free.")), 15)
    await prod.has_read_all()


async def test_what_a_person_set_up_goes_on_working(agents, ops, version):
    settings = {
        "hooks": {
            "UserPromptSubmit": [{"hooks": [{"type": "command", "command": "touch hooked"}]}]
        },
        "statusLine": {"type": "command", "command": "echo my own line"},
    }
    folder = agents.folder / "project-dev"
    (folder / ".claude").mkdir(parents=True)
    (folder / ".claude" / "settings.json").write_text(json.dumps(settings))
    server = [sys.executable, "-c", "open('served', 'w').close(); import sys; sys.stdin.read()"]
    theirs = {"mcpServers": {"theirs": {"command": server[0], "args": server[1:]}}}
    dev = await agents.start("dev", PLAN, version, f"--mcp-config={json.dumps(theirs)}")
    async with watching(dev.paths) as person:
        await dev.has_tools()
        # Nothing was asked of the person before the prompt stood.
        assert "Warning" not in person.text
        assert "Enter to confirm" not in person.text

        # While one of its servers does not answer Claude Code asks without waiting for the others.
        for text in ("hello", "hello again", "and once more"):
            await person.types(text)
            await dev.heard(text)
            await dev.is_in("idle")
            tools = dev.model.requests[-1].tool_names
            if "mcp__mesh__send_message" in tools:
                break
        await person.shows("my own line")
        await until(lambda: (folder / "hooked").exists() and (folder / "served").exists())
    assert "mcp__mesh__send_message" in tools
    assert "ListAgents" not in tools


async def test_an_agent_asks_the_operator_and_is_answered(agents, mesh_paths, newest):
    plan = Plan((Rule("Ask the human", (call("ask_agent", to="operator", message="May I?"),)),))
    dev = await agents.start("dev", plan, newest, "Ask the human", kind="headless")

    process = await meshbot("inbox", "--follow", "--json")
    assert process.stdout is not None
    async with asyncio.timeout(20):
        row = json.loads(await process.stdout.readline())
    assert (row["from"], row["message"]) == ("dev", "May I?")
    answering = await meshbot("answer", row["id"], "You may.")
    assert await answering.wait() == 0
    process.terminate()
    await process.wait()

    await until(lambda: bool(dev.asked("You may.")), 15)
    # The answer came with the tool's result, and the turn that read it ended well.
    await dev.has_read_all()
