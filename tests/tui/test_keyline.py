"""The last line: what works here, what matters most when there is little room."""

import pytest
from textual.pilot import Pilot

from meshbot_tui.widgets.keyline import KeyLine
from meshbot_tui.widgets.keyline.hints import Hint, fitted
from tests.support.waiting import until
from tests.tui.scene import Still
from tests.tui.showing import text_of

HINTS = (
    Hint("enter", "⏎", "Into pane", 2),
    Hint("n", "n", "New", 0),
    Hint("t", "t", "Terminal", 1, "Views"),
    Hint("g", "g", "Grid", 1, "Views"),
    Hint("q", "q", "Quit", 1, is_last=True),
    Hint("question_mark", "?", "Help", 3, is_last=True),
)


@pytest.mark.parametrize(
    ("width", "says"),
    [
        (80, ["⏎ Into pane", "n New", "t Terminal", "g Grid", "q Quit", "? Help"]),
        (50, ["⏎ Into pane", "n New", "t g Views", "q Quit", "? Help"]),
        (40, ["⏎ Into pane", "t g Views", "q Quit", "? Help"]),
        (32, ["⏎ Into pane", "t g Views", "? Help"]),
        (22, ["⏎ Into pane", "? Help"]),
        (9, ["? Help"]),
        (1, ["? Help"]),
    ],
)
def test_what_is_worth_least_goes_first_and_groups_are_told_in_one(width: int, says: list[str]):
    assert [f"{hint.shown} {hint.says}" for hint in fitted(HINTS, width)] == says


async def line(pilot: Pilot[None]) -> str:
    await pilot.pause()
    return text_of(pilot.app).split("\n")[-1]


@pytest.mark.parametrize("columns", [40, 80, 120])
async def test_help_is_always_told(columns: int):
    app = Still()
    async with app.run_test(size=(columns, 24)) as pilot:
        for key in "tgmph":
            await pilot.press(key)
            said = await line(pilot)
            assert said.endswith(" ? Help ")
            assert columns < 80 or "q Quit" in said
        if columns >= 80:
            await pilot.press("t")
            assert "n New" in await line(pilot)


async def test_where_one_types_only_keys_that_are_not_typed_are_told():
    app = Still("messages")
    async with app.run_test(size=(120, 24)) as pilot:
        await pilot.press("c")
        assert (await line(pilot)).split() == ["⏎", "Send", "tab", "Complete", "esc", "Leave"]
        await pilot.press("escape")
        await pilot.press("slash")
        assert (await line(pilot)).strip() == "⏎ To what is found  esc Show all"
        await pilot.press("x", "enter")
        assert "esc Show all" in await line(pilot)
        await pilot.press("escape")
        assert "esc Show all" not in await line(pilot)


async def test_in_a_pane_it_tells_how_to_leave():
    app = Still()
    async with app.run_test(size=(80, 24)) as pilot:
        app.main.pane.screen_view.enter()
        said = await line(pilot)
        assert "ctrl+] Leave  shift+pgup Scroll back" in said
        assert "Quit" not in said


async def test_a_click_presses_the_key():
    app = Still()
    async with app.run_test(size=(120, 24)) as pilot:
        at = (await line(pilot)).index("m Messages")
        await pilot.click(KeyLine, offset=(at + 4, 0))
        await until(lambda: app.main.view == "messages")
        await pilot.click(KeyLine, offset=(0, 0))
        assert app.main.view == "messages"
