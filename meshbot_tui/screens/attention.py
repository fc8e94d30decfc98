"""Telling a person who looks elsewhere that somebody waits, or fell: the bell and the desktop."""

from typing import Final, Protocol

from meshbot_core.clients.text import plain
from meshbot_tui.model.attention import fallen
from meshbot_tui.model.picture import Picture, Severity

_SHORT: Final = 80


class Bell(Protocol):
    """What can be heard and seen outside of the console."""

    def bell(self) -> None:
        """Ring."""

    def desktop_notice(self, text: str) -> None:
        """Show a notice of the desktop's, where the terminal can."""

    def tell(self, text: str, severity: Severity = "note", agent: str = "") -> None:
        """Say it, and keep it."""


class Attention:
    """Once for each agent that begins to wait; an agent that waits for two things rings once."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell

    def look(self, before: Picture, after: Picture) -> None:
        """Compare two pictures, and tell of who waits only now, and of who fell."""
        said: list[str] = []
        for name, trouble in fallen(before, after):
            said.append(f"{plain(name)}: {plain(trouble)[:_SHORT]}")
            self._bell.tell(trouble, "error", name)
        if before.agents is not after.agents or before.questions is not after.questions:
            fresh = sorted(_waiting(after) - _waiting(before))
            names = ", ".join(plain(name) for name in fresh)
            said += [f"{names} wait{'s' * (len(fresh) == 1)} for you"] if fresh else []
        if said:
            self._bell.bell()
            self._bell.desktop_notice(", ".join(said))


def _waiting(picture: Picture) -> set[str]:
    asking = {approval.agent for approval in picture.approvals}
    return asking | {question.sender for question in picture.waited_for}
