"""What deeds need of the app."""

from typing import Protocol, TypeVar

from textual.screen import ModalScreen

from meshbot_tui.connections.memory import Remembered
from meshbot_tui.model.picture import Picture, Severity

Answer = TypeVar("Answer")


class Stage(Protocol):
    """What deeds need of the app."""

    picture: Picture

    @property
    def remembered(self) -> Remembered:
        """What is kept for the next time."""

    def tell(self, text: str, severity: Severity = "note", agent: str = "") -> None:
        """Say it, and keep it."""

    def remember(self, remembered: Remembered) -> None:
        """Keep it for the next time."""

    def look_for(self, agent: str) -> None:
        """Look at this agent as soon as it is there."""

    def approval_settled(self, agent: str, approval_id: str) -> None:
        """It waits no more."""

    def not_said(self, key: tuple[str, str, str]) -> None:
        """What the person said to an approval or a question did not get there."""

    async def sender_of(self, message_id: str) -> str | None:
        """Who wrote a message that came to the person."""

    async def ask_person(self, dialog: ModalScreen[Answer]) -> Answer | None:
        """Show a dialog; its answer."""
