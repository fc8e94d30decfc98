"""Looking at what has scrolled out, which the host keeps."""

from meshbot_core.terminal.screen import Screen
from meshbot_tui.widgets.terminal import TerminalView
from tests.support.waiting import until
from tests.tui.terminal_widget.stage import Stage, on_stage


class _Host:
    """Keeps the screen as a host does, and answers what the widget asks."""

    def __init__(self, app: Stage) -> None:
        self.app = app
        self.screen = Screen(40, 10)
        self.asked = 0

    def writes(self, data: bytes) -> None:
        self.screen.feed(data)
        self.app.view.feed(data)

    def answers(self) -> bool:
        """Answer the next question; False when there is none."""
        wanted = [m for m in self.app.posted if isinstance(m, TerminalView.ScrollbackWanted)]
        if len(wanted) == self.asked:
            return False
        question = wanted[self.asked]
        self.asked += 1
        page = self.screen.scrollback(before=question.before, limit=question.limit)
        self.app.view.add_scrollback(page)
        return True


def _lines(first: int, behind: int) -> bytes:
    return "".join(f"line {number}\r\n" for number in range(first, behind)).encode()


async def test_keys_go_back_page_by_page_and_any_other_key_returns():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 100))
        await pilot.press("shift+pageup")
        assert host.answers()
        assert app.shown()[0].startswith("line 82")
        assert app.shown()[0].endswith("↑ 9 lines")

        await pilot.press("shift+pageup")
        assert app.shown()[0].startswith("line 73")
        await pilot.press("shift+home")
        assert app.shown()[0].startswith("line 0 ")
        await pilot.press("shift+pagedown")
        assert app.shown()[0].startswith("line 9 ")
        await pilot.press("shift+end")
        assert app.shown()[0] == "line 91"

        await pilot.press("shift+pageup")
        assert host.answers()
        assert app.typed == b""
        await pilot.press("a")
        assert app.shown()[0] == "line 91"
        assert app.typed == b"a"


async def test_what_the_program_writes_meanwhile_moves_nothing():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 100))
        await pilot.press("shift+pageup")
        host.writes(_lines(100, 103))
        await pilot.pause()
        assert host.answers()
        before = app.shown()[1:]
        assert before[0] == "line 86"

        host.writes(_lines(103, 120))
        await pilot.pause(0.05)
        assert app.shown()[1:] == before
        assert app.shown()[0].endswith("↑ 26 lines")
        await pilot.press("shift+home")
        assert app.shown()[0].startswith("line 0 ")


async def test_lines_that_left_the_screen_while_the_page_was_on_its_way_are_there_once():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 30))
        await pilot.press("shift+pageup")
        page = host.screen.scrollback()
        host.writes(_lines(30, 35))
        await pilot.pause(0.05)
        app.view.add_scrollback(page)

        picture = app.view._picture
        known = ["".join(picture.columns_of(line)).rstrip() for line in picture.lines]
        assert known == [*(f"line {number}" for number in range(35)), ""]


async def test_older_pages_are_asked_for_near_the_end_of_the_known_ones():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 2000))
        await pilot.press("shift+pageup")
        while host.answers():
            await pilot.press("shift+home")
        assert app.shown()[0].startswith("line 0 ")
        assert host.asked == 4


async def test_a_program_without_anything_above_its_screen_stays_where_it_is():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(b"only this")
        await pilot.press("shift+pageup")
        assert host.answers()
        assert app.shown()[0] == "only this"


async def test_ten_thousand_lines_behind_a_window_that_is_scrolled_back_cost_bounded_memory():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 50))
        await pilot.press("shift+pageup")
        assert host.answers()
        app.view.feed(_lines(0, 12_000))
        await until(lambda: not app.view.is_behind)
        assert len(app.view._picture.history) == 10_000
        await pilot.press("shift+pagedown", "a")
        assert app.shown()[8] == "line 11999"


async def test_a_repaint_follows_the_program_again():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 100))
        await pilot.press("shift+pageup")
        assert host.answers()
        app.view.repaint(40, 10, host.screen.repaint())
        await pilot.pause()
        assert app.shown()[0] == "line 91"


async def test_copying_by_keys():
    async with on_stage(has_keys=True) as (app, pilot):
        host = _Host(app)
        host.writes(_lines(0, 40) + b"last")
        await pilot.press("ctrl+shift+space")
        assert host.answers()
        assert "y copies" in app.shown()[0]
        await pilot.press("home", "pageup", "up", "space", "down", "end", "y")

        assert app.last(TerminalView.Copied).text == "line 29\nline 30"
        assert app.typed == b""
        assert app.shown()[0] == "line 31"


async def test_copying_by_keys_can_be_left():
    async with on_stage() as (app, pilot):
        app.view.focus()
        app.view.feed(b"hello")
        await pilot.press("v", "left", "space", "escape", "x")

        assert not [m for m in app.posted if isinstance(m, TerminalView.Copied)]
        assert app.noted == ["x"]
