"""A dialog whose answer may come while something else stands in front of it."""

from typing import TypeVar

from textual.screen import ModalScreen

Answer = TypeVar("Answer")


class Leaving(ModalScreen[Answer]):
    """Textual takes away whatever is in front: what leaves by itself uses ``leave``."""

    _kept: tuple[Answer | None] | None = None

    def leave(self, answer: Answer | None) -> None:
        """Go with this answer; what stands in front stays, and is read to its end."""
        if self.app.screen is self:
            self.dismiss(answer)
        else:
            self._kept = (answer,)

    def on_screen_resume(self) -> None:
        """It is in front again."""
        if self._kept is not None:
            (answer,), self._kept = self._kept, None
            self.call_next(self.leave, answer)
