"""Nothing blinks and nothing slides, whatever the environment says."""

import pytest
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from meshbot_core.terminal.screen import Screen
from meshbot_tui.app.calm import Calm
from meshbot_tui.themes import DEFAULT, SIXTEEN, fitting
from meshbot_tui.widgets.approvals.controls import Reply
from meshbot_tui.widgets.compose import Compose
from meshbot_tui.widgets.messages import MessagesPane
from meshbot_tui.widgets.terminal import cells
from tests.support.waiting import until


class Typing(Calm[None]):
    def compose(self) -> ComposeResult:
        yield from (Compose(), MessagesPane(), Reply(), Input("x" * 200))


@pytest.mark.parametrize("kind", [Compose, "#filter", Reply, "Input"])
async def test_no_cursor_blinks(kind: type[Widget] | str):
    app = Typing()
    async with app.run_test() as pilot:
        field = app.query(kind).last(Input)
        field.focus()
        await until(lambda: not field.cursor_blink)
        await pilot.pause(0.6)
        assert field._cursor_visible
        # A mouse or another window take the focus and give it back.
        app.set_focus(None)
        field.focus()
        await pilot.pause()
        assert field._cursor_visible


async def test_the_cursor_of_the_palette_stands_still():
    app = Typing()
    async with app.run_test() as pilot:
        await pilot.press("ctrl+p")
        await until(lambda: app.screen.query("CommandInput").first(Input).has_focus)
        field = app.screen.query("CommandInput").first(Input)
        await until(lambda: not field.cursor_blink)


def test_lists_jump_and_do_not_slide(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "full")
    assert Typing().animation_level == "none"


def test_what_a_program_lets_blink_is_marked_without_blinking():
    screen = Screen(20, 2)
    screen.feed(b"\x1b[5mlook\x1b[0m here")
    drawn = cells.strip(screen.row(0), cells.Style())
    styles = {text.strip(): style for text, style, _ in drawn if style is not None}
    assert styles["look"].underline
    assert not styles["look"].blink
    assert not styles["here"].underline


def test_a_terminal_of_few_colours_gets_its_own_theme():
    assert [fitting(each) for each in (None, "standard", "256", "truecolor")] == [
        SIXTEEN, SIXTEEN, DEFAULT, DEFAULT,
    ]  # fmt: skip
