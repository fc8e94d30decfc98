"""An app that writes to its terminal what is not there yet, and nothing else."""

import curses

from rich.color import ColorSystem
from rich.console import RenderableType
from textual.app import App
from textual.screen import Screen

from meshbot_tui.app.driver import TerminalDriver
from meshbot_tui.app.lean import Shown


def _erases_in_colour() -> bool:
    """Whether the terminal says that it fills what it erases with the background's colour."""
    try:
        curses.setupterm()
        return curses.tigetflag("bce") == 1
    except (curses.error, OSError, ValueError):
        return False


class LeanApp(App[None]):
    """Textual's own, but for what goes out, and for what comes in."""

    def __init__(self) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._terminal = Shown(may_erase=_erases_in_colour())

    def on_resize(self) -> None:
        """The terminal may have cleared itself, or be another one: also after a stop."""
        self._terminal.forget()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        # There is no public way between what Textual draws and what it writes.
        is_written = self._running and not self._closed and not self._batch_count
        if is_written and self._driver is not None and not self.is_headless:
            system = self.console._color_system or ColorSystem.TRUECOLOR  # noqa: SLF001 - as Textual
            renderable = self._terminal.lean(renderable, system)
        super()._display(screen, renderable)
