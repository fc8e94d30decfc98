"""Who is there: what waits first, one of them chosen, nothing moved under the reader."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from meshbot_tui.model.attention import Look, Row, rows
from meshbot_tui.widgets.agents import AgentList
from meshbot_tui.widgets.agents.lines import lines_of, parts_of
from tests.support.waiting import until
from tests.tui.scene import NOW_MS, scene
from tests.tui.showing import Showing, text_of

WORKS = Look("●", "works", "busy", 2)
MANY = tuple(
    Row(f"peer-{n:03d}", "peer", Look("○", "online", "good", 3), latency_ms=3.0) for n in range(500)
)


def agent(name: str, doing: str = "Bash npm test", **facts: object) -> Row:
    return replace(Row(name, "agent", WORKS, doing, NOW_MS - 42_000), **facts)  # type: ignore[arg-type]


@asynccontextmanager
async def staged(
    shown: tuple[Row, ...], size: tuple[int, int] = (40, 12)
) -> AsyncIterator[tuple[AgentList, Pilot[object], Showing]]:
    agents = AgentList()
    app = Showing(agents, (AgentList.Chosen, AgentList.Entered))
    async with app.run_test(size=size) as pilot:
        agents.focus()
        agents.show(shown, NOW_MS)
        await pilot.pause()
        yield agents, pilot, app


def drawn(app: Showing) -> list[str]:
    """Without the last columns, where the bar may be."""
    return [line[:35].rstrip() for line in text_of(app).split("\n")]


async def test_who_waits_is_first_and_chosen_at_first():
    async with staged(rows(scene()), (40, 20)) as (agents, _, app):
        lines = drawn(app)
        assert lines[0] == " this machine (5)"
        assert lines[1].startswith("▌! web")
        assert lines[2].startswith("▌")
        assert lines[3].startswith(" ? ops")
        assert " elsewhere (2)" in lines
        assert agents.chosen == "web"
        assert app.said == [AgentList.Chosen("web", is_by_itself=True)]


async def test_the_mark_goes_along_with_the_chosen_one_to_another_place():
    def resting(name: str) -> Row:
        return Row(name, "agent", Look("·", "stopped", "quiet", 3), "", NOW_MS)

    def marked(app: Showing) -> list[int]:
        return [number for number, line in enumerate(drawn(app)) if line.startswith("▌")]

    dev, web = resting("dev"), resting("web")
    async with staged((dev, web)) as (agents, pilot, app):
        agents.choose("web")
        await pilot.pause()
        assert marked(app) == [3, 4]

        agents.show((web, dev), NOW_MS)
        await pilot.pause()
        assert marked(app) == [1, 2]


async def test_keys_choose_and_enter_goes_into_the_pane():
    async with staged((agent("dev"), agent("ops"), agent("web"))) as (agents, pilot, app):
        for key, name in (
            ("down", "ops"),
            ("j", "web"),
            ("down", "web"),
            ("k", "ops"),
            ("home", "dev"),
            ("end", "web"),
            ("pageup", "dev"),
            ("pagedown", "web"),
        ):
            await pilot.press(key)
            assert agents.chosen == name, key
        await pilot.press("enter")
        assert app.said[-1] == AgentList.Entered("web")


async def test_a_page_goes_as_far_as_what_is_in_view():
    async with staged((agent("dev"), *MANY), (40, 12)) as (agents, pilot, app):
        await pilot.press("pagedown")
        assert agents.chosen == "peer-008"  # under two headings and the two lines of dev
        for name in ("peer-019", "peer-030"):
            await pilot.press("pagedown")
            assert agents.chosen == name
            assert name in drawn(app)[-1]
        for name in ("peer-019", "peer-008", "dev", "dev"):
            await pilot.press("pageup")
            assert agents.chosen == name
        assert drawn(app)[0].startswith(" this machine")
        await pilot.press("end", "pagedown")
        assert agents.chosen == "peer-499"


async def test_the_mouse_chooses_and_a_second_click_enters():
    async with staged((agent("dev"), agent("ops"))) as (agents, pilot, app):
        await pilot.click(AgentList, offset=(5, 0))
        assert agents.chosen == "dev"
        await pilot.click(AgentList, offset=(5, 4))
        assert agents.chosen == "ops"
        await pilot.click(AgentList, offset=(5, 9))
        assert not any(isinstance(said, AgentList.Entered) for said in app.said)
        await pilot.click(AgentList, offset=(5, 3), times=2)
        assert app.said[-1] == AgentList.Entered("ops")


async def test_who_is_preferred_is_chosen_once_known_and_who_is_chosen_stays_it():
    agents = AgentList()
    agents.preferred = "web"
    app = Showing(agents, (AgentList.Chosen,))
    async with app.run_test(size=(40, 12)) as pilot:
        agents.show((agent("dev"), agent("web")), NOW_MS)
        assert agents.chosen == "web"
        asks = replace(agent("dev"), look=Look("!", "asks you", "needs", 0))
        agents.show((asks, agent("ops"), agent("web")), NOW_MS)
        await pilot.pause()
        assert agents.chosen == "web"
        assert drawn(app)[5].startswith("▌● web")

        agents.show((asks, agent("ops")), NOW_MS)
        assert agents.chosen == "dev"
        agents.show((), NOW_MS)
        assert agents.chosen is None


@pytest.mark.parametrize(("keys", "then"), [((), "dev"), (("enter",), "ops")])
async def test_who_is_first_is_chosen_though_another_was_found_sooner(
    keys: tuple[str, ...], then: str
):
    sought = replace(agent("dev"), look=Look("◌", "looking", "quiet", 5))
    async with staged((agent("ops"), sought)) as (agents, pilot, _):
        assert agents.chosen == "ops"
        await pilot.press(*keys)
        agents.show((agent("dev"), agent("ops")), NOW_MS)
        assert agents.chosen == then
        # All are found now: whatever comes first later, what is looked at stays.
        agents.show((agent("new"), agent("dev"), agent("ops")), NOW_MS)
        assert agents.chosen == then


@pytest.mark.parametrize(
    ("keys", "then"), [((), "peer-003"), (("down",), "ops"), (("enter",), "dev")]
)
async def test_who_is_preferred_and_known_late_is_chosen_unless_another_was(
    keys: tuple[str, ...], then: str
):
    agents = AgentList()
    agents.preferred = "peer-003"
    app = Showing(agents, (AgentList.Chosen,))
    here = (agent("dev"), agent("ops"))
    async with app.run_test(size=(40, 12)) as pilot:
        agents.focus()
        agents.show(here, NOW_MS)
        await pilot.press(*keys)
        await pilot.pause()
        assert app.said[0] == AgentList.Chosen("dev", is_by_itself=True)
        agents.show((*here, *MANY), NOW_MS)
        assert agents.chosen == then
        agents.choose("dev")
        agents.show(here, NOW_MS)
        agents.show((*here, *MANY), NOW_MS)
        assert agents.chosen == "dev"


async def test_who_types_into_a_pane_is_not_taken_away_by_who_was_preferred():
    agents = AgentList()
    agents.preferred = "web"
    app = Showing(agents)
    async with app.run_test(size=(40, 12)):
        agents.show((agent("dev"),), NOW_MS)
        agents.seek("")
        agents.show((agent("dev"), agent("web")), NOW_MS)
        assert agents.chosen == "dev"


async def test_five_hundred_peers_scroll_by_keys_and_keep_their_place():
    async with staged((agent("dev"), *MANY)) as (agents, pilot, app):
        for _ in range(20):
            await pilot.press("pagedown")
        await pilot.pause()
        assert agents.chosen == "peer-217"
        before = drawn(app)
        assert any(line.startswith("▌○ peer-217") for line in before)

        agents.show((agent("dev"), agent("new"), *MANY), NOW_MS)
        await pilot.pause()
        assert drawn(app) == before
        await pilot.press("end")
        await pilot.pause()
        assert drawn(app)[-1].startswith("▌○ peer-499")


async def test_only_lines_that_read_differently_are_drawn(monkeypatch: pytest.MonkeyPatch):
    async with staged((agent("dev"), agent("ops"), *MANY)) as (agents, pilot, _):
        asked: list[int] = []
        kept = agents.render_line

        def counted(y: int) -> object:
            asked.append(y)
            return kept(y)

        monkeypatch.setattr(agents, "render_line", counted)
        agents.show((agent("dev"), agent("ops", "Bash make"), *MANY), NOW_MS)
        await pilot.pause()
        assert asked == [4]
        asked.clear()
        agents.show((agent("dev"), agent("ops", "Bash make"), *MANY), NOW_MS + 1000)
        await pilot.pause()
        # How long each does it goes on, but not how fast a peer answers.
        assert asked == [2, 4]


@pytest.mark.parametrize(
    ("facts", "width", "says"),
    [
        ({"context_used": 41.0, "cost_usd": 1.2}, 36, "   Bash npm test     $1.20 41% 0:42 "),
        ({"context_used": 41.0, "cost_usd": 1.2}, 26, "   Bash npm test 41% 0:42 "),
        ({"context_used": 0.3, "cost_usd": 0.001}, 26, "   Bash npm test     0:42 "),
        ({"context_used": 91.0, "cost_usd": 1.2}, 24, "   Bash npm t… 91% 0:42 "),
        ({"doing": "Bash cd /src && make"}, 20, "   Bash cd /s… 0:42 "),
        ({"doing": "", "context_used": 7.0, "cost_usd": 9.0}, 26, "            $9.00 7% 0:42 "),
    ],
)
def test_what_an_agent_does_is_told_before_what_it_costs(
    facts: dict[str, object], width: int, says: str
):
    line = lines_of((agent("dev", **facts),))[2]  # type: ignore[arg-type]
    assert "".join(text for _, text in parts_of(line, width, NOW_MS)) == says


@pytest.mark.parametrize("width", range(4, 60, 5))
def test_no_line_is_narrower_than_the_list_or_steers_the_terminal(width: int):
    hostile = agent("漢字" * 30, "\x1b[2J\u202e[bold]👩‍💻" * 9, unread=3, cost_usd=2.0)
    for line in lines_of((*rows(scene()), hostile)):
        text = "".join(text for _, text in parts_of(line, width, NOW_MS))
        assert cell_len(text) >= width
        assert "\x1b" not in text
        assert "\u202e" not in text


async def test_without_colours_the_chosen_one_is_seen(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged((agent("dev"), agent("ops"))) as (_, pilot, app):
        await pilot.press("down")
        await until(lambda: [line[:1] for line in drawn(app)[1:5]] == [" ", " ", "▌", "▌"])
