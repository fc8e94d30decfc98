"""The console itself: what it remembers, tells, and goes to."""

import pytest
from textual.widgets._toast import Toast

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.memory import Memory
from meshbot_tui.themes import DEFAULT, SIXTEEN
from meshbot_tui.widgets.approvals import ApprovalCard, card
from tests.support.waiting import until
from tests.tui.desk import taken, typed
from tests.tui.off_mesh import off_mesh
from tests.tui.showing import text_of


@pytest.mark.parametrize(
    "kept",
    ['{"theme": "of-a-newer-console"}', '{"view": "map", "more": 1}', '{"forms": 3}', "{", ""],
)
async def test_what_another_console_kept_keeps_none_from_opening(mesh_paths: MeshPaths, kept: str):
    Memory(mesh_paths).path.write_text(kept)
    async with off_mesh(mesh_paths) as (app, _):
        assert app.theme in (DEFAULT, SIXTEEN)
        assert app.main.view == "terminal"


async def test_what_is_told_is_text_whoever_wrote_it(mesh_paths: MeshPaths):
    async with off_mesh(mesh_paths) as (app, _):
        app.tell("\x1b[31m \u202e [bold]x[/bold]", "error")
        await until(lambda: r"\x1b[31m \u202e [bold]x[/bold]" in text_of(app))
        app.main.pane.screen_view.show_notice("it has ended \x1b]0;x\x07 (status 3)")
        app.main.pane.turn("screen")
        await until(lambda: r"it has ended \x1b]0;x\x07 (status 3)" in text_of(app))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
async def test_what_is_told_covers_nothing_that_is_typed(
    mesh_paths: MeshPaths, size: tuple[int, int]
):
    async with off_mesh(mesh_paths, size=size) as (app, pilot):
        app.tell("one thing " * 6)
        app.tell("another", "error")
        await until(lambda: len(app.screen.query(Toast)) == 2)
        await pilot.pause()
        for toast in app.screen.query(Toast):
            await until(lambda toast=toast: bool(toast.region.area))
            for typed_in in (app.main.compose_line, app.main.pane):
                assert not toast.region.overlaps(typed_in.region)


async def test_a_goes_to_who_waits_longest_and_again_to_the_next(mesh_paths: MeshPaths):
    async with off_mesh(mesh_paths) as (app, _):
        shown = app.main.approvals.query_one(ApprovalCard)
        typed(app, "a")
        await taken(app)
        assert (app.main.view, app.main.agents.chosen) == ("approvals", "web")
        assert shown.entry is not None
        assert shown.entry.agent == "web"
        typed(app, "a")
        await taken(app)
        assert shown.entry.agent == app.main.agents.chosen == "ops"
        typed(app, "t", "a")
        await taken(app)
        assert shown.entry.agent == app.main.agents.chosen == "web"


@pytest.mark.parametrize("key", ["a", "p"])
async def test_what_comes_into_view_is_not_allowed_by_a_key_of_the_same_moment(
    mesh_paths: MeshPaths, key: str, monkeypatch: pytest.MonkeyPatch
):
    async with off_mesh(mesh_paths) as (app, _):
        shown = app.main.approvals.query_one(ApprovalCard)
        await until(lambda: not shown.is_held)
        monkeypatch.setattr(card, "HOLD_S", 60)
        typed(app, key, "y")
        await taken(app)
        assert shown.is_held
        assert app.deeds_done == []
        shown._release()
        typed(app, "y")
        await taken(app)
        assert app.deeds_done == ["approval"]
