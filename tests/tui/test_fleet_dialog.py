"""The dialog for a fleet file, and what comes of it."""

import pytest

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.errors import FleetFileError, MeshNotFoundError
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.actions import Actions
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.fleet import FleetChoice, FleetDialog
from tests.support.waiting import until
from tests.tui.desk import LIMIT_S, Asked, at_desk, taken, typed
from tests.tui.person import Person
from tests.tui.showing import text_of


@pytest.mark.parametrize(
    ("key", "label", "answer"),
    [
        ("enter", "enter up", FleetChoice("my.toml", is_up=True)),
        ("ctrl+d", "ctrl+d down", FleetChoice("my.toml", is_up=False)),
        ("escape", "esc cancel", None),
    ],
)
async def test_it_is_answered_by_key_and_by_mouse(key: str, label: str, answer: FleetChoice | None):
    async with at_desk() as (desk, pilot):
        asked = await Asked(desk, FleetDialog("my.toml")).open()
        typed(desk, key)
        await until(lambda: asked.answer == answer, LIMIT_S)
        asked = await Asked(desk, FleetDialog("my.toml")).open()
        lines = text_of(desk).splitlines()
        y = next(number for number, line in enumerate(lines) if label in line)
        await pilot.click(offset=(lines[y].index(label) + 2, y))
        await until(lambda: asked.answer == answer, LIMIT_S)


async def test_another_file_is_typed_over_the_last_one():
    async with at_desk() as (desk, _):
        asked = await Asked(desk, FleetDialog("my.toml")).open()
        typed(desk, *"other.toml", "enter")
        await taken(desk)
        await until(lambda: asked.answer == FleetChoice("other.toml", is_up=True), LIMIT_S)


def asked_for(path: object) -> Person:
    return Person(answers=lambda _: FleetChoice(str(path), is_up=False))


async def test_the_mesh_that_the_file_names_is_the_one_meant(mesh_paths: MeshPaths, tmp_path):
    create_mesh("other", home=mesh_paths.home)
    file = tmp_path / "fleet.toml"
    file.write_text(f'mesh = "other"\n[agents.dev]\nfolder = "{tmp_path}"\n')
    person = asked_for(file)
    await Deeds(person, Actions(mesh_paths, None)).fleet()
    assert person.told == [
        f'the agents of {file} are on mesh "other", not on this one',
        '"dev" does not run',
    ]
    assert person.remembered.fleet == str(file)


async def test_a_file_of_this_mesh_says_nothing_of_meshes(mesh_paths: MeshPaths, tmp_path):
    file = tmp_path / "fleet.toml"
    file.write_text(f'mesh = "{mesh_paths.mesh}"\n[agents.dev]\nfolder = "{tmp_path}"\n')
    person = asked_for(file)
    await Deeds(person, Actions(mesh_paths, None)).fleet()
    assert person.told == ['"dev" does not run']


async def test_a_mesh_or_a_file_that_is_not_there_is_said(mesh_paths: MeshPaths, tmp_path):
    file = tmp_path / "fleet.toml"
    deeds = Deeds(asked_for(file), Actions(mesh_paths, None))
    with pytest.raises(FleetFileError, match="cannot be read"):
        await deeds.fleet()
    nobodys = Deeds(asked_for("~nosuchuser/fleet.toml"), Actions(mesh_paths, None))
    with pytest.raises(FleetFileError, match="nosuchuser"):
        await nobodys.fleet()
    file.write_text('mesh = "nowhere"\n')
    with pytest.raises(MeshNotFoundError, match="nowhere"):
        await deeds.fleet()
