"""The console itself: what it remembers, tells, and goes to."""

import dataclasses
from types import MappingProxyType

import pytest
from textual.actions import parse
from textual.widgets import OptionList
from textual.widgets._toast import Toast

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.memory import Memory, Remembered
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.screens import offers
from meshbot_tui.screens.help import HelpScreen
from meshbot_tui.screens.keys import COMMANDS, HELP
from meshbot_tui.screens.notices import NoticesScreen
from meshbot_tui.screens.offers import Offers
from meshbot_tui.themes import DEFAULT, SIXTEEN
from meshbot_tui.widgets.approvals import ApprovalCard, card
from tests.support.waiting import until
from tests.tui import scene
from tests.tui.desk import taken, typed
from tests.tui.off_mesh import OffMesh, off_mesh
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


async def test_who_is_chosen_is_remembered_once_a_person_chose(mesh_paths: MeshPaths):
    memory = Memory(mesh_paths)
    memory.write(Remembered(chosen="elsewhere"))
    async with off_mesh(mesh_paths) as (app, _):
        await until(lambda: app.main.agents.chosen is not None)
        await taken(app)
        assert app.remembered.chosen == "elsewhere"
        typed(app, "down")
        await taken(app)
        assert app.remembered.chosen == app.main.agents.chosen


class Starts:
    """Whose start is asked for."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def start(self, name: str) -> None:
        self.names.append(name)


async def test_n_starts_the_chosen_agent_when_it_has_no_session(
    mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    picture = apply(scene.scene(), events.HostSeen("quiet", scene.status("quiet", None), 9))
    picture = apply(picture, events.HostLost("left", "away", 9, is_left=True))
    async with off_mesh(mesh_paths, picture) as (app, _):
        deeds = Starts()
        monkeypatch.setattr(app, "_do", lambda what, deed, *, asks: deed(deeds))
        names = [row.name for row in app._rows]
        for name in names:
            app.main.agents.choose(name)
            app.action_start_agent()
        found = dict(zip(names, deeds.names, strict=True))
        assert {name for name, started in found.items() if started} == {"quiet", "docs", "old"}
        assert all(started in ("", name) for name, started in found.items())


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


async def test_what_is_told_while_the_notices_are_read_comes_in_below(mesh_paths: MeshPaths):
    async with off_mesh(mesh_paths) as (app, _):
        typed(app, "l")
        await taken(app)
        screen = app.screen
        assert isinstance(screen, NoticesScreen)
        chosen = screen.chosen
        app.tell("something more")
        rows = screen.query_one(OptionList)
        await until(lambda: rows.option_count == len(app.picture.notices))
        last = rows.get_option_at_index(rows.option_count - 1)
        assert "something more" in str(last.prompt)
        assert screen.chosen == chosen


async def typing_to_dev(app: OffMesh, *, starting: str = "") -> None:
    app.main.agents.choose("dev")
    await until(lambda: app.feeds is not None and app.feeds.shown == "dev")
    app.look_for(starting)
    app.main.pane.screen_view.enter()
    await until(lambda: app.main.pane.has_class("-has-keys"))


async def test_who_types_to_an_agent_is_not_taken_to_another_that_was_being_started(
    mesh_paths: MeshPaths,
):
    async with off_mesh(mesh_paths) as (app, _):
        await typing_to_dev(app, starting="fresh")
        agents = app.picture.agents
        fresh = dataclasses.replace(agents["dev"], name="fresh")
        app.picture = dataclasses.replace(
            app.picture, agents=MappingProxyType({**agents, "fresh": fresh})
        )
        app._show()
        await taken(app)
        assert app.main.agents.chosen == "dev"
        assert app.main.pane.screen_view.has_keys


async def test_when_the_agent_that_is_typed_to_goes_the_keys_go_to_no_other(mesh_paths: MeshPaths):
    async with off_mesh(mesh_paths) as (app, _):
        await typing_to_dev(app)
        others = {name: each for name, each in app.picture.agents.items() if name != "dev"}
        app.picture = dataclasses.replace(app.picture, agents=MappingProxyType(others))
        app._show()
        await until(lambda: app.feeds is not None and app.feeds.shown != "dev")
        await until(lambda: app.focused is app.main.agents)
        assert not app.main.pane.screen_view.has_keys
        assert not app.main.pane.has_class("-has-keys")


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


async def test_the_view_of_the_last_time_is_shown_again(mesh_paths: MeshPaths):
    Memory(mesh_paths).write(Remembered(view="messages", chosen="ops"))
    async with off_mesh(mesh_paths) as (app, _):
        assert (app.main.view, app.main.agents.chosen) == ("messages", "ops")


async def test_what_was_seen_in_the_list_does_not_come_to_the_front_afterwards(
    mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(offers, "QUIET_S", 0)
    async with off_mesh(mesh_paths) as (app, _):
        app.offered.clear()
        app._offers = Offers()
        app.main.look_at("approvals")
        app._show()
        app.main.look_at("terminal")
        app._show()
        assert app.offered == []
        app._offers = Offers()
        app._show()
        assert len(app.offered) == 1


@pytest.mark.parametrize(
    ("view", "heading"),
    [
        ("terminal", "Agents"),
        ("grid", "Grid"),
        ("messages", "Messages"),
        ("approvals", "Approvals"),
        ("health", "Health"),
    ],
)
async def test_help_begins_with_where_one_is(mesh_paths: MeshPaths, view: str, heading: str):
    async with off_mesh(mesh_paths) as (app, _):
        app.main.look_at(view)
        await taken(app)
        typed(app, "?")
        await until(lambda: isinstance(app.screen, HelpScreen))
        assert app.screen._groups[0][0] == heading
        assert {name for name, _ in app.screen._groups} == {name for name, _ in HELP}


async def test_the_palette_does_in_each_part_what_its_keys_do(
    mesh_paths: MeshPaths, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(card, "HOLD_S", 60)
    async with off_mesh(mesh_paths) as (app, _):
        actions = {title: action for title, _, action in COMMANDS}
        shown = app.main.approvals.query_one(ApprovalCard)
        app.main.approvals.attend(is_next=False)
        await app._run(actions["Allow once"])
        assert (app.main.view, app.deeds_done, shown.is_held) == ("approvals", [], True)
        await until(lambda: shown.sheet.is_seen)
        shown._release()
        await app._run(actions["Allow once"])
        await until(lambda: app.deeds_done == ["approval"])
        await app._run(actions["Put a question aside"])
        assert app.remembered.ignored == ()
        app.main.approvals.attend(is_next=True)
        shown._release()
        await app._run(actions["Put a question aside"])
        await until(lambda: app.remembered.ignored == (("ops", "q1"),))
        await app._run(actions["Search messages"])
        await until(lambda: app.focused is app.main.messages.filter_line)
        await app._run(actions["Tell everybody"])
        await until(lambda: app.main.compose_line.value == "@all ")
        await app._run(actions["More panes in the grid"])
        assert app.main.view == "grid"


async def test_every_command_of_the_palette_names_an_action_that_is_there(mesh_paths: MeshPaths):
    async with off_mesh(mesh_paths) as (app, _):
        for _, _, action in COMMANDS:
            where, name, _ = parse(action)
            assert hasattr(app if where == "app" else app.main, f"action_{name}"), action
