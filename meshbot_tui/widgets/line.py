"""A line to write in: what is pasted stands in it whole, or not at all."""

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.message import Message
from textual.widgets import Input

from meshbot_core.clients.text import plain

BREAK: Final = "⏎"
"""Stands for a line break where text may have several lines."""
_LINE_END: Final = re.compile("\r\n?|\n")
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Line(Input):
    """Of what is pasted Textual's own takes the first line alone, and any number of characters.

    It draws all of them at each key: a megabyte takes seconds, and what steers a terminal would.
    """

    MAX_CHARS: ClassVar[int] = 10_000
    _BREAK: ClassVar[str] = " "

    @dataclass
    class TooLong(Message):
        """So many characters were pasted that none were put in; ``most`` may be in the line."""

        chars: int
        most: int

    def on_paste(self, event: events.Paste) -> None:
        """Put it in, as one line."""
        event.stop()
        event.prevent_default()
        text = _LINE_END.sub(self._BREAK, event.text.rstrip("\r\n"))
        text = _CONTROL.sub(lambda found: plain(found.group()), text)
        kept = len(self.value) - len(self.selected_text)
        if kept + len(text) > self.MAX_CHARS:
            self.post_message(self.TooLong(len(event.text), self.MAX_CHARS))
        else:
            self.replace(text, *self.selection)


def as_line(text: str) -> str:
    """``text`` as it stands in a line of prose."""
    return text.replace("\n", BREAK)


class ProseLine(Line):
    """For what agents are told; ``text`` is what was written, with its line breaks."""

    MAX_CHARS = 100_000
    _BREAK = BREAK

    @property
    def text(self) -> str:
        """What was written."""
        return self.value.replace(BREAK, "\n")

    def write(self, text: str) -> None:
        """Put ``text`` in, and the cursor behind it."""
        self.value = as_line(text)
        self.cursor_position = len(self.value)
