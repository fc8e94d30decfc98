"""What the console knows, tells and keeps."""

import asyncio
import contextlib
import signal
import time
import traceback
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Final, TypeVar

from textual import work
from textual.notifications import SeverityLevel
from textual.screen import ModalScreen
from textual.worker import Worker

from meshbot_core.bootstrap.meshes import create_mesh
from meshbot_core.clients.text import prose
from meshbot_core.errors import MeshError
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.app.calm import Calm
from meshbot_tui.app.drawing import LeanApp
from meshbot_tui.app.in_order import InOrder
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.desk import MeshDesk, reason_of
from meshbot_tui.connections.memory import Memory, Remembered
from meshbot_tui.connections.operator import Operator
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.attention import Row
from meshbot_tui.model.picture import Picture, Severity
from meshbot_tui.screens.attention import Attention
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.feeds import Feeds
from meshbot_tui.screens.main import MainScreen
from meshbot_tui.screens.offers import Offers
from meshbot_tui.screens.question import Question
from meshbot_tui.screens.talk import Talk
from meshbot_tui.themes import THEMES, fitting

Answer = TypeVar("Answer")

_KILLED: Final = 128
_MESH_LIMIT_S: Final = 10.0
_AGAIN_S: Final = 3.0
_SHOW_S: Final = 0.1
"""Lists are drawn anew ten times a second at most."""

_LEVELS: Final[Mapping[Severity, SeverityLevel]] = {
    "note": "information",
    "warning": "warning",
    "error": "error",
}

Deed = Coroutine[object, object, None]


class Console(InOrder, Calm[None], LeanApp):
    """What is known, told and kept; the screens know how it looks."""

    TITLE = "meshbot"

    def __init__(self, mesh: MeshPaths, *, first: str = "") -> None:
        super().__init__()
        self.mesh = mesh
        self.picture = Picture()
        self._first = first
        self._memory = Memory(mesh)
        self.remembered: Remembered = self._memory.read()
        self.main = MainScreen()
        self.deeds: Deeds | None = None
        self.feeds: Feeds | None = None
        self.talk: Talk | None = None
        self._operator: Operator | None = None
        self._is_on_mesh = asyncio.Event()
        self._attention = Attention(self)
        self.fault = ""
        """What went wrong in the console itself, if it ended by that."""
        self.fault_log: Path | None = None
        """Where all of it stands."""
        self._offers = Offers()
        self._rows: tuple[Row, ...] = ()
        self._is_stale = False
        for theme in THEMES:
            self.register_theme(theme)
        # A newer console, or a person, may have written a theme that this one does not have.
        is_known = self.remembered.theme in self.available_themes
        self.theme = self.remembered.theme if is_known else fitting(self.console.color_system)

    # -- what is known

    async def on_mount(self) -> None:
        """Show the screen, then connect."""
        await self.push_screen(self.main)
        self.main.agents.preferred = self.remembered.chosen or self._first
        self.feeds = Feeds(self.mesh, self.main.pane, self.main.grid, self._started)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end_by, number)
        self.connect()
        self.set_interval(1.0, self._grow_older)
        self.theme_changed_signal.subscribe(self, self._keep_theme)

    @work(group="desk")
    async def connect(self) -> None:
        """Be on the mesh for as long as the console runs; what keeps it from that is told once."""
        if not await asyncio.to_thread(self.mesh.config.exists) and not await self._make_mesh():
            return
        told = ""
        while True:
            try:
                await self._be_on_mesh()
            except MeshError as error:
                reason = f"the console is not on the mesh: {reason_of(error)}"
                if reason != told:
                    told = reason
                    self.tell(reason, "error")
            await asyncio.sleep(_AGAIN_S)

    async def _be_on_mesh(self) -> None:
        async with MeshDesk.opened(self.mesh, self.heard, self._journal_changed) as desk:
            self.talk = Talk(self.main.messages, desk.journals, self._started)
            self.talk.begin(self.remembered.filter)
            try:
                await desk.run(self._arrived)
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None
            finally:
                self._operator = None
                self._is_on_mesh.clear()

    def _arrived(self, operator: Operator, actions: Actions) -> None:
        """The person is on the mesh."""
        self._operator = operator
        self.deeds = Deeds(self, actions)
        self._is_on_mesh.set()

    async def _make_mesh(self) -> bool:
        """Offer to make the mesh that is not there; whether it is now."""
        name = self.mesh.mesh
        question = (
            f'There is no mesh "{name}" on this machine yet.\n\n'
            f"Make one? It gets a fresh key, in {self.mesh.folder}."
        )
        if not await self.ask_person(Question(question, "make it")):
            self.exit()
            return False
        await asyncio.to_thread(create_mesh, name, home=self.mesh.home)
        self.tell(f'mesh "{name}" is made; n starts the first agent')
        return True

    def heard(self, event: events.Event) -> None:
        """Something happened; it is shown within a tenth of a second."""
        before, self.picture = self.picture, apply(self.picture, event)
        if before is not self.picture:
            self._show_soon()
            self._attention.look(before, self.picture)

    def _journal_changed(self, agent: str) -> None:
        if self.talk is not None:
            self.talk.changed(agent)
        if agent == self.picture.operator and self._operator is not None:
            self._operator.look_again()
            self._read_inbox()

    def _read_inbox(self) -> None:
        """What came for the person is read once it stands before their eyes."""
        operator = self._operator
        if operator is not None and self.main.is_mounted and self.main.view == "messages":
            self.run_worker(self._quietly(operator.read_inbox()), group="inbox", exclusive=True)

    async def _quietly(self, deed: Coroutine[object, object, None]) -> None:
        with contextlib.suppress(MeshError):
            await deed

    def _grow_older(self) -> None:
        """What tells how long something lasts is drawn each second."""
        self._show()

    def _show_soon(self) -> None:
        if not self._is_stale:
            self._is_stale = True
            self.set_timer(_SHOW_S, self._show)

    def _show(self) -> None:
        self._is_stale = False
        if not self.is_running or not self.main.is_mounted:
            return  # not there yet, or going
        self._rows = self.main.show(self.picture, int(time.time() * 1000))
        if self.feeds is not None:
            self.feeds.look_at(self._row(self.main.agents.chosen))
            self.main.grid.describe(self._rows)
        if self.main.view == "grid":
            self._fill_grid()
        self._shown()

    def _shown(self) -> None:
        """For what follows from what is shown."""

    def _fill_grid(self) -> None:
        self.call_later(self.main.grid.put, [row.name for row in self._rows if row.has_screen])

    def _row(self, name: str | None) -> Row | None:
        return next((row for row in self._rows if row.name == name), None)

    def _started(self, coroutine: Coroutine[object, object, None]) -> Worker[None]:
        return self.run_worker(coroutine, group="feeds", exit_on_error=True)

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours is kept for a report, and told in one line when the terminal is back."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        self.fault = f"{type(error).__name__}: {error}"
        place = self.mesh.folder / "console.log"
        with contextlib.suppress(OSError, MeshError):
            write_atomically(place, "".join(traceback.format_exception(error)).encode())
            self.fault_log = place
        self.exit(return_code=1)

    def _end_by(self, number: signal.Signals) -> None:
        """A signal ends the console in order; agents go on."""
        self.exit(return_code=_KILLED + number)

    # -- what is told and kept

    def tell(self, text: str, severity: Severity = "note", agent: str = "") -> None:
        """Say it for a while, and keep it."""
        self.heard(events.Noticed(int(time.time() * 1000), text, severity, agent))
        self.toast(text, severity, timeout_s=12 if severity == "error" else 4)

    def toast(self, text: str, severity: Severity = "note", *, timeout_s: float = 4) -> None:
        """Say it for a while only; it is text, whoever wrote it."""
        self.notify(prose(text), severity=_LEVELS[severity], timeout=timeout_s, markup=False)

    def remember(self, remembered: Remembered) -> None:
        """Keep it for the next time."""
        self.remembered = remembered
        self._memory.write(remembered)

    def _keep(self, **what: object) -> None:
        self.remember(self.remembered.model_copy(update=what))

    def _keep_theme(self, theme: object) -> None:
        self._keep(theme=self.theme)

    def desktop_notice(self, text: str) -> None:
        """OSC 9 and 777: terminals that know them show it, others ignore it."""
        driver = self._driver
        if driver is not None and not self.is_headless:
            driver.write(f"\x1b]9;{text}\x07\x1b]777;notify;meshbot;{text}\x07")

    async def ask_person(self, dialog: ModalScreen[Answer]) -> Answer | None:
        """Show a dialog; its answer."""
        answered = self.push_screen(dialog, wait_for_dismiss=True)
        self.has_opened()
        return await asyncio.shield(answered)

    def _do(
        self, what: str, deed: Callable[[Deeds], Deed], agent: str = "", *, asks: bool = False
    ) -> None:
        """Do it, once the console is on the mesh; what came of it is told.

        With ``asks`` it begins with a dialog: what is typed meanwhile is meant for that.
        """
        done = self._done(what, deed, agent)
        if asks:
            self.opens(done, group="deeds")
        else:
            self.run_worker(done, group="deeds")

    async def _done(self, what: str, deed: Callable[[Deeds], Deed], agent: str) -> None:
        try:
            async with asyncio.timeout(_MESH_LIMIT_S):
                await self._is_on_mesh.wait()
        except TimeoutError:
            self.tell(f"{what}: the console is not on the mesh; l shows why", "error")
            return
        if (deeds := self.deeds) is not None:
            await deeds.tried(deed(deeds), what, agent)
