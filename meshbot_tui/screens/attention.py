"""Telling a person who looks elsewhere that somebody waits: the bell and the desktop."""

from typing import Protocol

from meshbot_core.clients.text import plain
from meshbot_tui.model.picture import Picture


class Bell(Protocol):
    """What can be heard and seen outside of the console."""

    def bell(self) -> None:
        """Ring."""

    def desktop_notice(self, text: str) -> None:
        """Show a notice of the desktop's, where the terminal can."""


class Attention:
    """Once for each agent that begins to wait; an agent that waits for two things rings once."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def look(self, before: Picture, after: Picture) -> None:
        """Compare two pictures, and tell of who waits only now."""
        if before.approvals is after.approvals and before.questions is after.questions:
            return
        fresh = sorted(_waiting(after) - _waiting(before))
        if fresh:
            names = ", ".join(plain(name) for name in fresh)
            self._bell.bell()
            self._bell.desktop_notice(f"{names} wait{'s' * (len(fresh) == 1)} for you")


def _waiting(picture: Picture) -> set[str]:
    asking = {approval.agent for approval in picture.approvals}
    return asking | {question.sender for question in picture.questions.values()}
