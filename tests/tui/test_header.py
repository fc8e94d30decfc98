"""The first line: what waits for the person stays longest when there is little room."""

import pytest

from meshbot_tui.widgets.header import Headline, MeshHeader
from tests.tui.scene import NOW_MS, scene
from tests.tui.showing import Showing, text_of

pytestmark = pytest.mark.usefixtures("utc")


@pytest.mark.parametrize(
    ("columns", "says", "not_said"),
    [
        (100, ["team", "5/7 online", "2 wait for you", "6 unread", "$2.40 today", "11:06"], []),
        (60, ["team", "5/7 online", "2 wait for you", "11:06"], ["today"]),
        (30, ["team", "2 wait for you", "11:06"], ["online", "unread"]),
    ],
)
async def test_what_matters_least_goes_first(columns: int, says: list[str], not_said: list[str]):
    app = Showing(MeshHeader())
    async with app.run_test(size=(columns, 3)) as pilot:
        app.query_one(MeshHeader).show(Headline.of(scene(), NOW_MS))
        await pilot.pause()
        line = text_of(app).split("\n")[0]
        assert [text for text in says if text not in line] == []
        assert [text for text in not_said if text in line] == []


async def test_who_is_off_the_mesh_is_told_so():
    app = Showing(MeshHeader())
    async with app.run_test(size=(60, 3)) as pilot:
        app.query_one(MeshHeader).show(Headline("team", is_off_mesh=True))
        await pilot.pause()
        assert "off the mesh" in text_of(app)
