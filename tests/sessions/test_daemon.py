"""A headless session: one process, one conversation, messages in and answers out."""

import os
import signal

import pytest

from meshbot_core.demo.script import BASH_TOOL, ModelRequest, Plan, Rule, ToolCall, Turn, call
from tests.support.processes import is_gone
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]


def answer(request: ModelRequest) -> Turn:
    """Reply to the ask in the text."""
    text = request.user_text
    message_id = text.split('id="', 1)[1].split('"', 1)[0]
    return call("reply", to="ops", messageId=message_id, message="It is.")


PLAN = Plan((Rule("Is it safe?", (answer,)),))


async def test_two_batches_reach_one_session_that_keeps_its_context(agents, ops, version):
    dev = await agents.start("dev", PLAN, version, kind="headless")

    await ops.send(to="dev", message="the first batch")
    await dev.heard("the first batch")
    first = await dev.is_in("idle")
    await ops.send(to="dev", message="the second batch")

    said = await dev.heard("the second batch")
    assert "the first batch" in said
    last = await dev.sees(lambda view: view.state == "idle" and view.turns == 2)
    assert (last.pid, last.conversation) == (first.pid, first.conversation)
    await dev.has_read_all()
    assert (await ops.peer("dev")).state == "idle"


async def test_an_ask_to_a_daemon_is_answered_by_itself(agents, ops, version):
    dev = await agents.start("dev", PLAN, version, kind="headless")

    asked = await ops.ask(to="dev", message="Is it safe?", timeout_s=20)
    answered = await ops.ask_state(asked.id, wait_s=20)

    assert answered.answer is not None, dev.log
    assert answered.answer.text == "It is."


async def test_a_killed_claude_leaves_no_tool_at_work_beside_the_one_that_goes_on(
    agents, ops, newest
):
    run = {"command": "echo $$ >> tools; exec sleep 297", "description": "wait"}
    plan = Plan((Rule("run it", (Turn(calls=(ToolCall(BASH_TOOL, run),)),)),))
    dev = await agents.start("dev", plan, newest, "--allowedTools", "Bash", kind="headless")
    tools = agents.folder / "project-dev" / "tools"
    await ops.send(to="dev", message="run it")
    await until(lambda: tools.exists() and bool(tools.read_text()), 20)
    view = await dev.view()
    [tool] = map(int, tools.read_text().split())

    os.kill(view.pid, signal.SIGKILL)

    await until(lambda: is_gone(tool), 10)
    await dev.sees(lambda view: view.restarts == 1)
