"""Several screens at once: pages, and which pane is chosen."""

from textual.pilot import Pilot

from meshbot_tui.widgets.grid import GridCell, GridPane
from tests.support.waiting import until
from tests.tui.showing import Showing, text_of

NAMES = [f"agent-{number}" for number in range(6)]


def shown(app: Showing) -> list[str]:
    return [cell.agent for cell in app.query(GridCell)]


def chosen(app: Showing) -> list[str]:
    return [cell.agent for cell in app.query(GridCell) if cell.has_class("-chosen")]


async def enters(app: Showing, pilot: Pilot[object], name: str) -> None:
    app.said.clear()
    await pilot.press("enter")
    await until(lambda: app.said == [GridPane.Entered(name)])


async def test_keys_choose_a_pane_turn_pages_and_crowd_them():
    grid = GridPane()
    app = Showing(grid, (GridPane.Entered,))
    async with app.run_test(size=(100, 30)) as pilot:
        await grid.put(NAMES)
        grid.focus()
        assert shown(app) == NAMES[:4]
        assert chosen(app) == NAMES[:1]
        await pilot.press("right", "down")
        await until(lambda: chosen(app) == [NAMES[3]])
        await enters(app, pilot, NAMES[3])

        await pilot.press("pagedown")
        await until(lambda: shown(app) == NAMES[4:])
        await until(lambda: chosen(app) == [NAMES[5]])
        await pilot.press("plus")
        await until(lambda: shown(app) == NAMES)
        await pilot.press("minus", "minus")
        await until(lambda: shown(app) == NAMES[:2])


async def test_who_stays_keeps_the_pane_it_has():
    grid = GridPane()
    app = Showing(grid, (GridPane.Arranged,))
    async with app.run_test(size=(100, 30)) as pilot:
        await grid.put(NAMES[:3])
        view = grid.view_of("agent-1")
        await grid.put(NAMES[:3])
        await pilot.pause()
        assert grid.view_of("agent-1") is view
        assert app.said == [GridPane.Arranged(tuple(NAMES[:3]))]
        assert grid.view_of("nobody") is None


async def test_the_mouse_chooses_and_a_second_click_enters():
    grid = GridPane()
    app = Showing(grid, (GridPane.Entered,))
    async with app.run_test(size=(100, 30)) as pilot:
        await grid.put(NAMES[:4])
        await pilot.pause()
        await pilot.click(offset=(75, 22))
        await until(lambda: chosen(app) == [NAMES[3]])
        await pilot.click(offset=(75, 22), times=2)
        await until(lambda: app.said == [GridPane.Entered(NAMES[3])])


async def test_without_agents_it_says_so_and_takes_keys_without_harm():
    grid = GridPane()
    app = Showing(grid, (GridPane.Entered,))
    async with app.run_test(size=(100, 30)) as pilot:
        await grid.put([])
        grid.focus()
        await pilot.press("right", "down", "pagedown", "enter")
        await pilot.pause()
        assert "No agent with a screen runs here" in text_of(app)
        assert app.said == []
