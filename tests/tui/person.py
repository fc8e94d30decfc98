"""A person at no terminal: answers dialogs, and notes what they are told."""

from collections.abc import Callable

from textual.screen import ModalScreen

from meshbot_tui.connections.memory import Remembered
from meshbot_tui.model.picture import Picture, Severity
from meshbot_tui.screens.stage import Answer
from tests.tui import scene


class Person:
    """The stage of deeds; ``answers`` gives what each dialog is answered with, None leaves it."""

    def __init__(
        self,
        picture: Picture | None = None,
        answers: Callable[[ModalScreen[object]], object] = lambda _: None,
    ) -> None:
        self.picture = picture or scene.scene()
        self.answers = answers
        self.remembered = Remembered()
        self.told: list[str] = []
        self.asked: list[ModalScreen[object]] = []
        self.senders: dict[str, str] = {}
        """Of messages that came to the person, by id."""

    def tell(self, text: str, severity: Severity = "note", agent: str = "") -> None:
        self.told.append(text)

    def remember(self, remembered: Remembered) -> None:
        self.remembered = remembered

    def approval_settled(self, agent: str, approval_id: str) -> None:
        self.told.append(f"settled {approval_id}")

    def not_said(self, key: tuple[str, str, str]) -> None:
        self.told.append(f"not said {key}")

    def look_for(self, agent: str) -> None:
        self.told.append(f"looks for {agent}")

    async def sender_of(self, message_id: str) -> str | None:
        return self.senders.get(message_id)

    async def ask_person(self, dialog: ModalScreen[Answer]) -> Answer | None:
        self.asked.append(dialog)
        return self.answers(dialog)  # type: ignore[return-value, arg-type]
