"""The keys, shown; and what was said before."""

import pytest
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import OptionList

from meshbot_tui.model.picture import Notice
from meshbot_tui.screens.help import HelpScreen
from meshbot_tui.screens.keys import HELP
from meshbot_tui.screens.notices import NoticesScreen
from meshbot_tui.widgets.approvals import ApprovalsPane
from tests.support.waiting import until
from tests.tui.showing import NOW_MS, SIZE_NAMES, SIZES, Showing, text_of

NOTICES = (
    Notice(NOW_MS - 9000, "started", agent="dev"),
    Notice(NOW_MS - 5000, "cannot reach [b]x[/b]:\nsee its log " + "word " * 30, "error", "ops"),
    Notice(NOW_MS - 1000, "low on disk \x1b[31m", "warning"),
)


@pytest.mark.parametrize("key", ["escape", "q", "question_mark"])
async def test_help_closes_with(key: str):
    app = Showing()
    async with app.run_test() as pilot:
        await app.push_screen(HelpScreen("Keys", HELP))
        await pilot.press(key)
        await until(lambda: not isinstance(app.screen, HelpScreen))


def test_help_tells_every_key_that_is_offered_for_what_waits():
    told = {key for title, keys in HELP if title == "Approvals" for key, _ in keys}
    offered = [each for each in ApprovalsPane.BINDINGS if isinstance(each, Binding)]
    assert {each.key_display or each.key for each in offered if each.show} <= told


async def test_help_scrolls_to_its_last_key():
    app = Showing()
    async with app.run_test(size=(60, 15)) as pilot:
        await app.push_screen(HelpScreen("[b]Keys[/b]", [*HELP, ("Last", [("zz", "[u]end[/u]")])]))
        await pilot.pause()
        assert "[b]Keys[/b]" in text_of(app)
        await pilot.press("end")
        box = app.screen.query_one(VerticalScroll)
        await until(lambda: box.scroll_offset.y == box.max_scroll_y)
        await pilot.pause()
        assert "[u]end[/u]" in text_of(app)


async def test_the_newest_notice_is_chosen_and_copied_as_text():
    app = Showing()
    async with app.run_test() as pilot:
        await app.push_screen(NoticesScreen(NOTICES))
        await pilot.pause()
        await pilot.press("y")
        assert "warning: low on disk \\x1b[31m" in app.clipboard

        await pilot.press("k", "y")
        await pilot.pause()
        assert "error: ops: cannot reach [b]x[/b]:\nsee its log" in app.clipboard
        assert "copied" in text_of(app)


async def test_the_chosen_notice_stays_chosen_when_more_come():
    app = Showing()
    async with app.run_test() as pilot:
        screen = NoticesScreen(NOTICES)
        await app.push_screen(screen)
        await pilot.pause()
        await pilot.press("k")
        screen.show((*NOTICES[1:], Notice(NOW_MS, "more")))
        await pilot.pause()

        assert screen.chosen == NOTICES[1]


async def test_no_notices_say_so_and_copy_nothing():
    app = Showing()
    async with app.run_test() as pilot:
        await app.push_screen(NoticesScreen(()))
        await pilot.press("y", "j")
        await pilot.pause()

        assert "Nothing was said so far" in text_of(app)
        assert app.screen.query_one(OptionList).highlighted is None
        await pilot.press("l")
        await until(lambda: not isinstance(app.screen, NoticesScreen))


@pytest.mark.parametrize("size", SIZES, ids=SIZE_NAMES)
@pytest.mark.parametrize("what", ["help", "notices"])
def test_screen_looks_as_before(snap_compare, utc, size: tuple[int, int], what: str):
    async def prepare(pilot: Pilot[object]) -> None:
        groups = (*HELP[:1], ("Long", [("ctrl+x", "wraps beside its key, " * 6)]))
        screen = HelpScreen("Keys", groups) if what == "help" else NoticesScreen(NOTICES)
        await pilot.app.push_screen(screen)
        await pilot.pause()

    assert snap_compare(Showing(), terminal_size=size, run_before=prepare)
