"""What a person is told: what happened, and what went wrong in the console itself."""

import contextlib
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from textual import on
from textual.notifications import SeverityLevel
from textual.worker import Worker, WorkerState

from meshbot_core.clients.text import plain, prose
from meshbot_core.errors import MeshError
from meshbot_core.mesh.files import write_atomically
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.app.calm import Calm
from meshbot_tui.app.drawing import LeanApp
from meshbot_tui.app.in_order import InOrder
from meshbot_tui.connections.stamps import Stamps
from meshbot_tui.model import events
from meshbot_tui.model.apply import apply
from meshbot_tui.model.picture import Picture, Severity

_BRIEF_S: Final = 4.0
_LONG_S: Final = 12.0
MOST_TOASTS: Final = 5
"""More than so many at once hide the console; the rest is in the history."""

_LEVELS: Final[Mapping[Severity, SeverityLevel]] = {
    "note": "information",
    "warning": "warning",
    "error": "error",
}


class Telling(InOrder, Calm[None], LeanApp):
    """Keeps the picture, and says over it for a while what was said."""

    def __init__(self, mesh: MeshPaths) -> None:
        super().__init__()
        self.mesh = mesh
        self.picture = Picture()
        self.stamps = Stamps()
        self.fault = ""
        """What went wrong in the console itself, if it ended by that."""
        self.fault_log: Path | None = None
        """Where all of it stands."""
        self._toasts_until_s: list[float] = []

    def heard(self, event: events.Event) -> None:
        """Something happened."""
        before, self.picture = self.picture, apply(self.picture, event)
        if isinstance(event, events.Noticed) and event.severity != "note":
            self._toast(event)
        if before is not self.picture:
            self.picture_changed(before)

    def picture_changed(self, before: Picture) -> None:
        """For what follows from that."""

    def tell(self, text: str, severity: Severity = "note", agent: str = "") -> None:
        """Say it for a while, and keep it."""
        event = events.Noticed(self.stamps.next(), text, severity, agent)
        self.heard(event)
        if severity == "note":
            self._toast(event)

    def toast(self, text: str, severity: Severity = "note", *, timeout_s: float = _BRIEF_S) -> None:
        """Say it for a while only; it is text, whoever wrote it."""
        now_s = time.monotonic()
        shown = [until_s for until_s in self._toasts_until_s if until_s > now_s]
        left = MOST_TOASTS - len(shown)
        if left > 0:
            shown.append(now_s + timeout_s)
            level = _LEVELS[severity]
            self.notify(prose(text), severity=level, timeout=timeout_s, markup=False)
        if left == 1:
            self.notify("l shows what else has happened", timeout=timeout_s, markup=False)
        self._toasts_until_s = shown

    def _toast(self, notice: events.Noticed) -> None:
        text = notice.text
        if notice.agent and notice.agent not in text:
            text = f"{notice.agent}: {text}"
        limit_s = _LONG_S if notice.severity == "error" else _BRIEF_S
        self.toast(text, notice.severity, timeout_s=limit_s)

    def desktop_notice(self, text: str) -> None:
        """OSC 9 and 777: terminals that know them show it, others ignore it.

        A semicolon would begin their next argument: some show what stands before it, some nothing.
        """
        driver = self._driver
        if driver is not None and not self.is_headless:
            text = plain(text).replace(";", ",")
            driver.write(f"\x1b]9;{text}\x07\x1b]777;notify;meshbot;{text}\x07")

    def dropped(self) -> None:
        """What was typed ahead is lost."""
        super().dropped()
        self.tell(
            "not all that was typed ahead was taken: it was too much, or too early", "warning"
        )

    # -- faults of ours

    @on(Worker.StateChanged)
    def worker_changed(self, event: Worker.StateChanged) -> None:
        """One thing that fails does not end the console: it is told, and kept for a report."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and isinstance(error, Exception):
            place = self._kept(error)
            kept = f" (kept in {place})" if place is not None else ""
            self.tell(f"a fault of the console: {_brief(error)}{kept}", "error")

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours is kept for a report, and told in one line when the terminal is back."""
        if self.is_headless:
            super()._handle_exception(error)
            return
        self.fault, self.fault_log = _brief(error), self._kept(error)
        self.exit(return_code=1)

    def _kept(self, error: Exception) -> Path | None:
        """Where all of a fault was written; None: it could not be."""
        place = self.mesh.folder / "console.log"
        with contextlib.suppress(OSError, MeshError):
            text = "".join(traceback.format_exception(error))
            # What a mesh says may be no text that can be written as it is.
            write_atomically(place, text.encode(errors="backslashreplace"))
            return place
        return None


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
