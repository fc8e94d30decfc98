"""The main screen in an app that does nothing but note what it is asked for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from textual import events
from textual.keys import _character_to_key
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import ModalScreen

from meshbot_tui.app.in_order import InOrder
from meshbot_tui.model.picture import Picture
from meshbot_tui.screens.main import MainScreen
from meshbot_tui.themes import DEFAULT, THEMES
from tests.support.waiting import until
from tests.tui import scene

Answer = TypeVar("Answer")
NOT_YET = object()
LIMIT_S = 20.0


class Desk(InOrder):
    """Shows a picture; keys are its own, what they lead to is kept in ``said`` and ``done``."""

    def __init__(self, picture: Picture | None = None, kept: tuple[type[Message], ...] = ()):
        super().__init__()
        self.picture = picture or scene.scene()
        self.kept = kept
        self.said: list[Message] = []
        self.done: list[str] = []
        self.main = MainScreen()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = DEFAULT

    async def on_mount(self) -> None:
        await self.push_screen(self.main)
        self.show(self.picture)

    def show(self, picture: Picture) -> None:
        self.picture = picture
        self.main.show(picture, scene.NOW_MS)

    async def _on_message(self, message: Message) -> None:
        if isinstance(message, self.kept):
            self.said.append(message)
        await super()._on_message(message)

    def action_resume_agent(self) -> None:
        self.done.append("resume")

    def action_start_agent(self) -> None:
        self.done.append("start")

    def action_help(self) -> None:
        self.done.append("help")


def typed(app: InOrder, *keys: str) -> None:
    """Type all of it in one go, as a slow line brings it; what has one letter is a letter."""
    for key in keys:
        is_letter = len(key) == 1
        name = _character_to_key(key) if is_letter else key
        app.post_message(events.Key(name, key if is_letter else None))


async def taken(app: InOrder) -> None:
    """Wait until everything that was typed is done with."""

    async def is_quiet() -> bool:
        await asyncio.sleep(0)
        return not app.must_wait and app._message_queue.empty() and app._underway is None

    typed(app, "f20")
    await until(is_quiet, LIMIT_S)


@asynccontextmanager
async def at_desk(
    app: Desk | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[Desk, Pilot[None]]]:
    """The app runs, and takes keys."""
    desk = app or Desk()
    async with desk.run_test(size=size) as pilot:
        await taken(desk)
        yield desk, pilot


class Asked:
    """A dialog that was opened, and its answer."""

    def __init__(self, app: InOrder, dialog: ModalScreen[Answer]) -> None:
        self.answer: object = NOT_YET
        self.dialog = dialog
        self._app = app

    async def open(self) -> "Asked":
        await self._app.push_screen(self.dialog, self._answered)
        await taken(self._app)
        return self

    def _answered(self, answer: object) -> None:
        self.answer = answer
