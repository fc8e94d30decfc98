"""What the agents say when somebody speaks to them: the model's part of the plays."""

from collections.abc import Mapping
from typing import Final

from meshbot_core.demo.script import (
    MESH_TOOL,
    ModelRequest,
    Plan,
    Rule,
    Script,
    ToolCall,
    Turn,
    answering,
    bash,
    call,
    say,
)

MAIL: Final = "There is mail for you on the mesh."
NOTES: Final = 8

_BUILT: Final = "Release 1.4 is built and ready to go out."
_QUESTION: Final = "May I put 1.4 on the canary now?"
_ANSWER: Final = "Yes, the canary is free until three."
_TO_ALL: Final = "The canary runs 1.4. Please keep your hands off it for an hour."
_LATER: Final = "For when you are back: 1.4 may go to all servers."


def note(number: int) -> str:
    """The text of one of the notes of the last scene."""
    return f"Note {number} of {NOTES}: server {number} runs 1.4."


def answer_asks(request: ModelRequest) -> Turn:
    """Reply to every question that came with the last check; nothing else needs an answer."""
    found = request.results[-1].member("messages")
    replies: list[ToolCall] = []
    for message in found if isinstance(found, list) else []:
        if isinstance(message, dict) and message.get("type") == "ask":
            arguments = {"to": message["from"], "messageId": message["id"], "message": _ANSWER}
            replies.append(ToolCall(MESH_TOOL + "reply", arguments))
    return Turn(calls=tuple(replies)) if replies else say("Read, nothing to answer.")


_READ_MAIL: Final = Rule(MAIL, (call("check_messages"), answer_asks))

DEV: Final = Plan(
    (
        _READ_MAIL,
        Rule(
            "Tell prod-ops that it is built", (call("send_message", to="prod-ops", message=_BUILT),)
        ),
        Rule(
            "Ask prod-ops",
            (call("ask_agent", to="prod-ops", message=_QUESTION, timeoutSeconds=20),),
        ),
        Rule("Leave word", (call("send_message", to="prod-ops", message=_LATER),)),
        Rule(
            "Send your notes",
            tuple(
                call("send_message", to="prod-ops", message=note(number))
                for number in range(1, NOTES + 1)
            ),
        ),
    )
)

PROD_OPS: Final = Plan((_READ_MAIL, Rule("Tell everyone", (call("broadcast", message=_TO_ALL),))))

BUILT: Final = "Build 7 is green."
RELEASED: Final = "Build 7 is out."
RELEASE_FILE: Final = "released-7"
_LOOK: Final = "Does the start page of build 7 look right?"
_RELEASE: Final = "Please release build 7."

AT_WORK: Final[Mapping[str, Script]] = {
    "dev": Plan(
        (
            Rule(
                BUILT,
                (
                    call("ask_agent", to="web", message=_LOOK, timeoutSeconds=20),
                    call("send_message", to="ops", message=_RELEASE),
                    say("web has looked at it, and ops releases it."),
                ),
            ),
            Rule(RELEASED, (say("Good: it is out."),)),
        )
    ),
    "web": Plan((Rule(_LOOK, (answering("Yes, it does."), say("I looked at it for dev."))),)),
    "ops": Plan(
        (
            Rule(
                _RELEASE,
                (
                    bash(f"touch {RELEASE_FILE}", "Release build 7"),
                    call("send_message", to="dev", message=RELEASED),
                    say("Released."),
                ),
            ),
        )
    ),
}
