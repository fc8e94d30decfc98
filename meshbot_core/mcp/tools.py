"""The tools as a client sees them: names, what they are for, what they take.

Names and schemas are those of the reference implementation, with texts and ``read_message``
added.
"""

from dataclasses import dataclass
from typing import Final

JsonObject = dict[str, object]

_SCHEMA: Final = "http://json-schema.org/draft-07/schema#"
_NOTHING: Final[JsonObject] = {"type": "object", "properties": {}}


@dataclass(frozen=True, slots=True)
class ToolText:
    """One tool's entry in ``tools/list``."""

    name: str
    description: str
    schema: JsonObject


def _text(description: str) -> JsonObject:
    return {"type": "string", "description": description}


def _taking(properties: JsonObject, required: list[str]) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "$schema": _SCHEMA,
    }


_TO: Final = _text("Name of the agent, as list_agents shows it")
_INBOX_NOTE: Final = "New messages from other agents come with the result."

TOOLS: Final = (
    ToolText(
        "list_agents",
        "Lists the other agents of the mesh, with description and whether each is online. "
        + _INBOX_NOTE,
        _NOTHING,
    ),
    ToolText(
        "send_message",
        "Sends a message to one agent and does not wait for an answer. When the agent is "
        "offline the message is kept and delivered later (queued): do not send it again. "
        + _INBOX_NOTE,
        _taking({"to": _TO, "message": _text("What to tell it")}, ["to", "message"]),
    ),
    ToolText(
        "ask_agent",
        "Asks one agent and waits for its answer. An answer that comes after the time-out is "
        "not lost: it arrives as a message with replyTo. " + _INBOX_NOTE,
        _taking(
            {
                "to": _TO,
                "message": _text("The question"),
                "timeoutSeconds": {
                    "type": "number",
                    "default": 120,
                    "description": "How long to wait, more than 0 and at most 86400",
                },
            },
            ["to", "message"],
        ),
    ),
    ToolText(
        "reply",
        "Answers a message or a question (type ask) of another agent. Who asked is waiting, "
        "so answer questions first. " + _INBOX_NOTE,
        _taking(
            {
                "to": _text("The agent that wrote: the message's from"),
                "messageId": _text("The id of the message you answer"),
                "message": _text("The answer"),
            },
            ["to", "messageId", "message"],
        ),
    ),
    ToolText(
        "get_agent_status",
        "Tells whether one agent is online, and where it listens. " + _INBOX_NOTE,
        _taking({"name": _TO}, ["name"]),
    ),
    ToolText(
        "broadcast",
        "Sends a message to every other agent of the mesh. Those that are offline get it later. "
        + _INBOX_NOTE,
        _taking(
            {
                "message": _text("What to tell them"),
                "exclude": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "Names of agents that shall not get it",
                },
            },
            ["message"],
        ),
    ),
    ToolText(
        "check_messages",
        "Fetches the messages that other agents sent you. Those of type ask wait for a reply.",
        _NOTHING,
    ),
    ToolText(
        "read_message",
        "Reads on in a message whose text was cut, from a character offset. " + _INBOX_NOTE,
        _taking(
            {
                "id": _text("The id of the message"),
                "offset": {
                    "type": "integer",
                    "default": 0,
                    "minimum": 0,
                    "description": "The character to begin at",
                },
            },
            ["id"],
        ),
    ),
)
