"""What each tool takes, and what is said when it gets something else."""

from collections.abc import Mapping
from typing import Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshbot_core.errors import InvalidArgumentError
from meshbot_core.host.api import ASK_LIMIT_S


class MalformedArgumentsError(InvalidArgumentError):
    """A tool call without what the tool needs, or with something of another type."""

    code = "malformed_arguments"


class Arguments(BaseModel):
    """Base of all: strict about types, deaf to members that it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, populate_by_name=True)


class SendArguments(Arguments):
    """Of ``send_message``."""

    to: str
    message: str


class AskArguments(SendArguments):
    """Of ``ask_agent``."""

    timeout_s: float = Field(default=120, alias="timeoutSeconds")


class ReplyArguments(Arguments):
    """Of ``reply``."""

    to: str
    message_id: str = Field(alias="messageId")
    message: str


class StatusArguments(Arguments):
    """Of ``get_agent_status``."""

    name: str


class BroadcastArguments(Arguments):
    """Of ``broadcast``."""

    message: str
    exclude: list[str] = []


class ReadArguments(Arguments):
    """Of ``read_message``."""

    id: str
    offset: int = 0


Taken = TypeVar("Taken", bound=Arguments)

_EXPECTED: Final = {
    "string_type": "string",
    "float_type": "number",
    "int_type": "integer",
    "int_from_float": "integer",
    "list_type": "array",
}


def taken(model: type[Taken], tool: str, arguments: Mapping[str, object]) -> Taken:
    """The arguments of a call of ``tool``, checked.

    Raises:
        MalformedArgumentsError: One is missing or of the wrong type; the message names it.
    """
    try:
        return model.model_validate(arguments)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        if first["type"] == "missing":
            problem = f"Required at {where}"
        else:
            expected = _EXPECTED.get(first["type"], first["msg"])
            problem = f"Expected {expected}, received {_name_of(first['input'])} at {where}"
        raise MalformedArgumentsError(
            "MCP error -32602: Input validation error: "
            f"Invalid arguments for tool {tool}: {problem}",
            hint=f"call {tool} again with that argument put right",
        ) from error


def check_timeout(timeout_s: float) -> None:
    """Raise InvalidArgumentError for a time that no ask may take (NaN is none)."""
    if not 0 < timeout_s <= ASK_LIMIT_S:
        raise InvalidArgumentError(
            f"timeoutSeconds is {timeout_s:g}, outside (0, 86400]",
            hint="give the seconds to wait for the answer: more than 0, at most 86400 (a day)",
        )


def _name_of(value: object) -> str:
    """The JSON word for what ``value`` is."""
    if value is None:
        return "null"
    for kind, name in _JSON_NAMES:
        if isinstance(value, kind):
            return name
    return type(value).__name__


_JSON_NAMES: Final[tuple[tuple[type, str], ...]] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "number"),
    (float, "number"),
    (list, "array"),
    (dict, "object"),
)
