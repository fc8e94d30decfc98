"""What a scripted model says: pure functions from a request to a turn.

A model gets the whole conversation with each request, so a script needs no memory: where it
stands follows from what the user said last and which tools answered since.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, JsonValue

from meshbot_core.claude.headless import ContentBlock
from meshbot_core.errors import MeshError

MESH_TOOL: Final = "mcp__mesh__"
BASH_TOOL: Final = "Bash"
_REMINDER: Final = re.compile(
    r"<system-reminder>(?:(?!</system-reminder>|\[begin [0-9a-f]{12}\]).)*</system-reminder>",
    re.DOTALL,
)
"""What Claude Code adds by itself; a reminder that brings messages of the mesh is none of that."""


class ScriptError(MeshError):
    """The conversation does not hold what the script looked for in it."""

    code = "script_error"


class RequestMessage(BaseModel):
    """One message of the conversation."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: str
    content: str | tuple[ContentBlock, ...] = ()

    @property
    def blocks(self) -> tuple[ContentBlock, ...]:
        """The content; a plain string counts as one block of text."""
        if isinstance(self.content, str):
            return (ContentBlock(type="text", text=self.content),)
        return self.content


class _Tool(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool call came to; ``parts`` are its texts, the first one the answer itself."""

    tool: str
    parts: tuple[str, ...]
    is_error: bool

    @property
    def text(self) -> str:
        """All parts, a line apart."""
        return "\n".join(self.parts)

    def member(self, path: str) -> JsonValue:
        """What stands at ``path`` (``messages/0/id``) in the JSON of the first part.

        Raises:
            ScriptError: There is no such member, or no JSON.
        """
        try:
            found: JsonValue = json.loads(self.parts[0])
            for step in path.split("/"):
                found = _inside(found, step)
        except (LookupError, TypeError, ValueError) as error:
            raise ScriptError(f"no {path!r} in the result of {self.tool}: {self.text}") from error
        return found


def _inside(value: JsonValue, step: str) -> JsonValue:
    match value:
        case list():
            return value[int(step)]
        case dict():
            return value[step]
    raise TypeError(step)


class ModelRequest(BaseModel):
    """The body of ``POST /v1/messages``, as far as scripts look at it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str = ""
    messages: tuple[RequestMessage, ...]
    tools: tuple[_Tool, ...] = ()

    @property
    def tool_names(self) -> tuple[str, ...]:
        """The tools that are loaded, as ``mcp__mesh__send_message``."""
        return tuple(tool.name for tool in self.tools)

    @property
    def user_text(self) -> str:
        """What the user said last, without what Claude Code adds to it."""
        texts = (block.text for block in self.messages[self._user_index].blocks)
        return _REMINDER.sub("", "\n".join(texts)).strip()

    @property
    def results(self) -> tuple[ToolResult, ...]:
        """Results of the tool calls since the user said that, in order."""
        blocks = [b for message in self.messages[self._user_index :] for b in message.blocks]
        called = {block.id: block.name for block in blocks if block.type == "tool_use"}
        return tuple(
            ToolResult(called.get(block.tool_use_id, ""), block.texts(), block.is_error)
            for block in blocks
            if block.type == "tool_result"
        )

    @property
    def _user_index(self) -> int:
        for index in range(len(self.messages) - 1, -1, -1):
            message = self.messages[index]
            if message.role == "user" and not _is_results(message):
                return index
        return 0


def _is_results(message: RequestMessage) -> bool:
    return any(block.type == "tool_result" for block in message.blocks)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the model wants called."""

    tool: str
    arguments: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class Turn:
    """The model's answer: text, then tool calls; ``is_silent`` never answers at all."""

    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    is_silent: bool = False


class Script(Protocol):
    """Plays the model."""

    def answer(self, request: ModelRequest) -> Turn:
        """What the model says next."""


def say(text: str) -> Turn:
    """The model says ``text`` and its turn ends."""
    return Turn(text=text)


def call(tool: str, **arguments: JsonValue) -> Turn:
    """The model calls a tool of the mesh."""
    return Turn(calls=(ToolCall(MESH_TOOL + tool, arguments),))


def bash(command: str, purpose: str) -> Turn:
    """The model wants to run a command, for which it needs a permission."""
    return Turn(calls=(ToolCall(BASH_TOOL, {"command": command, "description": purpose}),))


def answering(text: str) -> Callable[[ModelRequest], Turn]:
    """The model replies ``text`` to every question that the user's text brings."""

    def answer(request: ModelRequest) -> Turn:
        replies: list[ToolCall] = []
        for head in request.user_text.split("type=ask")[1:]:
            sender, message_id = (_quoted(head, name) for name in ("from", "id"))
            if sender and message_id:
                arguments = {"to": sender, "messageId": message_id, "message": text}
                replies.append(ToolCall(MESH_TOOL + "reply", arguments))
        return Turn(calls=tuple(replies)) if replies else say("Nothing to answer.")

    return answer


def _quoted(text: str, name: str) -> str:
    _, _, rest = text.partition(f'{name}="')
    return rest.partition('"')[0]


def silence() -> Turn:
    """The model thinks for ever."""
    return Turn(is_silent=True)


Step = Turn | Callable[[ModelRequest], Turn]


@dataclass(frozen=True, slots=True)
class Rule:
    """When the user's text contains ``when``: the steps, one after each tool result."""

    when: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A script of rules; the first that fits is played, and then the model says it is done."""

    rules: tuple[Rule, ...]

    def answer(self, request: ModelRequest) -> Turn:
        """The step of the first fitting rule that is due."""
        text = request.user_text
        rule = next((rule for rule in self.rules if rule.when in text), Rule("", ()))
        done = len(request.results)
        if done >= len(rule.steps):
            return say("Done.")
        step = rule.steps[done]
        return step if isinstance(step, Turn) else step(request)
