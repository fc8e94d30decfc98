"""The line in which a person writes to agents."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from meshbot_tui.model.compose import SIGNS, Draft, DraftError, completed, parsed
from meshbot_tui.widgets.line import ProseLine

MAX_SAID: Final = 200
"""So many lines come back by the up key."""


class Compose(ProseLine):
    """``@dev text``, ``?dev text``, ``@all text``, ``!id text``; tab completes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Send"),
        Binding("tab", "complete", "Complete"),  # told; on_key has it
        Binding("up", "recall(-1)", "Earlier", show=False),
        Binding("escape", "leave", "Leave"),
        Binding("down", "recall(1)", "Later", show=False),
    ]
    DEFAULT_CSS = """
    Compose {
        height: 1; border: none; padding: 0 1; background: $surface;
        &:focus { border: none; background: $boost; }
    }
    """

    @dataclass
    class Wanted(Message):
        """Something is to be said."""

        draft: Draft

    @dataclass
    class Refused(Message):
        """What was typed cannot be said."""

        reason: str

    class Left(Message):
        """The person is done here."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own word
        super().__init__(
            placeholder="@agent message   ?agent question   @all everybody   !id answer",
            id=id,
            compact=True,
            # What is put in is the beginning of what a person types, not to be typed over.
            select_on_focus=False,
        )
        self._names: tuple[str, ...] = ()
        self._ids: tuple[str, ...] = ()
        self._completing: tuple[str, int] | None = None
        self._said: deque[str] = deque(maxlen=MAX_SAID)
        self._at = 0
        self._put_in = ""

    def know(self, names: Sequence[str], ids: Sequence[str]) -> None:
        """The names and ids that tab completes."""
        self._names, self._ids = tuple(names), tuple(ids)

    def begin(self, text: str) -> None:
        """Put ``text`` in, and the cursor behind it; what was not said yet comes back by up."""
        if " " in self.value.strip():
            self._said.append(self.value)
        self._at = len(self._said)
        self.value = self._put_in = text
        self.focus()
        self.cursor_position = len(text)

    def on_key(self, event: events.Key) -> None:
        """Tab completes, and again goes on to the next that fits; a sign begins anew."""
        if event.key != "tab":
            self._completing = None
            if event.character in SIGNS and self.value == self._put_in:
                self.value = ""  # it is typed as it is told: ``c``, and then ``?dev text``
            return
        event.stop()
        event.prevent_default()
        line, turn = self._completing or (self.value, 0)
        text = completed(line, self._names, self._ids, turn=turn)
        if text is not None:
            self._completing = (line, turn + 1)
            self.value = text
            self.cursor_position = len(text)

    async def action_submit(self) -> None:
        """Say it, or say why not; what cannot be said stays."""
        if not self.value.strip():
            self.action_leave()
            return
        try:
            draft = parsed(self.text)
        except DraftError as error:
            self.post_message(self.Refused(str(error)))
            return
        self._said.append(self.value)
        self._at = len(self._said)
        self.value = ""
        self.post_message(self.Wanted(draft))

    def action_recall(self, by: int) -> None:
        """What was said before."""
        self._at = min(max(self._at + by, 0), len(self._said))
        self.value = self._said[self._at] if self._at < len(self._said) else ""
        self.cursor_position = len(self.value)

    def action_leave(self) -> None:
        """Leave the line; what is in it stays."""
        self.post_message(self.Left())
