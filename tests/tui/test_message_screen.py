"""One message and its thread."""

from dataclasses import replace

import pytest

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.model.journal import MessageRow
from meshbot_tui.screens.message import MessageScreen
from meshbot_tui.screens.talk import Talk
from tests.support.waiting import until
from tests.tui import scene
from tests.tui.desk import LIMIT_S, Asked, Desk, at_desk, typed
from tests.tui.off_mesh import off_mesh
from tests.tui.showing import text_of

NOTE, ASK, ANSWER, *_ = scene.messages()


async def opened(desk: Desk) -> Asked:
    return await Asked(desk, MessageScreen(ASK, "Is the canary free?\nAll of it?", [ASK])).open()


@pytest.mark.parametrize(
    ("key", "label", "wanted"),
    [
        ("y", "y copy", "copy"),
        ("R", "R send again", "again"),
        ("e", "e answer", "answer"),
        ("escape", "esc close", None),
    ],
)
async def test_what_is_wanted_of_it_is_said_by_key_and_by_mouse(
    key: str, label: str, wanted: str | None
):
    async with at_desk() as (desk, pilot):
        asked = await opened(desk)
        typed(desk, key)
        await until(lambda: asked.answer == wanted, LIMIT_S)
        asked = await opened(desk)
        lines = text_of(desk).splitlines()
        y = next(number for number, line in enumerate(lines) if label in line)
        await pilot.click(offset=(lines[y].index(label) + 2, y))
        await until(lambda: asked.answer == wanted, LIMIT_S)


async def test_it_is_whole_and_an_answer_that_comes_stands_below_it():
    async with at_desk() as (desk, _):
        asked = await opened(desk)
        assert "All of it?" in text_of(desk)
        assert "Yes, until three." not in text_of(desk)
        asked.dialog.show([replace(ASK, ask_state="open"), ANSWER])
        await until(lambda: "Yes, until three." in text_of(desk), LIMIT_S)
        shown = text_of(desk)
        assert shown.index("All of it?") < shown.index("Yes, until three.")
        assert "Thread" in shown
        asked.dialog.show([NOTE, replace(ASK, ask_state="open"), ANSWER])
        await until(lambda: NOTE.text in text_of(desk), LIMIT_S)
        shown = text_of(desk)
        assert shown.index(NOTE.text) < shown.index("All of it?") < shown.index("Yes, until")


async def test_what_comes_once_it_is_closed_is_no_fault():
    async with at_desk() as (desk, _):
        asked = await opened(desk)
        typed(desk, "escape")
        await until(lambda: not asked.dialog.is_running, LIMIT_S)
        asked.dialog.show([replace(ASK, ask_state="open"), ANSWER])


async def test_how_far_it_got_is_told_while_one_reads():
    async with at_desk() as (desk, _):
        sent = replace(NOTE, state="queued", read_state="")
        asked = await Asked(desk, MessageScreen(sent, sent.text, [sent])).open()
        assert "queued" in text_of(desk)
        asked.dialog.show([replace(sent, state="delivered")])
        await until(lambda: "delivered" in text_of(desk), LIMIT_S)


async def test_what_peers_wrote_is_text():
    hostile = next(row for row in scene.messages() if "\x1b" in row.text)
    async with at_desk() as (desk, _):
        await Asked(desk, MessageScreen(hostile, hostile.text, [hostile])).open()
        assert r"\x1b[31mred\u202e [bold]x" in text_of(desk)


class Journals:
    """In which an answer has come meanwhile."""

    async def thread(self, message_id: str) -> tuple[MessageRow, ...]:
        assert message_id == ASK.id
        return ASK, ANSWER


async def test_the_console_shows_an_answer_that_comes_while_one_reads(mesh_paths: MeshPaths):
    async with off_mesh(mesh_paths) as (app, _):
        await app.push_screen(MessageScreen(ASK, ASK.text, [ASK]))
        app.talk = Talk(app.main.messages, Journals(), app._started)  # type: ignore[arg-type]
        app._journal_changed("dev")
        await until(lambda: ANSWER.text in text_of(app), LIMIT_S)
