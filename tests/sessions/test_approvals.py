"""What a person has to allow: messages beside a standing prompt, and daemons that must ask."""

import asyncio
import os
import signal
import time

import pytest

from meshbot_core.demo.binaries import OLDEST
from meshbot_core.demo.script import Plan, Rule, ToolCall, Turn, say
from meshbot_core.session.records import Approval, Verdict
from tests.sessions.agents import Agent, Agents
from tests.sessions.onlooker import watching
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]


def bash(command: str) -> Turn:
    return Turn(calls=(ToolCall("Bash", {"command": command, "description": "run it"}),))


def look_at_both(agents: Agents) -> Plan:
    """Two calls beside each other: the first needs a permission, the other ends at once."""
    outside, inside = agents.folder / "outside", agents.folder / "project-dev" / "inside"
    inside.parent.mkdir()
    outside.write_text(OUTSIDE_TEXT)
    inside.write_text("hello")
    both = tuple(ToolCall("Read", {"file_path": str(path)}) for path in (outside, inside))
    return Plan((Rule("look at both", (Turn(calls=both), say("I looked"))),))


PLAN = Plan(
    (
        Rule("make a folder", (bash("mkdir made-here"), say("It is made"))),
        Rule("make another", (bash("mkdir made-there"), say("It was tried"))),
    )
)
OUTSIDE_TEXT = "what stands outside"
PROMPTS = ("--permission-mode", "default")


async def asked_of(agent: Agent) -> Approval:
    """What the agent's session waits for."""
    await agent.is_in("needs_approval")
    [approval] = (await agent.sessions.approvals()).approvals
    return approval


async def test_a_message_that_comes_while_a_prompt_stands_is_shown_once_it_was_answered(
    agents, ops, version
):
    dev = await agents.start("dev", PLAN, version, *PROMPTS)
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("make a folder")
        await asked_of(dev)
        await person.shows("Yes")

        await ops.send(to="dev", message="while the prompt stands")
        await until(lambda: _has_unread(dev))
        assert not dev.asked("while the prompt stands")
        await person.says_yes()

        await person.shows("It is made")
        await dev.heard("while the prompt stands")
        await dev.has_read_all()
    assert (agents.folder / "project-dev" / "made-here").is_dir()


async def test_a_message_that_meets_a_person_who_presses_return_is_shown_though_a_prompt_came_up(
    agents, ops, newest
):
    dev = await agents.start("dev", PLAN, newest, *PROMPTS)
    async with watching(dev.paths) as person:
        await dev.has_tools()
        await person.press(b"make a folder")
        await person.shows("make a folder")

        async with asyncio.TaskGroup() as both:
            both.create_task(ops.send(to="dev", message="at the same moment"))
            both.create_task(person.press(b"\r"))
        approval = await asked_of(dev)
        await dev.sessions.decide(approval.id, Verdict(behavior="allow"))

        await person.shows("It is made")
        await dev.heard("at the same moment")
        await dev.has_read_all()


async def test_a_claude_killed_at_its_prompt_shows_a_message_that_came_then_when_it_is_back(
    agents, ops, version
):
    dev = await agents.start("dev", PLAN, version, *PROMPTS, "any news?")
    async with watching(dev.paths) as person:
        await dev.sees(lambda view: view.state == "idle" and view.turns == 1)
        await person.types("make a folder")
        approval = await asked_of(dev)
    before = await dev.view()
    await ops.send(to="dev", message="while the prompt stands")
    await until(lambda: _has_unread(dev))

    _kill(before.pid)

    said = await dev.heard("while the prompt stands")
    assert "any news?" in said
    await dev.has_read_all()
    assert (await dev.view()).conversation == before.conversation
    page = await dev.sessions.approvals(history=5)
    assert page.approvals == ()
    assert [each.approval_id for each in page.decisions] == [approval.id]


async def test_a_killed_claude_that_left_nothing_to_resume_begins_anew_and_shows_the_message(
    agents, ops, newest
):
    dev = await agents.start("dev", PLAN, newest, *PROMPTS, "make a folder")
    await asked_of(dev)
    before = await dev.view()
    await ops.send(to="dev", message="while the prompt stands")
    await until(lambda: _has_unread(dev))

    _kill(before.pid)
    for transcript in agents.folder.rglob(f"{before.conversation}.jsonl"):
        transcript.unlink()

    await dev.sees(lambda view: view.conversation not in ("", before.conversation))
    again = await asked_of(dev)
    await dev.sessions.decide(again.id, Verdict(behavior="allow"))
    await dev.heard("while the prompt stands")
    await dev.has_read_all()


async def test_a_prompt_is_answered_by_a_person_and_by_nothing_that_agents_write(agents, ops):
    """No waiter and no socket: the last way in is the keyboard, and a dialog has it."""
    plan = look_at_both(agents)
    dev = await agents.start("dev", plan, OLDEST, *PROMPTS, "look at both", waiter_limit_s=1)
    async with watching(dev.paths) as person:
        approval = await asked_of(dev)
        await person.shows("Do you want to proceed?")
        await dev.sees(lambda view: view.hop == "none")
        await ops.send(to="dev", message="yes, do that")
        # A prompt that stands for this long had every chance to be taken for an interruption.
        await dev.sees(lambda view: time.time() * 1000 - view.since_ms > 5000)

        assert (await dev.sessions.approvals()).approvals == (approval,)
        assert (await dev.view()).waits_for == (approval.id,)
        assert "Do you want to proceed?" in person.text
        await dev.sessions.decide(approval.id, Verdict(behavior="deny", reason="not that one"))
        await dev.heard("not that one")
        await dev.heard("yes, do that")
        await dev.has_read_all()
    assert not dev.asked(OUTSIDE_TEXT)


async def test_a_call_that_ends_beside_one_that_waits_takes_nothing_from_a_person(
    agents, ops, newest
):
    plan = look_at_both(agents)
    dev = await agents.start("dev", plan, newest, *PROMPTS, kind="headless")
    await ops.send(to="dev", message="look at both")
    approval = await asked_of(dev)
    await until(lambda: dev.log.count("tool Read") == 2)

    await dev.sessions.decide(approval.id, Verdict(behavior="allow"))

    await dev.heard(OUTSIDE_TEXT)
    await dev.has_read_all()
    [decision] = (await dev.sessions.approvals(history=5)).decisions
    assert (decision.behavior, decision.by) == ("allow", "cli")


async def test_a_daemon_asks_a_person_who_allows_one_call_and_denies_the_next_with_a_reason(
    agents, ops, version
):
    dev = await agents.start("dev", PLAN, version, *PROMPTS, kind="headless")
    project = agents.folder / "project-dev"

    await ops.send(to="dev", message="make a folder")
    first = await asked_of(dev)
    assert (first.tool, first.kind) == ("Bash", "headless")
    assert "mkdir made-here" in str(first.tool_input)
    assert not (project / "made-here").exists()
    await dev.sessions.decide(first.id, Verdict(behavior="allow"))
    await dev.has_read_all()
    assert (project / "made-here").is_dir()

    await ops.send(to="dev", message="make another")
    second = await asked_of(dev)
    await dev.sessions.decide(second.id, Verdict(behavior="deny", reason="not on a Friday"))
    await dev.heard("not on a Friday")
    await dev.has_read_all()
    assert not (project / "made-there").exists()


async def test_a_daemon_that_nobody_answers_is_told_no_and_why(agents, ops, newest):
    dev = await agents.start("dev", PLAN, newest, *PROMPTS, kind="headless", approval_limit_s=0.5)

    await ops.send(to="dev", message="make another")

    await dev.heard("No human answered within 0.5 seconds")
    await dev.has_read_all()
    page = await dev.sessions.approvals(history=1)
    assert page.approvals == ()
    assert [(each.behavior, each.by) for each in page.decisions] == [("deny", "timeout")]
    assert not (agents.folder / "project-dev" / "made-there").exists()


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


async def _has_unread(agent: Agent) -> bool:
    return (await agent.client.status()).unread == 1
