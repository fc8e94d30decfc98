"""What on a session's screen waits for a person, and since when; no I/O."""

from dataclasses import dataclass

from meshbot_core.claude.sessions import SessionFile
from meshbot_core.types import Clock


@dataclass(slots=True)
class Waiting:
    """A tool's call that was put up for approval, or else a dialog that no hook told of."""

    clock: Clock
    since_ms: int = 0
    """When the waiting began, or ended."""
    _tool: str = ""
    _dialog: str = ""

    @property
    def is_open(self) -> bool:
        """Whether anything waits."""
        return bool(self._tool or self._dialog)

    @property
    def what(self) -> str:
        """The tool, or what the dialog is about."""
        return self._tool or self._dialog

    def calls(self, tool: str) -> bool:
        """The tool whose call waits, empty for none; whether the waiting begins or ends so."""
        return self._waits_for(tool, self._dialog)

    def shows(self, said: SessionFile | None) -> bool:
        """What the session wrote down of itself; whether the waiting begins or ends so."""
        dialog = ""
        if said is not None and said.status == "waiting" and not self._tool:
            dialog = said.waiting_for or "a dialog"
        return self._waits_for(self._tool, dialog)

    def screen_gone(self) -> None:
        """The process ended, and its dialogs with it."""
        self._dialog = ""

    def _waits_for(self, tool: str, dialog: str) -> bool:
        was_open = self.is_open
        self._tool, self._dialog = tool, dialog
        if self.is_open == was_open:
            return False
        self.since_ms = self.clock.now_ms()
        return True
