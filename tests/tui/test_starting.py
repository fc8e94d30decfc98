"""What the start dialog begins with, and which names it refuses, on a real mesh."""

import dataclasses
from collections.abc import Callable
from types import MappingProxyType

import pytest

from meshbot_core.bootstrap.meshes import add_peer
from meshbot_core.errors import (
    ClaudeMissingError,
    InvalidNameError,
    NameTakenError,
    SessionRunningError,
)
from meshbot_core.mesh.config import Sessions, change_config, read_config
from meshbot_core.mesh.operator import operator_name
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import SessionOptions
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.memory import Memory, Remembered, StartForm
from meshbot_tui.model.picture import HostFacts
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.start import StartDialog
from tests.tui.person import Person


@pytest.fixture
def deeds(mesh_paths: MeshPaths) -> Callable[..., Deeds]:
    def made(person: Person | None = None) -> Deeds:
        return Deeds(person or Person(), Actions(mesh_paths, None))

    return made


async def first_form(deeds: Deeds, name: str = "") -> StartForm:
    await deeds.start(name)
    (dialog,) = deeds.stage.asked
    assert isinstance(dialog, StartDialog)
    return dialog._first


async def test_a_name_that_is_somebody_elses_is_refused_with_the_reason(
    mesh_paths: MeshPaths, deeds: Callable[..., Deeds]
):
    add_peer(mesh_paths, "far", "http://10.0.0.7:7001")
    own = operator_name(read_config(mesh_paths))
    for name, error, reason in (
        (own, NameTakenError, f'"{own}" is you'),
        ("operator", NameTakenError, '"operator" is you'),
        ("far", NameTakenError, '"far" is an agent elsewhere, at http://10.0.0.7:7001'),
        ("dev", SessionRunningError, '"dev" runs'),
        ("", InvalidNameError, "name"),
        ("a b", InvalidNameError, "name"),
    ):
        with pytest.raises(error, match=reason):
            await deeds()._check(StartForm(name=name, folder="/"))


async def test_a_name_that_is_free_or_of_this_machine_passes(
    mesh_paths: MeshPaths, deeds: Callable[..., Deeds]
):
    add_peer(mesh_paths, "here", "http://127.0.0.1:7001")
    mesh_paths.agent("here").folder.mkdir(parents=True)
    for name in ("here", "fresh"):
        await deeds().actions.check_name(name)


async def test_a_new_agent_gets_no_words_and_flags_of_the_last_one(deeds: Callable[..., Deeds]):
    person = Person()
    last = StartForm(
        name="ops", folder="/ops", kind="headless", model="opus", permission_mode="plan",
        prompt="watch", flags="--verbose", conversation="c9",
    )  # fmt: skip
    person.remembered = Remembered(forms={"ops": last}, last_form="ops")
    assert await first_form(deeds(person)) == StartForm(
        folder="/ops", kind="headless", model="opus", permission_mode="plan"
    )


async def test_an_agent_that_does_not_run_is_started_as_it_was_not_as_the_last_one(
    deeds: Callable[..., Deeds],
):
    person = Person()
    own = StartForm(name="dev", folder="/dev", model="opus", flags="--verbose", prompt="begin")
    other = StartForm(name="ops", folder="/ops", prompt="watch")
    person.remembered = Remembered(forms={"ops": other, "dev": own}, last_form="ops")
    conversation = {"conversation": "c1"}
    agent = person.picture.agents["dev"]
    view = agent.view.model_copy(update=conversation) if agent.view else None
    left = dataclasses.replace(
        agent,
        host=HostFacts(presence="away"),
        session=dataclasses.replace(agent.session, view=view),
    )
    person.picture = dataclasses.replace(
        person.picture, agents=MappingProxyType({**person.picture.agents, "dev": left})
    )
    assert await first_form(deeds(person), "dev") == own.model_copy(
        update={"conversation": "c1", "prompt": ""}
    )


async def test_an_agent_that_was_started_elsewhere_is_started_where_it_was(
    deeds: Callable[..., Deeds],
):
    person = Person()
    view = person.picture.agents["dev"].view
    form = await first_form(deeds(person), "dev")
    assert view is not None
    assert (form.name, form.folder, form.kind) == ("dev", view.folder, view.kind)


async def test_what_this_console_does_not_understand_is_left_out_and_the_rest_is_kept(
    mesh_paths: MeshPaths,
):
    memory = Memory(mesh_paths)
    memory.path.write_text('{"forms": 3, "theme": "x", "later": [1], "fleet": "f.toml"}')
    assert memory.read() == Remembered(theme="x", fleet="f.toml")
    memory.path.write_text("[1, 2")
    assert memory.read() == Remembered()


async def test_a_folder_that_claude_will_ask_about_is_told_of(
    deeds: Callable[..., Deeds], tmp_path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / ".claude.json").write_text('{"projects": {}}')
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path))
    actions = deeds().actions
    folder = str(tmp_path)
    assert "trusted" in await actions.advice(SessionOptions(folder=folder))
    assert await actions.advice(SessionOptions(folder=folder, kind="headless")) == ""
    assert await actions.advice(SessionOptions(folder=f"{folder}/nowhere")) == ""


async def test_the_claude_that_the_mesh_is_configured_for_is_the_one_that_is_checked(
    mesh_paths: MeshPaths, deeds: Callable[..., Deeds], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MESHBOT_CLAUDE", raising=False)
    sessions = Sessions(claude="/nowhere/claude")
    change_config(mesh_paths, lambda config: config.model_copy(update={"sessions": sessions}))
    with pytest.raises(ClaudeMissingError, match="/nowhere/claude"):
        await deeds().actions.check(SessionOptions(folder="/"))
