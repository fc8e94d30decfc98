"""What a check of ``doctor`` found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from meshbot_core.cli.show import Colour, paint
from meshbot_core.clients.text import padded, plain

FindingState = Literal["well", "note", "broken"]
_COLOURS: Final[Mapping[FindingState, Colour]] = {
    "well": "green",
    "note": "yellow",
    "broken": "red",
}
_STATE_COLUMNS: Final = len("broken")
_WHAT_COLUMNS: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: what, whether it is well, how it is, and what to do about it.

    ``note`` is worth knowing; only ``broken`` makes doctor fail.
    """

    what: str
    state: FindingState
    found: str
    todo: str = ""

    def as_line(self) -> str:
        """One line for a person."""
        state = padded(self.state, _STATE_COLUMNS)
        text = f"{padded(plain(self.what), _WHAT_COLUMNS)}  {plain(self.found)}"
        todo = f"; do: {plain(self.todo)}" if self.todo else ""
        return f"{paint(state, _COLOURS[self.state])}  {text}{todo}"

    def as_row(self) -> dict[str, str]:
        """One row of the JSON list."""
        return {"what": self.what, "state": self.state, "found": self.found, "todo": self.todo}


def well(what: str, found: str) -> Finding:
    """It is as it should be."""
    return Finding(what, "well", found)


def note(what: str, found: str, todo: str = "") -> Finding:
    """It works, but there is something to know."""
    return Finding(what, "note", found, todo)


def broken(what: str, found: str, todo: str = "") -> Finding:
    """It does not work until somebody acts."""
    return Finding(what, "broken", found, todo)
