"""What a person does in the console, with the real claude behind it and a scripted model."""

import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import ScriptedModel, serving
from meshbot_core.demo.script import Plan, Rule, ToolCall, Turn, call, say
from meshbot_core.host.spawn import host_answers
from meshbot_core.mesh.paths import MeshPaths
from tests.console.terminal import console
from tests.sessions.agents import Agent, Agents
from tests.support.claude import required_claude
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]

ESCAPE = b"\x1b[27u"
"""As a key of its own: a bare one and the return behind it would be alt+enter."""

PLAN = Plan(
    (
        Rule(
            "make a folder",
            (
                Turn(calls=(ToolCall("Bash", {"command": "mkdir made-here", "description": "x"}),)),
                say("It is made"),
            ),
        ),
        Rule("ask me", (call("ask_agent", to="operator", message="Red or blue?"), say("So be it"))),
        Rule("", (say("Understood."),)),
    )
)


@pytest.fixture
async def dev(agents: Agents, newest: str) -> Agent:
    """An interactive agent that idles; in whoever's environment its next host is started."""
    agents.keeps_environment = True
    agent = await agents.start("dev", PLAN, newest, "--permission-mode", "default")
    await agent.has_tools()
    return agent


@asynccontextmanager
async def with_claude(
    mesh: MeshPaths, folder: Path, version: str
) -> AsyncIterator[tuple[Mapping[str, str], Path, ScriptedModel]]:
    """An environment in which the console finds a claude of its own, and a project."""
    home, project = folder / "home-tui", folder / "project-tui"
    project.mkdir()
    prepare_home(home, project)
    async with serving(PLAN) as model:
        environment = clean_environment(home, model_environment(model.url))
        environment["MESHBOT_CLAUDE"] = str(required_claude(version))
        environment["MESHBOT_HOME"] = str(mesh.home)
        yield environment, project, model


async def test_an_agent_is_started_typed_to_left_and_found_again(
    mesh_paths, tmp_path, newest
) -> None:
    async with with_claude(mesh_paths, tmp_path, newest) as (environment, project, _):
        async with console(project, environment=environment) as terminal:
            await terminal.shows("No agents on this machine yet")
            terminal.press("n")
            await terminal.shows("Start an agent", "first prompt")
            await terminal.types("web")
            await terminal.shows('"web" runs (interactive', limit_s=20)
            await terminal.shows("Claude Code v", "web", "idle", limit_s=20)
            terminal.press("\r")
            await terminal.shows("keys go here")
            await terminal.types("how are you?")
            await terminal.shows("Understood.")
            terminal.press(b"\x1d")
            await terminal.shows("enter: type here")
            terminal.press("q")
            assert await terminal.ends() == 0
            assert terminal.is_restored
        assert host_answers(mesh_paths.agent("web"))

        async with console(project, environment=environment) as terminal:
            await terminal.shows("Understood.", "web")
            terminal.press("s")
            await terminal.shows('Stop "web"?')
            await terminal.insists("y", against='Stop "web"?')
            await terminal.shows('"web" is stopped')


async def test_what_is_typed_in_one_go_stands_in_the_pane_and_behind_it(dev, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("Claude Code v", "idle")
        terminal.press("\rhow goes it, h? o?")
        await terminal.shows("how goes it, h? o?", "keys go here")
        terminal.press("\r")
        await terminal.shows("Understood.")
        terminal.press("\x1dchow fine\r")
        await dev.heard("how fine")
        await terminal.shows("enter: type here")


async def test_a_permission_is_given_from_the_console_and_one_in_the_pane(
    dev, ops, tmp_path
) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("dev", "idle")
        await ops.send(to="dev", message="make a folder")
        await terminal.shows("Waits for you", "mkdir made-here", "1 waits for you")
        await terminal.insists("y", against="Waits for you")
        await terminal.shows("It is made", "nobody waits for you")

        await ops.send(to="dev", message="make a folder, please")
        await terminal.shows("Waits for you")
        await terminal.insists(ESCAPE, against="Waits for you")
        terminal.press("\r")
        await terminal.shows("keys go here", "Do you want to proceed?")
        terminal.press("\r")
        await terminal.shows("nobody waits for you")
        await dev.has_read_all()


async def test_two_consoles_show_the_same_and_what_one_decides_is_decided_in_the_other(
    dev, ops, tmp_path
) -> None:
    async with console(tmp_path) as terminal, console(tmp_path) as other:
        await terminal.shows("Claude Code v", "idle")
        await other.shows("Claude Code v", "idle")
        terminal.press("\r")
        await terminal.shows("keys go here")
        await terminal.types("how are you?")
        await other.shows("how are you?", "Understood.")
        terminal.press(b"\x1d")
        await terminal.shows("enter: type here")
        other.press("\r")
        await other.shows("keys go here")
        await other.types("and now?")
        await terminal.shows("and now?")
        other.press(b"\x1d")

        await ops.send(to="dev", message="make a folder")
        await terminal.shows("Waits for you", "mkdir made-here")
        await other.shows("Waits for you", "mkdir made-here")
        await other.insists("y", against="Waits for you")
        await terminal.hides("Waits for you")
        await terminal.shows("It is made", "nobody waits for you")
        await dev.has_read_all()


async def test_a_question_to_the_person_is_answered(dev, ops, tmp_path) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("dev", "idle")
        await ops.send(to="dev", message="ask me")
        await terminal.shows("1 waits for you")
        terminal.press("a")
        await terminal.shows("Red or blue?")
        await terminal.insists("e", on="enter sends")
        await terminal.types("Blue.")
        await terminal.shows("nobody waits for you")
        await dev.heard("Blue.")


async def test_a_host_that_is_killed_is_told_and_a_killed_console_harms_nobody(
    dev, tmp_path
) -> None:
    async with console(tmp_path) as terminal:
        await terminal.shows("Claude Code v", "idle")
        os.kill(terminal.pid, signal.SIGKILL)
        await terminal.ends()
    status = await dev.client.status()
    assert (await dev.view()).state == "idle"
    async with console(tmp_path) as terminal, console(tmp_path) as other:
        await terminal.shows("Claude Code v", "idle")
        await other.shows("Claude Code v", "idle")
        os.kill(status.pid, signal.SIGKILL)
        # Whoever needs the host brings it back, and the session with it: here the test's client.
        await until(lambda: host_answers(dev.paths), 10)
        await terminal.shows("Claude Code v", "idle", limit_s=20)
        await other.shows("Claude Code v", "idle", limit_s=20)
