"""Sending again and answering: what is said in the person's name, and what of it is asked first."""

from dataclasses import dataclass, field, replace

import pytest

from meshbot_core.errors import NoSuchMessageError
from meshbot_core.host.api import AskResult, SendResult
from meshbot_core.mesh.paths import MeshPaths
from meshbot_tui.connections.actions import Actions
from meshbot_tui.model.journal import MessageRow
from meshbot_tui.screens.deeds import Deeds
from meshbot_tui.screens.question import Question
from tests.tui import scene
from tests.tui.person import Person

OWN = scene.scene().operator
MINE = MessageRow(("dev", 1), "m1", OWN, "dev", "message", "go", 2, scene.NOW_MS)


@dataclass
class Mouth:
    """What the operator's host would be asked to say."""

    said: list[tuple[str, ...]] = field(default_factory=list)

    async def send(self, *, to: str, message: str) -> SendResult:
        self.said.append(("send", to, message))
        return SendResult(id="n1", to=to, state="delivered")

    async def ask(self, *, to: str, message: str, timeout_s: float) -> AskResult:
        self.said.append(("ask", to, message))
        return AskResult(id="n1", to=to, state="open", delivery="delivered")

    async def leave_ask(self, ask_id: str) -> AskResult:
        return AskResult(id=ask_id, to="dev", state="open", delivery="delivered")

    async def reply(self, *, to: str, message_id: str, message: str) -> SendResult:
        self.said.append(("reply", to, message_id, message))
        return SendResult(id="n1", to=to, state="delivered")


def speaking(mesh: MeshPaths, person: Person) -> tuple[Deeds, Mouth]:
    mouth = Mouth()

    async def own() -> Mouth:
        return mouth

    return Deeds(person, Actions(mesh, own)), mouth  # type: ignore[arg-type]


async def test_nothing_is_sent_again_that_the_person_does_not_confirm(mesh_paths: MeshPaths):
    deeds, mouth = speaking(mesh_paths, person := Person())
    await deeds.say_again(MINE, "go")
    assert [type(dialog) for dialog in person.asked] == [Question]
    assert mouth.said == []


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (MINE, ("send", "dev", "go")),
        (replace(MINE, kind="ask"), ("ask", "dev", "go")),
        (replace(MINE, kind="response", reply_to="q1"), ("reply", "dev", "q1", "go")),
        (replace(MINE, sender="web"), ("send", "dev", "go")),
        (replace(MINE, sender="web", kind="response", reply_to="q1"), ("send", "dev", "go")),
    ],
)
async def test_what_is_sent_again_is_what_it_was(
    mesh_paths: MeshPaths, row: MessageRow, said: tuple[str, ...]
):
    deeds, mouth = speaking(mesh_paths, Person(answers=lambda _: True))
    await deeds.say_again(row, "go")
    assert mouth.said == [said]


async def test_that_another_wrote_it_is_said_before_it_comes_from_the_person(mesh_paths: MeshPaths):
    deeds, _ = speaking(mesh_paths, person := Person())
    await deeds.say_again(replace(MINE, sender="web"), "go")
    (question,) = person.asked
    assert isinstance(question, Question)
    assert '"web" wrote it; now it comes from you' in question._text


async def test_any_message_that_came_is_answered_by_its_id(mesh_paths: MeshPaths):
    deeds, mouth = speaking(mesh_paths, person := Person())
    person.senders["m7"] = "web"
    await deeds.answer("m7", "thanks")
    assert mouth.said == [("reply", "web", "m7", "thanks")]


async def test_a_question_is_answered_by_the_beginning_of_its_id(mesh_paths: MeshPaths):
    deeds, mouth = speaking(mesh_paths, person := Person())
    (asked, *_) = person.picture.questions.values()
    await deeds.answer(asked.id[:4], "yes")
    assert mouth.said == [("reply", asked.sender, asked.id, "yes")]


async def test_what_did_not_come_to_the_person_is_not_answered(mesh_paths: MeshPaths):
    deeds, mouth = speaking(mesh_paths, Person())
    with pytest.raises(NoSuchMessageError, match="no message for you begins with 'zzz'"):
        await deeds.answer("zzz", "thanks")
    assert mouth.said == []
