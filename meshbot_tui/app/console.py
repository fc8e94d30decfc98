"""What the console knows and keeps, and how it is connected."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Coroutine
from typing import Final, TypeVar

from textual import work
from textual.screen import ModalScreen
from textual.worker import Worker

from meshbot_core.clients.text import plain
from meshbot_core.errors import MailboxError, MeshError
from meshbot_core.host.client import HostClient
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.app.keeping import Keeper
from meshbot_tui.app.telling import Telling
from meshbot_tui.connections.actions import Actions
from meshbot_tui.connections.desk import MeshDesk
from meshbot_tui.connections.memory import Memory, Remembered
from meshbot_tui.connections.operator import Operator
from meshbot_tui.connections.reasons import reason_of, reason_of_first
from meshbot_tui.model import events
from meshbot_tui.model.attention import Row
from meshbot_tui.model.journal import MessageRow
from meshbot_tui.model.picture import Picture
from meshbot_tui.screens.attention import Attention
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.feeds import NOBODY, Feeds
from meshbot_tui.screens.main import VIEWS, MainScreen
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

Deed = Coroutine[object, object, None]


class Console(Telling):
    """What is known and kept; the screens know how it looks."""

    TITLE = "meshbot"

    def __init__(self, mesh: MeshPaths, *, first: str = "") -> None:
        super().__init__(mesh)
        self._first = first
        self._keeper = Keeper(Memory(mesh), self.set_timer)
        self.main = MainScreen()
        self.feeds: Feeds | None = None
        self.talk: Talk | None = None
        self._operator: Operator | None = None
        self._is_settled = asyncio.Event()
        """Whether it is known if the person is on the mesh."""
        self._attention = Attention(self)
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
        if self.remembered.view in VIEWS:
            self.main.look_at(self.remembered.view)
        self.main.agents.preferred = self.remembered.chosen or self._first
        self.feeds = Feeds(
            self.mesh, self.main.pane, self.main.grid, self._started, self._keys_lost
        )
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end_by, number)
        self.connect()
        self.set_interval(1.0, self._grow_older)
        self.theme_changed_signal.subscribe(self, self._keep_theme)

    async def on_unmount(self) -> None:
        """What was kept is there the next time."""
        self._keeper.flush()

    @work(group="desk")
    async def connect(self) -> None:
        """Be connected for as long as the console runs."""
        try:
            if not await asyncio.to_thread(self.mesh.config.exists) and not await self._make_mesh():
                return
        except MeshError as error:
            self.tell(f"no mesh: {reason_of(error)}", "error")
            return
        while True:
            try:
                await self._be_connected()
            except* MeshError as group:
                reason = reason_of_first(group)
                if self.picture.off_mesh != reason:
                    self.heard(events.PersonSeen(reason, self.stamps.next()))
            await asyncio.sleep(_AGAIN_S)

    async def _be_connected(self) -> None:
        async with MeshDesk.opened(
            self.mesh, self.heard, self._journal_changed, self.stamps, self._is_ignored
        ) as desk:
            talk = Talk(self.main.messages, desk.journals, self._started)
            self._operator, self.talk = desk.operator, talk
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(desk.run())
                    group.create_task(talk.run(self.remembered.filter))
            finally:
                # What they know is closed with them.
                self._operator = self.talk = None

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
        from meshbot_core.bootstrap.meshes import create_mesh  # noqa: PLC0415 - cryptography is slow

        await asyncio.to_thread(create_mesh, name, home=self.mesh.home)
        self.tell(f'mesh "{name}" is made; n starts the first agent')
        return True

    def picture_changed(self, before: Picture) -> None:
        """It is shown within a tenth of a second."""
        after = self.picture
        self._show_soon()
        self._attention.look(before, after)
        if before.off_mesh != after.off_mesh:
            self._tell_of_mesh(before.off_mesh, after.off_mesh)
        if after.off_mesh_stamp:
            self._is_settled.set()
        if self.talk is not None and before.agents is not after.agents:
            for agent in before.agents.keys() - after.agents.keys():
                self.talk.forgotten(agent)

    def _tell_of_mesh(self, before: str, after: str) -> None:
        if after:
            self.tell(f"you are not on the mesh: {after}", "error")
        elif before:
            self.tell("you are on the mesh again")

    def _journal_changed(self, agent: str) -> None:
        if self.talk is not None:
            self.talk.changed(agent)
        if self._operator is None:
            return
        is_own = agent == self.picture.operator
        if is_own or any(asked.sender == agent for asked in self.picture.questions.values()):
            self._operator.look_again()
        if is_own:
            self._read_inbox()

    def _read_inbox(self) -> None:
        """What came for the person is read once it stands before their eyes."""
        operator = self._operator
        if operator is not None and self.main.is_mounted and self.main.view == "messages":
            operator.read_inbox()

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
            off = self.picture.off_mesh
            nobody = f"You are not on the mesh: {plain(off)}" if off else NOBODY
            self.feeds.look_at(self._row(self.main.agents.chosen), nobody)
            self.main.grid.describe(self._rows)
        if self.main.view == "grid":
            self._fill_grid()
        self._shown()

    def _shown(self) -> None:
        """For what follows from what is shown."""

    def _fill_grid(self) -> None:
        if not self.is_running:
            return  # the panes are going
        self.call_later(self.main.grid.put, [row.name for row in self._rows if row.has_screen])

    def _row(self, name: str | None) -> Row | None:
        return next((row for row in self._rows if row.name == name), None)

    def _keys_lost(self) -> None:
        """For what was typed on, and is meant for nobody here."""

    def _started(self, deed: Callable[[], Coroutine[None, None, None]]) -> Worker[None]:
        return self.run_worker(deed, group="feeds", exit_on_error=False)

    def _end_by(self, number: signal.Signals) -> None:
        """A signal ends the console in order; agents go on."""
        self.exit(return_code=_KILLED + number)

    # -- what is kept

    @property
    def remembered(self) -> Remembered:
        """What is kept of this mesh."""
        return self._keeper.remembered

    def look_for(self, agent: str) -> None:
        """Look at this agent as soon as it is there."""
        self.main.agents.seek(agent)

    def remember(self, remembered: Remembered) -> None:
        """Keep it for the next time."""
        self._keeper.keep(remembered)

    def _keep(self, **what: object) -> None:
        self.remember(self.remembered.model_copy(update=what))

    def _keep_theme(self, theme: object) -> None:
        self._keep(theme=self.theme)

    def _is_ignored(self, sender: str, question_id: str) -> bool:
        return (sender, question_id) in self.remembered.ignored

    def ignore(self, sender: str, question_id: str) -> None:
        """Put a question aside that the person will not answer."""
        self.remember(self.remembered.with_ignored(sender, question_id))
        if self._operator is not None:
            self._operator.look_again()

    # -- what is done

    async def ask_person(self, dialog: ModalScreen[Answer]) -> Answer | None:
        """Show a dialog; its answer."""
        answered = self.push_screen(dialog, wait_for_dismiss=True)
        self.has_opened()
        return await asyncio.shield(answered)

    async def sender_of(self, message_id: str) -> str | None:
        """Who wrote a message that came to the person."""
        thread: tuple[MessageRow, ...] = ()
        if self.talk is not None:
            with contextlib.suppress(MailboxError):
                thread = await self.talk.thread(message_id)
        own = self.picture.operator
        return next((row.sender for row in thread if (row.id, row.to) == (message_id, own)), None)

    def approval_settled(self, agent: str, approval_id: str) -> None:
        """It waits no more."""
        self.heard(events.ApprovalSettled(agent, approval_id, self.stamps.next()))

    def not_said(self, key: tuple[str, str, str]) -> None:
        """What the person said to an approval or a question did not get there."""
        self.main.approvals.take_back(key)

    def _do(
        self, what: str, deed: Callable[[Deeds], Deed], agent: str = "", *, asks: bool = False
    ) -> None:
        """Do it; what came of it is told.

        With ``asks`` it begins with a dialog: what is typed meanwhile is meant for that.
        """
        done = self._done(what, deed, agent)
        if asks:
            self.opens(done, group="deeds")
        else:
            self.run_worker(done, group="deeds", exit_on_error=False)

    async def _done(self, what: str, deed: Callable[[Deeds], Deed], agent: str) -> None:
        deeds = Deeds(self, Actions(self.mesh, self._own_host))
        await deeds.tried(deed(deeds), what, agent)

    async def _own_host(self) -> HostClient | None:
        """The person's, once it is known whether they are on the mesh."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MESH_LIMIT_S):
                await self._is_settled.wait()
        return self._operator.client if self._operator is not None else None
