"""The console itself, shown a picture: it connects to nobody, and notes what it would have done."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.session.records import Approval
from meshbot_tui.app import MeshbotApp
from meshbot_tui.app.console import Deed
from meshbot_tui.model.picture import Picture
from meshbot_tui.screens.deeds import Deeds
from tests.tui import scene
from tests.tui.desk import taken


class OffMesh(MeshbotApp):
    """Shows the scene, unless it is given another picture."""

    def __init__(self, mesh: MeshPaths, picture: Picture | None = None) -> None:
        super().__init__(mesh)
        self.picture = picture or scene.scene()
        self.deeds_done: list[str] = []
        self.offered: list[str] = []

    def connect(self) -> None:
        """To nobody."""

    def _offer(self, approval: Approval) -> None:
        self.offered.append(approval.id)

    def _do(
        self, what: str, deed: Callable[[Deeds], Deed], agent: str = "", *, asks: bool = False
    ) -> None:
        self.deeds_done.append(what)


@asynccontextmanager
async def off_mesh(
    mesh: MeshPaths, picture: Picture | None = None, *, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[OffMesh, Pilot[None]]]:
    """It runs, and takes keys."""
    app = OffMesh(mesh, picture)
    async with app.run_test(size=size, notifications=True) as pilot:
        app._show()
        await taken(app)
        yield app, pilot
