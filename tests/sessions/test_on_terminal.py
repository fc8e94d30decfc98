"""A person at a terminal, from ``meshbot start`` to the end: the real claude, nothing between."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from meshbot_core.demo.claude_home import clean_environment, model_environment, prepare_home
from meshbot_core.demo.model import serving
from meshbot_core.demo.script import Plan, Rule, say
from meshbot_core.host.client import HostClient
from meshbot_core.mesh.paths import MeshPaths
from tests.cli.on_terminal import DETACH, OnTerminal, on_terminal
from tests.sessions.agents import Agents
from tests.sessions.onlooker import Onlooker, watching
from tests.support.claude import required_claude
from tests.support.hosts import hosts_ended
from tests.support.waiting import until

pytestmark = [pytest.mark.claude, pytest.mark.slow]

PLAN = Plan((Rule("good news", (say("I am glad"),)), Rule("hello", (say("I greet you"),))))
PROMPT = "\u276f"
ESCAPE = b"\x1b"
SIZE = {"columns": 100, "rows": 30}


@pytest.fixture
def project(
    mesh_paths: MeshPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newest: str
) -> Iterator[Path]:
    """The folder of a person who has the newest claude, and trusts it here."""
    project, home = tmp_path / "project", tmp_path / "claude-home"
    project.mkdir()
    prepare_home(home, project)
    for name, value in clean_environment(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MESHBOT_CLAUDE", str(required_claude(newest)))
    with hosts_ended(mesh_paths):
        yield project


async def test_a_person_starts_types_leaves_is_woken_meanwhile_comes_back_and_ends(
    project: Path, mesh_paths: MeshPaths, ops: HostClient, monkeypatch: pytest.MonkeyPatch
):
    (mesh_paths.folder / "attach.told").touch()
    async with serving(PLAN) as model:
        for name, value in model_environment(model.url).items():
            monkeypatch.setenv(name, value)
        await asyncio.to_thread(_begins, project)
        await ops.send(to="dev", message="good news for you")
        await model.asked(lambda request: "good news for you" in request.user_text)
        assert await asyncio.to_thread(_comes_back) == 0


def _begins(project: Path) -> None:
    with on_terminal("start", "--as", "dev", "--folder", str(project), **SIZE) as terminal:
        terminal.displays(PROMPT)
        _says(terminal, "hello")
        terminal.displays("I greet you")
        terminal.types(DETACH)
        assert terminal.ends() == 0
        assert terminal.is_as_before


def _comes_back() -> int:
    with on_terminal("attach", "dev", **SIZE) as terminal:
        terminal.displays("I greet you")
        terminal.displays("I am glad")
        _says(terminal, "/exit")
        status = terminal.ends()
        assert terminal.is_as_before
        return status


def _says(terminal: OnTerminal, text: str) -> None:
    terminal.types(text)
    terminal.displays(text)
    terminal.types("\r")


async def test_a_folder_that_is_not_trusted_is_told_until_a_person_trusts_it(
    agents: Agents, ops: HostClient, newest: str
):
    prepare_home(agents.folder / "home-dev")
    dev = await agents.start("dev", PLAN, newest)
    async with watching(dev.paths) as person:
        await person.shows("trust")
        await dev.is_in("needs_approval", "starting")
        await ops.send(to="dev", message="good news for you")
        await dev.sees(lambda view: "trust" in view.reason or "dialog" in view.reason)
        assert not dev.asked("good news")
        await person.press(b"\x1b[B")
        await until(lambda: f"{PROMPT} Yes" in person.text)
        await person.press(b"\r")

        await dev.heard("good news for you")
        await dev.has_read_all()


async def test_a_person_who_trusts_a_folder_not_is_not_asked_again_and_again(
    agents: Agents, version: str
):
    prepare_home(agents.folder / "home-dev")
    dev = await agents.start("dev", PLAN, version)
    async with watching(dev.paths) as person:
        await person.shows("trust")
        await until(lambda: _leaves(person), 15)

        assert (await person.has_ended()).reason == "it was ended at a dialog before its prompt"
    assert (await dev.view()).state == "stopped"


async def _leaves(person: Onlooker) -> bool:
    """Press escape; Claude Code ignores keys that it reads while it draws."""
    await person.press(ESCAPE)
    with contextlib.suppress(TimeoutError):
        await person.has_ended(limit_s=1.5)
    return person.ended is not None


async def test_a_conversation_that_a_person_resumes_is_on_the_mesh(
    agents: Agents, ops: HostClient, newest: str
):
    dev = await agents.start("dev", PLAN, newest, "hello there")
    before = await dev.sees(lambda view: view.state == "idle" and view.turns == 1)
    await dev.sessions.stop(timeout_s=5)

    again = await agents.start("dev", PLAN, newest, "--resume", before.conversation)
    await again.has_tools()
    await ops.send(to="dev", message="good news for you")

    assert "hello there" in await again.heard("good news for you")
    await again.has_read_all()
    assert (await again.view()).conversation == before.conversation
