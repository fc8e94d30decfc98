"""What keys lead to while the person is not on the mesh yet, and while something takes its time."""

import asyncio

import pytest

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.app import MeshbotApp, console
from meshbot_tui.connections.actions import Actions
from meshbot_tui.model import events
from meshbot_tui.model.compose import Draft
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.start import StartDialog
from tests.support.waiting import until
from tests.tui.desk import LIMIT_S, taken, typed
from tests.tui.off_mesh import OffMesh, off_mesh


@pytest.fixture(autouse=True)
def real_deeds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OffMesh, "_do", MeshbotApp._do)
    monkeypatch.setattr(console, "_MESH_LIMIT_S", 600)


@pytest.fixture
def restarts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who is being restarted; that lasts."""
    begun: list[str] = []

    async def restart(_: Actions, name: str) -> None:
        begun.append(name)
        await asyncio.Event().wait()

    monkeypatch.setattr(Actions, "restart", restart)
    return begun


async def test_keys_go_on_while_a_running_agent_is_restarted(
    mesh_paths: MeshPaths, restarts: list[str]
):
    async with off_mesh(mesh_paths) as (app, _):
        app.main.agents.choose("dev")
        typed(app, "r", "g")
        await until(lambda: app.main.view == "grid", LIMIT_S)
        await until(lambda: restarts == ["dev"], LIMIT_S)


@pytest.mark.parametrize("agent", ["old", "docs"])
async def test_an_agent_that_does_not_run_is_asked_about_and_the_dialog_gets_the_keys(
    mesh_paths: MeshPaths, restarts: list[str], agent: str
):
    async with off_mesh(mesh_paths) as (app, _):
        app.main.agents.choose(agent)
        typed(app, "r", "end", *"-2")
        await until(lambda: isinstance(app.screen, StartDialog), LIMIT_S)
        await taken(app)
        assert isinstance(app.screen, StartDialog)
        assert app.screen.form.name == f"{agent}-2"
        assert (restarts, app.main.view) == ([], "terminal")


async def test_only_what_is_said_waits_until_it_is_known_whether_the_person_is_on_the_mesh(
    mesh_paths: MeshPaths,
):
    async with off_mesh(mesh_paths) as (app, _):

        def deed(deeds: Deeds) -> console.Deed:
            return deeds.say(Draft("send", "dev", "hello"))

        app._do("to dev", deed)
        typed(app, "n")
        await until(lambda: isinstance(app.screen, StartDialog), LIMIT_S)
        told = [notice.text for notice in app.picture.notices]
        assert not any("not on the mesh" in text for text in told)
        app.heard(events.PersonSeen("no key", app.stamps.next()))
        await until(
            lambda: any(
                notice.text.startswith("to dev: you are not on the mesh now")
                for notice in app.picture.notices
            ),
            LIMIT_S,
        )
