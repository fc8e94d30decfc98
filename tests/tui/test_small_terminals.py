"""Little room: what is to be decided is seen, what is chosen in is there while one chooses."""

import pytest
from textual.app import App

from meshbot_tui.screens.approval import ApprovalModal
from meshbot_tui.widgets.approvals import ApprovalCard, ApprovalsPane, card
from tests.support.clock import FakeClock
from tests.support.waiting import until
from tests.tui.scene import Still
from tests.tui.showing import Showing, command, edit, text_of

SMALL = (40, 12)
NO_ROOM = "No room to see what it is"


async def released(app: App[object]) -> None:
    await until(lambda: not app.screen.query_one(ApprovalCard).is_held)


async def test_at_forty_by_twelve_a_command_is_seen_before_it_is_allowed():
    app = Still("approvals")
    async with app.run_test(size=SMALL) as pilot:
        await released(app)
        await pilot.pause()
        seen = text_of(app)
        assert "$ rm -rf build && npm run build" in seen
        assert "y Once" in seen
        assert "d Deny" in seen
        assert not app.main.agents.region.area


async def test_a_modal_at_forty_by_twelve_shows_the_command_and_all_that_can_be_said():
    app = Showing()
    async with app.run_test(size=SMALL) as pilot:
        await app.push_screen(ApprovalModal(command("rm -rf build"), clock=FakeClock()))
        await released(app)
        await pilot.pause()
        seen = text_of(app)
        for part in ("$ rm -rf build", "y Once", "Y Session", "d Deny", "esc"):
            assert part in seen


async def test_what_cannot_be_seen_is_not_allowed_but_denied(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(card, "HOLD_S", 0.01)
    app = Showing(ApprovalsPane(clock=FakeClock()), (ApprovalsPane.Decided,))
    async with app.run_test(size=(50, 5)) as pilot:
        pane = app.query_one(ApprovalsPane)
        pane.styles.height = 3
        pane.show([edit()], [])
        await released(app)
        pane.query_one("AskList").focus()
        await pilot.press("y", "Y")
        await pilot.click("#once")
        assert app.said == []

        pane.styles.height = 5
        await pilot.resize_terminal(50, 24)
        pane.styles.height = 24
        await until(lambda: "f'Hello {name}'" in text_of(app))
        await pilot.press("y")
        await until(lambda: len(app.said) == 1)


async def test_why_it_cannot_be_allowed_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(card, "HOLD_S", 0.01)
    app = Showing(ApprovalsPane(clock=FakeClock()))
    async with app.run_test(size=(13, 24)) as pilot:
        pane = app.query_one(ApprovalsPane)
        pane.show([edit()], [])
        await released(app)
        await until(lambda: pane.query_one(ApprovalCard).sheet.is_cut_off)
        await pilot.pause()
        assert NO_ROOM[:9] in text_of(app)


async def test_a_slim_terminal_shows_the_list_while_one_chooses_in_it():
    app = Still("terminal")
    async with app.run_test(size=SMALL) as pilot:
        agents, pane = app.main.agents, app.main.pane
        await pilot.pause()
        assert agents.region.width == SMALL[0]
        assert pane.region.width == SMALL[0]
        assert pane.room.area
        await pilot.press("down")
        assert agents.chosen == "ops"

        pane.screen_view.enter()
        await until(lambda: not agents.region.area)
        await pilot.press("x", "ctrl+right_square_bracket")
        assert not pane.screen_view.has_keys
        agents.focus()
        await until(lambda: agents.region.area > 0)

        await pilot.press("m")
        await until(lambda: not agents.region.area)
        await pilot.press("c", "escape", "t")
        await until(lambda: agents.region.area > 0)
        assert agents.has_focus

        await pilot.resize_terminal(80, 24)
        await pilot.press("m")
        await pilot.pause()
        assert agents.region.area > 0
        assert app.main.messages.region.x == agents.region.right
