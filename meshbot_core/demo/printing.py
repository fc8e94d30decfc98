"""What the demonstration prints: a line as something happens, colour only on a terminal."""

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Final, Literal, TextIO

from meshbot_core.types import MessageKind

Colour = Literal["bold", "dim", "green", "red", "cyan"]

_CODES: Final[dict[Colour, str]] = {
    "bold": "1",
    "dim": "2",
    "green": "32",
    "red": "31",
    "cyan": "36",
}
_VERBS: Final[dict[MessageKind, str]] = {"message": "writes", "ask": "asks", "response": "answers"}


def wants_colour(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal, and the user did not ask for plain text."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not is_plain


@dataclass(slots=True)
class Printer:
    """Writes to ``stream``; every line is out at once."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)

    def line(self, text: str = "") -> None:
        """Print a line as it is."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def heading(self, text: str) -> None:
        """Begin a scene."""
        self.line()
        self.line(self._painted(text, "bold"))

    def message(self, sender: str, receiver: str, kind: MessageKind, text: str) -> None:
        """A message is in ``receiver``'s mailbox."""
        who = f"{sender} → {receiver}"
        verb = self._painted(f"{_VERBS[kind]:<8}", "cyan")
        self.line(f"  {self._now()}  {who:<16}  {verb} {text}")

    def happening(self, text: str) -> None:
        """Something beside the conversation."""
        self.line(f"  {self._now()}  {self._painted(text, 'dim')}")

    def check(self, is_well: bool, what: str, detail: str) -> None:
        """The outcome of one scene."""
        mark = self._painted("ok  ", "green") if is_well else self._painted("FAIL", "red")
        self.line(f"  {mark}  {what:<34}  {detail}")

    def _now(self) -> str:
        return self._painted(time.strftime("%H:%M:%S"), "dim")

    def _painted(self, text: str, colour: Colour) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if wants_colour(self.stream) else text
