"""An interactive session: full Claude Code on a kept screen, woken by messages."""

import contextlib
import os
import signal

import pytest

from meshbot_core.demo.script import Plan, Rule, ToolCall, Turn, say
from tests.cli.running import meshbot
from tests.sessions.onlooker import Onlooker, watching
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]


def bash(command: str) -> Turn:
    return Turn(calls=(ToolCall("Bash", {"command": command, "description": "run it"}),))


PLAN = Plan(
    (
        Rule("good news", (say("I am glad"),)),
        Rule("make another", (bash("mkdir made-there"), say("It is not made"))),
        Rule("make a folder", (bash("mkdir made-here"), say("It is made"))),
        Rule("think for ever", (Turn(is_silent=True),)),
    )
)
ESCAPE = b"\x1b"
CONTROL_C = b"\x03"


async def test_a_message_wakes_a_session_that_idles_at_its_prompt(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    await dev.is_in("idle")

    await ops.send(to="dev", message="good news for you")

    await dev.heard("good news for you")
    await dev.has_read_all()
    assert (await dev.is_in("idle")).turns == 1, dev.log


async def test_a_person_types_and_sees_the_answer_and_the_exit_status(agents, version):
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        await dev.is_in("idle")

        await person.types("any good news?")
        await person.shows("I am glad")
        await dev.is_in("idle")
        await until(lambda: _leaves(person), 15)

        assert (await person.has_ended()).status == 0
    assert (await dev.view()).state == "stopped"


async def _leaves(person: Onlooker) -> bool:
    """Press ctrl+c as people do: again when it is asked for, which is not for long."""
    await person.press(CONTROL_C)
    with contextlib.suppress(AssertionError, TimeoutError):
        await person.shows("again to exit", limit_s=2)
        await person.press(CONTROL_C)
        await person.has_ended(limit_s=2)
    return person.ended is not None


async def _escapes(person: Onlooker) -> bool:
    """Refuse at the prompt; keys that are read while it is drawn are ignored."""
    await person.press(ESCAPE)
    with contextlib.suppress(TimeoutError):
        await until(lambda: "Do you want to proceed?" not in person.text, 1.5)
    return "Do you want to proceed?" not in person.text


async def test_half_typed_text_is_kept_when_a_message_wakes_the_session(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.press(b"half of a thought")
        await person.shows("half of a thought")

        await ops.send(to="dev", message="good news for you")

        await person.shows("I am glad")
        await dev.has_read_all()
        await person.shows("half of a thought")


async def test_a_session_is_woken_after_escape(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("think for ever")
        await dev.heard("think for ever")
        await person.press(ESCAPE)
        await dev.is_in("idle")

        await ops.send(to="dev", message="good news for you")

        await dev.heard("good news for you")
        await dev.has_read_all()


async def test_a_session_is_woken_after_clear(agents, ops, version):
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        first = await dev.is_in("idle")
        await person.types("/clear")
        await dev.sees(lambda view: view.conversation not in ("", first.conversation))

        await ops.send(to="dev", message="good news for you")

        await dev.heard("good news for you")
        await dev.has_read_all()


async def test_an_approval_is_given_from_outside_while_the_prompt_is_on_the_screen(
    agents, ops, version
):
    dev = await agents.start("dev", PLAN, version, "--permission-mode", "default")
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("make a folder")
        await dev.is_in("needs_approval")
        await ops.send(to="dev", message="good news for you")
        [approval] = (await dev.sessions.approvals()).approvals
        assert approval.tool == "Bash"

        approving = await meshbot("approve", approval.id[:8])
        assert await approving.wait() == 0

        await person.shows("It is made")
        await dev.heard("good news for you")
        await dev.has_read_all()
    [kept] = (await dev.sessions.approvals(history=5)).decisions
    assert (kept.behavior, kept.by, kept.by_pid) == ("allow", "cli", approving.pid)


async def test_an_approval_that_is_answered_in_the_pane_goes_away(agents, version):
    dev = await agents.start("dev", PLAN, version, "--permission-mode", "default")
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("make a folder")
        await dev.is_in("needs_approval")
        await person.shows("Yes")

        await person.says_yes()

        await person.shows("It is made")
        assert (await dev.sessions.approvals()).approvals == ()

        await dev.is_in("idle")
        await person.types("make another")
        await dev.is_in("needs_approval")
        await person.shows("Yes")
        await until(lambda: _escapes(person), 10)
        await dev.is_in("idle")
        assert (await dev.sessions.approvals()).approvals == ()
    folder = agents.folder / "project-dev"
    assert [(folder / name).exists() for name in ("made-here", "made-there")] == [True, False]


async def test_a_killed_claude_is_resumed_and_reads_again_what_it_had_not_done(
    agents, ops, version
):
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        await dev.is_in("idle")
        await person.types("any good news?")
        await person.shows("I am glad")
        before = await dev.is_in("idle")
        await ops.send(to="dev", message="think for ever")
        await dev.heard("think for ever")

        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)

        after = await dev.sees(lambda view: view.pid not in (None, before.pid))
        assert after.conversation == before.conversation
        await dev.heard("shownBefore=true")


async def test_the_session_outlives_who_watches_it_and_two_may_watch(agents, newest):
    dev = await agents.start("dev", PLAN, newest)
    async with watching(dev.paths) as first:
        await dev.is_in("idle")
        await first.types("any good news?")
        await first.shows("I am glad")
    async with watching(dev.paths) as second, watching(dev.paths) as third:
        await second.shows("I am glad")
        await third.shows("I am glad")
        await second.press(b"both see this")
        await third.shows("both see this")
        await until(lambda: second.text == third.text)
