"""What a person is told of what went wrong in the console itself, and how much at once."""

import stat

from textual.widgets._toast import Toast

from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.app.telling import MOST_TOASTS
from tests.support.waiting import until
from tests.tui.off_mesh import OffMesh


async def failing() -> None:
    raise ZeroDivisionError("a table without rows \udc80")


async def test_what_fails_in_the_console_is_told_and_kept_and_ends_nothing(mesh_paths: MeshPaths):
    app = OffMesh(mesh_paths)
    async with app.run_test(notifications=True):
        app.run_worker(failing, group="feeds", exit_on_error=False)
        await until(lambda: any("a fault of the console" in n.text for n in app.picture.notices))
        [notice] = [n for n in app.picture.notices if "a fault of the console" in n.text]
        assert notice.severity == "error"
        assert "ZeroDivisionError: a table without rows" in notice.text
        log = mesh_paths.folder / "console.log"
        assert str(log) in notice.text
        assert "in failing" in log.read_text()
        assert stat.S_IMODE(log.stat().st_mode) == 0o600
        assert app.is_running


async def test_much_at_once_is_told_in_few_words_and_all_of_it_is_kept(mesh_paths: MeshPaths):
    app = OffMesh(mesh_paths)
    async with app.run_test(notifications=True):
        before = len(app.picture.notices)
        for number in range(20):
            app.tell(f"event {number}")
        await until(lambda: len(app.screen.query(Toast)) > MOST_TOASTS)
        assert len(app.screen.query(Toast)) == MOST_TOASTS + 1
        assert len(app.picture.notices) == before + 20
