"""The dialog that starts an agent."""

import asyncio

import pytest
from textual.command import CommandPalette
from textual.widgets import Button, Select, Static
from textual.worker import Worker

from meshbot_core.clients.readiness import check_folder
from meshbot_core.errors import NameTakenError
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections import actions
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.memory import StartForm
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.start import StartDialog
from tests.support.waiting import until
from tests.tui.desk import LIMIT_S, NOT_YET, Asked, Desk, at_desk, taken, typed
from tests.tui.person import Person
from tests.tui.showing import text_of

FIRST = StartForm(folder="/src")
KEPT = {
    "dev": StartForm(name="dev", folder="/dev", model="opus", prompt="begin", flags="--verbose"),
    "odd": StartForm(name="odd", permission_mode="auto", kind="of a newer console"),
}


async def taken_name(form: StartForm) -> None:
    if form.name == "me":
        raise NameTakenError('"me" is you', hint="another name")


async def untrusted(form: StartForm) -> str:
    return "the folder is asked about" if form.folder == "/new" else ""


def dialog(first: StartForm = FIRST) -> StartDialog:
    return StartDialog(KEPT, first, taken_name, untrusted)


async def opened(desk: Desk, first: StartForm = FIRST) -> Asked:
    return await Asked(desk, dialog(first)).open()


def said(asked: Asked, place: str) -> str:
    return str(asked.dialog.query_one(place, Static).render())


async def test_what_is_typed_is_the_answer():
    async with at_desk() as (desk, _):
        asked = await opened(desk)
        typed(desk, *"web", "tab", *"/web", "tab", "tab", *"opus", "enter")
        await until(lambda: asked.answer is not NOT_YET, LIMIT_S)
        assert asked.answer == StartForm(name="web", folder="/web", model="opus")


@pytest.mark.parametrize("key", ["escape", "#cancel"])
async def test_it_is_left_by_key_and_by_mouse(key: str):
    async with at_desk() as (desk, pilot):
        asked = await opened(desk)
        if key.startswith("#"):
            await pilot.click(key)
        else:
            typed(desk, key)
        await until(lambda: asked.answer is None, LIMIT_S)


async def test_what_cannot_be_started_is_said_before_and_can_be_mended():
    async with at_desk() as (desk, pilot):
        asked = await opened(desk)
        typed(desk, *"me", "enter")
        await until(lambda: '"me" is you; another name' in text_of(desk), LIMIT_S)
        assert asked.answer is NOT_YET
        typed(desk, "n", *"u")
        await taken(desk)
        await pilot.click(asked.dialog.query_one("#start", Button))
        await until(lambda: asked.answer == FIRST.model_copy(update={"name": "menu"}), LIMIT_S)


async def test_what_the_dialog_does_not_ask_for_stays_as_the_agent_had_it(mesh_paths: MeshPaths):
    deeds = Deeds(Person(), Actions(mesh_paths, None))
    unasked = {"claude": "/opt/claude", "restart": "never", "approval_limit_s": 60.0}
    first = FIRST.model_copy(update=unasked | {"name": "ops", "unkept": ("OPS_TOKEN",)})
    async with at_desk() as (desk, _):
        asked = await Asked(desk, StartDialog({}, first, taken_name, deeds._advice)).open()
        await until(lambda: "without OPS_TOKEN:" in said(asked, "#advice"), LIMIT_S)
        # Another agent has nothing of it.
        typed(desk, "end", "x", "tab")
        await until(lambda: said(asked, "#advice") == "", LIMIT_S)
        assert asked.dialog.form == FIRST.model_copy(update={"name": "opsx"})
        typed(desk, "shift+tab", "end", "backspace", "enter")
        await until(lambda: asked.answer == first, LIMIT_S)


async def test_what_was_checked_while_the_palette_is_open_starts_once_that_is_closed():
    checked = asyncio.Event()

    async def check(_: StartForm) -> None:
        await checked.wait()

    async with at_desk() as (desk, _):
        asked = await Asked(desk, StartDialog(KEPT, FIRST, check, untrusted)).open()
        typed(desk, *"web", "enter", "ctrl+p")
        await until(lambda: isinstance(desk.screen, CommandPalette), LIMIT_S)
        checked.set()
        await until(lambda: all(worker.is_finished for worker in _workers(asked)), LIMIT_S)
        assert asked.answer is NOT_YET
        assert isinstance(desk.screen, CommandPalette)
        typed(desk, "escape")
        await until(lambda: asked.answer == FIRST.model_copy(update={"name": "web"}), LIMIT_S)
        await taken(desk)
        assert desk.screen is desk.main


def _workers(asked: Asked) -> list[Worker[object]]:
    return [worker for worker in asked.dialog.app.workers if worker.node is asked.dialog]


@pytest.mark.parametrize("folder", ["~nosuchuser/app", "/" + "x" * 300], ids=["home", "long"])
async def test_a_folder_that_cannot_be_is_told_of_and_ends_nothing(
    mesh_paths: MeshPaths, folder: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(actions, "check_ready", lambda folder, *_, **__: check_folder(folder))
    deeds = Deeds(Person(), Actions(mesh_paths, None))
    async with at_desk() as (desk, _):
        form = StartForm(name="new", folder=folder)
        asked = await Asked(desk, StartDialog({}, form, deeds._check, deeds._advice)).open()
        typed(desk, "tab", "tab", "shift+tab", "enter")
        await until(lambda: folder[:11] in said(asked, "#problem"), LIMIT_S)
        await until(lambda: all(worker.is_finished for worker in _workers(asked)), LIMIT_S)
        assert not any(worker.error for worker in _workers(asked))
        assert asked.answer is NOT_YET


async def test_an_untrusted_folder_is_told_of_while_the_form_is_filled_in():
    async with at_desk() as (desk, _):
        asked = await opened(desk)
        typed(desk, *"web", "tab", *"/new", "tab")
        await until(lambda: said(asked, "#advice") == "the folder is asked about", LIMIT_S)
        typed(desk, "shift+tab", *"/old", "tab")
        await until(lambda: said(asked, "#advice") == "", LIMIT_S)


async def test_an_agent_that_was_started_before_is_filled_in_as_it_was():
    async with at_desk() as (desk, _):
        asked = await opened(desk)
        typed(desk, *"dev", "tab")
        await taken(desk)
        await until(lambda: asked.dialog.form == KEPT["dev"], LIMIT_S)


async def test_what_is_started_again_goes_on_in_its_conversation_or_begins_anew():
    again = KEPT["dev"].model_copy(update={"conversation": "c1", "prompt": ""})
    async with at_desk() as (desk, _):
        asked = await opened(desk, again)
        typed(desk, "tab")
        await taken(desk)
        assert asked.dialog.form == again
        asked.dialog.query_one("#goes-on", Select).value = "new"
        assert asked.dialog.form.conversation == ""


async def test_another_name_does_not_go_on_in_that_conversation():
    async with at_desk() as (desk, _):
        asked = await opened(desk, KEPT["dev"].model_copy(update={"conversation": "c1"}))
        typed(desk, *"2", "tab")
        await taken(desk)
        assert (asked.dialog.form.name, asked.dialog.form.conversation) == ("2", "")


async def test_what_a_newer_console_kept_can_be_chosen_or_is_left_out():
    async with at_desk() as (desk, _):
        asked = await opened(desk, KEPT["odd"])
        form = asked.dialog.form
        assert (form.permission_mode, form.kind) == ("auto", "interactive")
