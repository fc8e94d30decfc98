"""Which agents' screens are fed into which panes."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Protocol

from meshbot_core.clients.followed import Followed
from meshbot_core.clients.text import plain
from meshbot_core.errors import MeshError
from meshbot_core.mesh.paths import MeshPaths
from meshbot_core.terminal.frames import Ended, Frame, Output, Repaint
from meshbot_tui.connections.screens import NoScreen, ScreenFeed
from meshbot_tui.model.attention import Row
from meshbot_tui.widgets.grid import GridPane
from meshbot_tui.widgets.pane import AgentPane
from meshbot_tui.widgets.terminal import TerminalView

LOOKING: Final = "looking for its screen …"
NOBODY: Final = "No agents on this machine yet. n starts one."
_STANDING: Final = {
    "looking": "Looking for its host …",
    "listens": "It has no session. n starts one; what comes for it waits.",
    "stopped": "It does not run. n starts one; what comes for it waits.",
}
_LOG_LINES: Final = 500
_LOG_LOOK_S: Final = 0.3


class Running(Protocol):
    """A task of somebody's."""

    def cancel(self) -> None:
        """End it."""


Starter = Callable[[Callable[[], Coroutine[None, None, None]]], Running]
"""Runs what is called; one that is cancelled before it begins leaves nothing behind."""


@dataclass(slots=True)
class Feeds:
    """The lines to screens and logs; ``start`` runs something for as long as the app lives.

    ``keys_lost`` is called when a pane that had the keys closes by itself.
    """

    mesh: MeshPaths
    pane: AgentPane
    grid: GridPane
    start: Starter
    keys_lost: Callable[[], None] = lambda: None
    shown: str | None = None
    feed: ScreenFeed | None = None
    _face: str = ""
    _said: str = ""
    _task: Running | None = None
    _grid_tasks: list[Running] = field(default_factory=list)

    # -- the pane

    def look_at(self, row: Row | None, nobody: str = NOBODY) -> None:
        """Feed the pane with the chosen agent's screen, or its log, or words.

        ``nobody`` is what is said when there is no agent.
        """
        face = _face_of(row)
        name = row.name if row is not None else None
        said = "" if face != "words" else nobody if row is None else _words_for(row)
        self.pane.describe(row)
        if (name, face, said) == (self.shown, self._face, self._said):
            return
        if face == "screen" and not self.pane.room.area:
            return  # a size that is not the pane's would cost the program its screen
        if self.pane.screen_view.has_keys and (name != self.shown or face != "screen"):
            self.pane.screen_view.release()  # what is typed is not meant for anything else
            self.keys_lost()
        self._end()
        self.shown, self._face, self._said = name, face, said
        if name is None or face == "words":
            self.pane.say(said)
        elif face == "screen":
            self._feed_screen(name)
        else:
            self.pane.log_view.begin()
            self.pane.turn("log")
            self._task = self.start(partial(self._follow, name))
        self.pane.mark_keys(has_keys=False)

    def _feed_screen(self, name: str) -> None:
        view = self.pane.screen_view
        view.name_of = name
        # What another agent showed is not to be taken for this one's.
        view.repaint(*self.pane.room, b"")
        view.show_notice(LOOKING)
        self.pane.turn("screen")
        self.feed = ScreenFeed(
            self.mesh.agent(name), *self.pane.room, partial(_show, view), is_sizing=True
        )
        self._task = self.start(self.feed.run)

    async def _follow(self, name: str) -> None:
        with Followed(self.mesh.agent(name).session_log) as log, contextlib.suppress(MeshError):
            self.pane.add_log(await asyncio.to_thread(log.last, _LOG_LINES))
            while True:
                await asyncio.sleep(_LOG_LOOK_S)
                if texts := list(log.more()):
                    self.pane.add_log(texts)

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = self.feed = None

    # -- the grid

    def feed_grid(self, agents: tuple[str, ...]) -> None:
        """Feed these agents' screens into their panes of the grid."""
        for task in self._grid_tasks:
            task.cancel()
        self._grid_tasks = []
        for name in agents:
            if (view := self.grid.view_of(name)) is not None:
                feed = ScreenFeed(
                    self.mesh.agent(name), 80, 24, partial(_show, view), is_sizing=False
                )
                self._grid_tasks.append(self.start(feed.run))


def _face_of(row: Row | None) -> str:
    if row is None:
        return "words"
    if row.has_screen:
        return "screen"
    return "log" if row.has_log else "words"


def _words_for(row: Row) -> str:
    match row.group:
        case "peer":
            return f"An agent of another machine: {row.look.word}. @ writes to it, ? asks it."
        case "operator":
            return "This is you. m shows what agents told you, p what waits for you."
        case _:
            return _STANDING.get(row.look.word) or f"{row.look.word}: {plain(row.doing)}"


def _show(view: TerminalView, frame: Frame | NoScreen) -> None:
    match frame:
        case Repaint(columns, rows, data):
            view.repaint(columns, rows, data)
        case Output(data):
            view.feed(data)
        case Ended(status, reason):
            why = f": {plain(reason)}" if reason else ""
            view.show_notice(f"it has ended{why} (status {status})")
        case NoScreen(reason):
            view.show_notice(plain(reason))
