"""The log of a session without a screen: at its end, or where the reader is."""

import pytest
from textual.pilot import Pilot

from meshbot_tui.widgets.log import SessionLog
from meshbot_tui.widgets.log.lines import rows_of
from meshbot_tui.widgets.pane import AgentPane
from tests.support.waiting import until
from tests.tui.showing import Showing, text_of

pytestmark = pytest.mark.usefixtures("utc")

SIZE = (60, 10)


def lines(begin: int, end: int) -> list[str]:
    return [f"2026-11-18T15:06:{n % 60:02d}.000Z tool number {n}" for n in range(begin, end)]


async def drawn(pilot: Pilot[object]) -> list[str]:
    await pilot.pause()
    """Without the last column: the bar is there."""
    return [row[:-1].rstrip() for row in text_of(pilot.app).split("\n")]


async def test_a_log_that_is_there_before_it_is_shown_is_shown_at_its_end():
    pane = AgentPane()
    app = Showing(pane)
    async with app.run_test(size=SIZE) as pilot:
        pane.log_view.begin()
        pane.add_log(lines(0, 190))
        pane.turn("log")
        await pilot.pause()
        assert "number 189" in text_of(app)

        assert pane.log_view.vertical_scrollbar.position == pane.log_view.max_scroll_y

        pane.log_view.begin()
        pane.add_log(lines(200, 300))
        await pilot.pause()
        assert "number 299" in text_of(app)
        assert "number 189" not in text_of(app)


async def test_it_follows_until_somebody_scrolls_back_and_again_from_the_end():
    log = SessionLog()
    app = Showing(log)
    async with app.run_test(size=SIZE) as pilot:
        log.focus()
        log.add(lines(0, 30))
        assert (await drawn(pilot))[-1] == " 15:06:29  tool number 29"
        log.add(lines(30, 40))
        assert (await drawn(pilot))[-1].endswith("number 39")

        await pilot.press("pageup")
        await until(lambda: not log.is_live)
        await pilot.wait_for_scheduled_animations()
        before = await drawn(pilot)
        log.add(lines(40, 50))
        assert await drawn(pilot) == before

        await pilot.press("end")
        await pilot.wait_for_scheduled_animations()
        log.add(lines(50, 60))
        assert (await drawn(pilot))[-1].endswith("number 59")


async def test_the_oldest_go_and_the_reader_stays():
    log = SessionLog()
    app = Showing(log)
    async with app.run_test(size=SIZE) as pilot:
        log.focus()
        log.add(lines(0, 2000))
        await pilot.pause()
        await pilot.press("pageup")
        await pilot.wait_for_scheduled_animations()
        before = await drawn(pilot)
        log.add(lines(2000, 2500))
        assert await drawn(pilot) == before

        await pilot.press("home")
        await pilot.wait_for_scheduled_animations()
        assert (await drawn(pilot))[0].endswith("number 500")


async def test_long_lines_go_on_in_the_next_row_at_every_width():
    log = SessionLog()
    app = Showing(log)
    async with app.run_test(size=SIZE) as pilot:
        log.add([f"2026-11-18T15:06:40.000Z failed {'word ' * 30}end", *lines(1, 40)])
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        log.focus()
        await pilot.press("home")
        await pilot.wait_for_scheduled_animations()
        rows = await drawn(pilot)
        assert rows[0].startswith(" 15:06:40  failed word")
        assert any(row.endswith("word end") for row in rows)
        await pilot.resize_terminal(60, 10)
        assert (await drawn(pilot))[0].startswith(" 15:06:40  failed word")


async def test_escape_leaves_and_what_stands_there_is_text():
    log = SessionLog()
    app = Showing(log, (SessionLog.Left,))
    async with app.run_test(size=SIZE) as pilot:
        assert "Nothing is in its log yet." in (await drawn(pilot))[0]
        log.focus()
        log.add(["2026-11-18T15:06:40.000Z state [b]idle[/b] \x1b[2J\u202e", "no time"])
        rows = await drawn(pilot)
        assert rows[0] == r" 15:06:40  state [b]idle[/b] \x1b[2J\u202e"
        assert rows[1].strip() == "no time"
        await pilot.press("escape")
        await until(lambda: len(app.said) == 1)


async def test_the_frame_tells_that_the_keys_scroll_here():
    pane = AgentPane()
    app = Showing(pane)
    async with app.run_test(size=SIZE) as pilot:
        pane.turn("log")
        pane.mark_keys(has_keys=False)
        assert "enter: read back" in "\n".join(await drawn(pilot))
        pane.log_view.focus()
        await until(lambda: pane.has_class("-has-keys"))
        assert "esc leaves" in "\n".join(await drawn(pilot))


def test_a_line_is_whole_in_rows_of_any_width():
    line = "2026-11-18T15:06:40.000Z " + "漢字 and more " * 20
    for width in range(1, 100):
        assert "".join(row.text for row in rows_of(line, width)) == line[25:]
